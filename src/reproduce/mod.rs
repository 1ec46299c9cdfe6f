//! A published result, built again from nothing by its own plan, and compared.

mod directory;
mod error;
mod image;
mod order;
mod outcome;
mod rebuild;

pub use error::{FailedImage, ImageError, ReproduceError};
pub use order::ReproduceOrder;
pub use outcome::{FileIdentity, ReproducedFile, ReproducedImage, Reproduction};
pub use rebuild::{PlannedReproduction, plan_reproduction, reproduce};
