//! Container engines: the contract the rest of the tool relies on, and Docker's API behind it.

mod contract;
mod docker;
mod error;

pub use contract::{
    ByteStream, Capacity, Command, Engine, EngineImage, EngineInfo, Exit, ImageBuild,
    LABEL_DEADLINE, LABEL_IDENTITY, LABEL_RECIPE, LABEL_RUN, Network, Owned, OwnedKind, Product,
    SOCKET_IN_SESSION, Session, SessionSpec, Setup, VolumeUse,
};
pub use docker::{Address, DockerEngine};
pub use error::{AddressProblem, ConnectFailure, EngineError};
