//! Plans: everything decided, nothing left to choose.

mod digest;
mod make;
mod mirrors;
mod request;
mod types;

pub use digest::canonical_json;
pub use make::{PlanError, make_plan};
pub use mirrors::candidates;
pub use request::Request;
pub use types::{
    BaseImage, Limits, PLAN_FORMAT, Plan, PlannedBuild, PlannedCache, PlannedImage, PlannedOutput,
    PlannedPatch, PlannedSource, PlannedStep, RecipeIdentity,
};
