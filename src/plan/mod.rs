//! Plans: everything decided, nothing left to choose.

mod choose;
mod digest;
mod error;
mod image;
mod make;
mod mirrors;
mod request;
mod types;

pub use digest::canonical_json;
pub use error::PlanError;
pub use make::make_plan;
pub use mirrors::candidates;
pub use request::Request;
pub use types::{
    BaseImage, Limits, PLAN_FORMAT, Plan, PlannedBuild, PlannedCache, PlannedImage, PlannedOutput,
    PlannedPatch, PlannedSource, PlannedStep, RecipeIdentity,
};
