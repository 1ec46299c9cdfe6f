//! Can this host build without an engine, in the file system that is there?

use super::line::{Half, Level, Line};
use crate::advice::{LOCAL_NEEDS, REQUIRE_NO_NETWORK};
use crate::engine::{EngineChoice, EngineError, EngineInfo};
use crate::failure::with_causes;

/// What is known of the local engine.
#[derive(Debug)]
pub struct LocalReading {
    /// The engine that was chosen.
    pub choice: EngineChoice,
    /// Whether this is a container.
    pub in_container: bool,
    /// What it is, or why it does not work.
    pub info: Result<EngineInfo, EngineError>,
}

impl LocalReading {
    /// Whether builds would use it; `docker` says whether Docker answers.
    pub fn is_used(&self, docker: bool) -> bool {
        match self.choice {
            EngineChoice::Docker | EngineChoice::Runtime | EngineChoice::Kubernetes => false,
            EngineChoice::Local => true,
            EngineChoice::Auto => !docker && self.in_container && self.info.is_ok(),
        }
    }
}

/// The line about the local engine; `docker` says whether Docker answers.
pub fn judge_local(reading: &LocalReading, docker: bool) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "engine-local", level, found);
    let is_used = reading.is_used(docker);
    let info = match &reading.info {
        Ok(info) => info,
        Err(error) if reading.choice == EngineChoice::Local => {
            return line(Level::Fail, with_causes(error)).remedy(LOCAL_NEEDS);
        }
        Err(error) => return line(Level::Ok, format!("not available: {}", with_causes(error))),
    };
    if !is_used {
        let why = match reading.choice {
            EngineChoice::Docker | EngineChoice::Runtime | EngineChoice::Kubernetes => {
                "another engine was chosen"
            }
            _ if docker => "the container engine answers",
            _ => "this is not a container",
        };
        return line(Level::Ok, format!("not used: {why}"));
    }
    let found = format!("{}, {}, used for builds", info.version, info.architecture);
    if info.capabilities.cuts_network {
        return line(Level::Ok, found);
    }
    line(
        Level::Warn,
        format!("{found}; it may not cut the network of steps here"),
    )
    .remedy(REQUIRE_NO_NETWORK)
}
