//! Container engines: the contract the rest of the tool relies on, and Docker's API behind it.

mod contract;
mod error;

pub use contract::{
    ByteStream, Command, Engine, EngineImage, EngineInfo, Exit, ImageBuild, LABEL_DEADLINE,
    LABEL_IDENTITY, LABEL_RECIPE, LABEL_RUN, Network, Owned, OwnedKind, Session, SessionSpec,
};
pub use error::EngineError;
