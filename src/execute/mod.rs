//! Carries a plan out on an engine. Holds no policy: what to do is in the plan.

mod bootstrap;
mod build;
mod context;
mod error;
mod image;
mod runs;
mod sinks;

pub use build::{Built, execute};
pub use context::Context;
pub use error::{ExecuteError, FailedAttempt};
pub use image::UsedImage;
pub use runs::{Run, Sweep, sweep};
