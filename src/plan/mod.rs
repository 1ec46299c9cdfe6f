//! Plans: everything decided, nothing left to choose.

mod build;
mod check;
mod choose;
mod digest;
mod error;
mod image;
mod known_holes;
mod make;
mod mirrors;
mod options;
mod request;
mod targets;
mod types;

pub use check::{InvalidValue, is, is_output};
pub use digest::canonical_json;
pub use error::{PlanError, RequestedImage, RequestedOption, ScriptLimit};
pub use known_holes::{KnownHole, KnownHoles};
pub use make::make_plan;
pub use mirrors::{Places, candidates};
pub use options::{refusal, source_in_image};
pub use request::Request;
pub use types::{
    BaseImage, Limits, Needs, PLAN_FORMAT, Plan, PlannedBuild, PlannedCache, PlannedDebian,
    PlannedFile, PlannedImage, PlannedOutput, PlannedPatch, PlannedScript, PlannedSource,
    PlannedStep, PlannedToolchain, RecipeIdentity, Via,
};

pub use crate::engine::ImageContent;
