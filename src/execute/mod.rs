//! Carries a plan out on an engine. Holds no policy: what to do is in the plan.

mod archive;
mod ask;
mod bootstrap;
mod build;
mod context;
mod error;
mod image;
mod needs;
mod outputs;
mod runs;
mod script;
mod sinks;
mod step;
mod toolchain;
mod unpack;

pub use build::{Built, execute};
pub use context::Context;
pub use error::{ExecuteError, FailedAttempt};
pub use image::{UsedImage, with_causes};
pub use runs::{BorrowedName, Left, Run, Sweep, Swept, sweep};
pub use toolchain::Toolchain;
