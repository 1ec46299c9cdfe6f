//! What the tool makes on an engine, and how it is found again.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Label with the run's id, on every session, cache and image that the tool makes.
pub const LABEL_RUN: &str = "io.kmembuild.run";
/// Label with the recipe's name.
pub const LABEL_RECIPE: &str = "io.kmembuild.recipe";
/// Label on sessions: after how many seconds anybody may remove them.
pub const LABEL_LIFETIME: &str = "io.kmembuild.lifetime";
/// Label on sessions that earlier versions made: when anybody may remove them, in seconds since the Unix epoch.
pub const LABEL_DEADLINE: &str = "io.kmembuild.deadline";
/// Label on sessions: which directory their run is registered in.
pub const LABEL_REGISTERED_IN: &str = "io.kmembuild.registered-in";
/// Label on images: the identity (sha256 of the specification) that they were made from.
pub const LABEL_IDENTITY: &str = "io.kmembuild.identity";
/// Label of an image out of a mirror of Debian's archive: the suites that its packages come from.
pub const LABEL_SUITES: &str = "io.kmembuild.debian-suites";
/// Label of an image out of a mirror of Debian's archive: what the mirror did not have.
pub const LABEL_LEFT_OUT: &str = "io.kmembuild.debian-left-out";

/// Something on the engine that the tool made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub kind: LeftoverKind,
    /// The engine's id of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is a session that runs.
    pub running: bool,
    /// How old a session is; `None` where the engine does not tell the time.
    pub age: Option<Age>,
    /// Size in bytes of an image with all its layers, some of which other images may share.
    pub size: Option<u64>,
}

/// How old something is by the engine's clock, which need not be that of this machine, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// When it was made.
    pub made: u64,
    /// When the engine was asked.
    pub now: u64,
}

/// What a [`Leftover`] is, in the words of the engines that people know. What is used comes after what uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftoverKind {
    /// A session.
    Container,
    /// A cache.
    Volume,
    /// An image.
    Image,
}

impl fmt::Display for LeftoverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
