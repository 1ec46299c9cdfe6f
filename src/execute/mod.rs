//! Carries a plan out on an engine. Holds no policy: what to do is in the plan.

mod archive;
mod ask;
mod bootstrap;
mod build;
mod capabilities;
mod client;
mod context;
mod error;
mod image;
mod left;
mod needs;
mod outputs;
mod pull;
mod runs;
mod script;
mod session_end;
mod sinks;
mod step;
mod toolchain;
mod trial;
mod unpack;

pub use build::{Built, execute, provide_image};
pub use context::Context;
pub use error::{ExecuteError, FailedAttempt};
pub use image::{UsedImage, find_image, image_name};
pub use left::{ScriptLeftovers, TemporaryTag};
pub use runs::{Run, Sweep, Swept, sweep};
pub use script::refuse_engine;
pub use trial::{Refusal, TrialError, try_out};
