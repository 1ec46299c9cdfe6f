//! Engines: where images are kept and sessions run. [`Engine`] and [`Session`] are all that the rest of the tool needs;
//! `docker`, `runtime` and `local` are behind them, and what only Docker has is behind [`DockerApi`]. `kubernetes` keeps images and has
//! no sessions: behind [`ClusterApi`] it is asked for whole builds.

mod choice;
mod cluster;
mod cluster_error;
mod contract;
mod docker;
mod docker_api;
mod error;
mod guest_path;
mod image;
mod info;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod leftover;
mod lines;
mod local;
mod memory_kills;
mod one_file;
mod runtime;
mod session;

pub use crate::transport::ClientSettings;
pub use choice::{EngineChoice, Surroundings, connect};
pub use cluster::{
    ClusterApi, ClusterExamined, ClusterReport, ClusterRight, ClusterSettings, ClusterWork, REPORT,
    Toleration,
};
pub use cluster_error::ClusterError;
pub use contract::{Engine, Session};
pub use docker::{Address, ContextChoice, connect_docker};
pub use docker_api::{DockerApi, Setup, VolumeUse};
pub use error::{AddressProblem, ConnectFailure, ContextProblem, EngineError};
pub use guest_path::GuestPath;
pub use image::{CheckedImage, Image, ImageBuild, ImageContent, ImageSource};
pub use info::{Capabilities, Capacity, EngineInfo, Product};
pub use leftover::{
    Age, LABEL_DEADLINE, LABEL_IDENTITY, LABEL_LEFT_OUT, LABEL_LIFETIME, LABEL_RECIPE,
    LABEL_REGISTERED_IN, LABEL_RUN, LABEL_SUITES, Leftover, LeftoverKind,
};
pub use local::{
    HeldContainer, LocalSettings, SUPERVISOR, THIS_CONTAINER, connect_local, supervise,
};
pub use runtime::{KEEPER, RuntimeSettings, connect_runtime, keep};
pub use session::{
    ByteStream, Cache, Command, Exit, ExitCause, Limits, Network, Privileges, Room, SessionSpec,
    Usage, Workdir,
};
