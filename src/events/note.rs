//! The notes.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::warning::Text;

/// Something worth knowing that is as it should be. It is an error only in that its text stands with it, as those of all
/// messages do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Note {
    /// What the recipe remarks on the version.
    #[error("{0}")]
    Remark(String),
    /// Another run holds a lock: which run, and what it does.
    #[error("waiting for {0}, which {1}")]
    Waiting(String, String),
    /// A program's build is to be like another one: what that one is.
    #[error("the given build is {0}")]
    GivenBuild(String),
    /// There is no upstream code to compare the given build with: the package that has the source.
    #[error("the source comes from package {0}; its code was not compared with the given build")]
    NotCompared(String),
    /// The given build is for another architecture: which, and the one that was asked for.
    #[error("the given build is for {0}; building for {1}, as requested")]
    OtherArchitecture(String, String),
    /// Nobody chose the engine, and the usual one does not answer: which one is used, and why.
    #[error("building with the {0}: {1}")]
    EngineInstead(String, String),
    /// Nothing is to be pulled or made: the image's name.
    #[error("image {0} is already on the engine")]
    ImagePresent(String),
    /// The image of the check by running is made: its name, and Debian's suite.
    #[error("making image {0} from Debian {1} (only once)")]
    MakingImage(String, String),
    /// git's configuration has another place for the source: the one that was asked for, and the one that served.
    #[error("{0} was taken from {1}, as insteadOf in git's configuration says")]
    InsteadOf(String, String),
    /// Upstream's script runs with an engine's client out of an image: its name.
    #[error("using the engine's client of image {0}")]
    Client(String),
    /// Credentials are sent: the registry, and where they come from.
    #[error("using the credentials for {0} from {1}")]
    Credentials(String, String),
    /// What the tool's own commands in an image build say.
    #[error("{0}")]
    ImageBuild(String),
    /// `--keep` with upstream's script.
    #[error("kept on the engine: what upstream's script made; use `kmembuild clean` to remove it")]
    Kept,
    /// A program was judged by running it: its name, and what was found.
    #[error("{0} was run: {1}")]
    Run(String, String),
    /// A program was not judged by running it: its name, and why.
    #[error("{0} was not judged by running it: {1}")]
    NotRun(String, String),
    /// The result comes out of the cache: when it was built.
    #[error("taken from the cache: built at {0}")]
    Cached(String),
    /// The result comes out of a shared cache: which, and the first digits of the id of the key that signed it.
    #[error("taken from the shared cache {0}, signed by the key {1}")]
    FromShared(String, String),
    /// The result was put into a shared cache: which.
    #[error("put into the shared cache {0}")]
    ToShared(String),
    /// A directory that belonged to no target of the release.
    #[error("removed {}, which no target of the release has", .0.display())]
    Pruned(PathBuf),
    /// Something was pushed to a registry: its name there, and the digest that it leads to.
    #[error("pushed {0} ({1})")]
    Pushed(String, String),
    /// A Job of a cluster does the same work already, and is followed: its name.
    #[error("following job {0}, which does this already")]
    FollowsJob(String),
    /// A Job of a cluster began: its node, and how long it waited.
    #[error("on node {node}, after {}", humantime::format_duration(*waited))]
    OnNode {
        /// The node.
        node: String,
        /// How long it waited for a node and for its images.
        waited: Duration,
    },
    /// There is nothing to do.
    #[error("up to date: the published result is unchanged")]
    Unchanged,
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text::of(self).serialize(serializer)
    }
}
