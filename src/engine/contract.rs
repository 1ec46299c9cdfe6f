//! What the tool asks of an engine.

use std::fmt::Debug;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::cluster::ClusterApi;
use super::docker_api::DockerApi;
use super::error::EngineError;
use super::guest_path::GuestPath;
use super::image::{CheckedImage, Image, ImageSource};
use super::info::{Capacity, EngineInfo};
use super::leftover::Leftover;
use super::session::{ByteStream, Command, Exit, Room, SessionSpec, Usage};
use crate::events::Sink;

/// Keeps images and runs sessions.
///
/// Every method fails with an [`EngineError`] that names the operation and what it was applied to.
#[async_trait]
pub trait Engine: Debug + Send + Sync {
    /// What the engine is and what it can do. Known since it was connected to; costs nothing.
    fn describe(&self) -> &EngineInfo;

    /// The processors and the memory that it has for sessions. Asks the engine, which may take a moment.
    async fn capacity(&self) -> Result<Capacity, EngineError>;

    /// The image with this name or id, or `None` when the engine does not have it.
    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError>;

    /// Gets an image from `source` and gives it the name `name`, by which [`Engine::image`] finds it from then on.
    /// An image that could not be provided does not get the name.
    ///
    /// Layers on their way are reported to `sink` as [`crate::events::Event::Transfer`], lines of a builder as
    /// [`crate::events::Event::Output`] of the step `image`. Returns `None` when `cancel` was cancelled first; nothing
    /// of the work runs on then.
    async fn provide(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError>;

    /// Gives an image that it has, by its id, a further name.
    async fn name(&self, id: &str, name: &str) -> Result<(), EngineError>;

    /// Opens a session. After an error a part of it may be left, which [`Engine::leftovers`] lists.
    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError>;

    /// Opens a session to copy files out of its image, in which nothing can be run. An image need not have any program for
    /// that; an engine that has to start one all the same is as good as [`Engine::open`].
    async fn open_to_copy(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        self.open(spec).await
    }

    /// Everything that carries [`super::LABEL_RUN`]: sessions, caches and images.
    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError>;

    /// Removes one of them, a running session included. Already gone is success; what a session uses is
    /// [`EngineError::InUse`].
    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError>;

    /// Whether the images that the engine keeps on this machine are still what they were, until `cancel` is cancelled. None
    /// where somebody else keeps them.
    async fn check_images(
        &self,
        _cancel: &CancellationToken,
    ) -> Result<Vec<CheckedImage>, EngineError> {
        Ok(Vec::new())
    }

    /// What is asked instead of sessions, where this engine is asked for whole builds.
    fn as_cluster(&self) -> Option<&dyn ClusterApi> {
        None
    }

    /// What only Docker's API has, where this engine has it.
    fn as_docker(&self) -> Option<&dyn DockerApi> {
        None
    }
}

/// An environment in which commands are run one after the other. [`Session::close`] must be called on every path; the
/// session's own lifetime is the last resort.
#[async_trait]
pub trait Session: Send + Sync {
    /// The engine's name of it, for messages and for the engine's own tools.
    fn id(&self) -> &str;

    /// How a person gets into it while it is kept, for a hint: ``enter the container with `...` ``.
    fn entrance(&self) -> String;

    /// Unpacks a tar archive below `directory`, which must exist.
    async fn put(&self, directory: &GuestPath, archive: ByteStream) -> Result<(), EngineError>;

    /// Runs a command to its end; each line of its standard output and standard error goes to `sink` as
    /// [`crate::events::Event::Output`]. Any way in which the command ends is a result and not an error. A command
    /// whose future is dropped may run on until the session is closed.
    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError>;

    /// What it has used so far, for people who wait; asked while a command runs. `None` where the engine does not say.
    async fn usage(&self) -> Option<Usage> {
        None
    }

    /// What its host has. `None` where the engine cannot say without running a command in it.
    fn room(&self) -> Option<Room> {
        None
    }

    /// The file at `file` as a tar archive with one entry; [`EngineError::NotInSession`] when it does not exist.
    /// A symbolic link is not followed. Read the stream to its end, or drop it, before anything else is asked of
    /// the session: an engine may hold the session locked until then.
    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError>;

    /// Ends the session and removes it; its caches stay. Already gone is success.
    async fn close(&self) -> Result<(), EngineError>;
}
