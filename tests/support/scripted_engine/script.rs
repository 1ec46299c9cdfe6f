//! What a scripted engine does.

use std::collections::BTreeMap;

/// What a scripted engine has and does. May be changed while the engine runs.
#[derive(Clone, Default)]
pub struct Script {
    /// The engine says that it is podman.
    pub podman: bool,
    /// The engine's host has cgroups of version 2.
    pub unified_cgroups: bool,
    /// Names of images that are there.
    pub images: Vec<String>,
    /// Digests of the layers of every image; without them, nothing that is built has a content key.
    pub layers: Vec<String>,
    /// What comes of pulling a reference; one that is not listed is not found.
    pub pulls: BTreeMap<String, Pull>,
    /// What commands do, by a text that the command, joined by blanks, holds; the first that fits is taken. A command
    /// that is not listed ends at once and well.
    pub steps: Vec<(String, Step)>,
    /// Files that the container holds after the steps, by absolute path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the builder of images writes.
    pub image_build: Vec<String>,
    /// Why an image build fails at its end.
    pub image_build_error: Option<&'static str>,
    /// Creating a container is refused.
    pub create: Option<Refusal>,
    /// Starting a container is refused.
    pub start: Option<Refusal>,
    /// An upload is refused.
    pub upload: Option<Refusal>,
    /// Removing a container is refused.
    pub remove: Option<Refusal>,
    /// A request whose method and path hold this text is not answered as long as this stands here.
    pub unanswered: Option<&'static str>,
}

/// What comes of a pull.
#[derive(Clone)]
pub enum Pull {
    /// The image is there afterwards.
    Succeeds,
    /// The engine says why not before it begins.
    Refused(&'static str),
    /// The engine says why not after the first layer.
    Breaks(&'static str),
    /// A layer begins and nothing more is heard.
    Stalls,
}

/// An answer with an HTTP status other than success.
#[derive(Clone)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The engine's words.
    pub message: &'static str,
}

/// What a command does.
#[derive(Clone)]
pub struct Step {
    /// Lines of its standard output.
    pub lines: Vec<String>,
    /// Lines of its standard error, after those.
    pub errors: Vec<String>,
    /// How it ends.
    pub ending: Ending,
}

/// How a command ends.
#[derive(Clone, Copy)]
pub enum Ending {
    /// By itself, with this exit code.
    Exit(i64),
    /// The kernel kills it for lack of memory.
    OutOfMemory,
    /// Not before its container is removed.
    Never,
    /// The connection breaks; the command goes on until somebody looks for it, and ends with this exit code.
    ConnectionBreaks(i64),
    /// Its container ends with this exit code.
    ContainerEnds(i64),
    /// The engine goes away, until it is brought back.
    EngineGoes,
}

impl Step {
    /// Says nothing and ends in this way.
    pub fn ends(ending: Ending) -> Self {
        Self::says(&[], ending)
    }

    /// Writes lines and ends in this way.
    pub fn says(lines: &[&str], ending: Ending) -> Self {
        Self {
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            errors: Vec::new(),
            ending,
        }
    }

    /// Writes these lines to standard error as well.
    pub fn complains(mut self, lines: &[&str]) -> Self {
        self.errors = lines.iter().map(|&line| line.to_owned()).collect();
        self
    }
}
