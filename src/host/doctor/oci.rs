//! Can this host build with an OCI runtime, without a daemon?

use super::line::{Half, Level, Line};
use crate::advice;
use crate::engine::{EngineChoice, EngineError, EngineInfo};
use crate::failure::with_causes;

/// What is known of the runtime engine.
#[derive(Debug)]
pub struct OciReading {
    /// The engine that was chosen.
    pub choice: EngineChoice,
    /// What it is, or why it does not work.
    pub info: Result<EngineInfo, EngineError>,
}

impl OciReading {
    /// Whether builds would use it; `other` says whether another engine comes before it and works.
    pub fn is_used(&self, other: bool) -> bool {
        match self.choice {
            EngineChoice::Docker | EngineChoice::Local | EngineChoice::Kubernetes => false,
            EngineChoice::Runtime => true,
            EngineChoice::Auto => !other && self.info.is_ok(),
        }
    }
}

/// The line about the runtime engine; `other` says whether another engine comes before it and works.
pub fn judge_oci(reading: &OciReading, other: bool) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "engine-runtime", level, found);
    let info = match &reading.info {
        Ok(info) => info,
        Err(error) if reading.choice == EngineChoice::Runtime => {
            let failed = line(Level::Fail, with_causes(error));
            return match advice::engine(error) {
                Some(remedy) => failed.remedy(remedy),
                None => failed,
            };
        }
        Err(error) => return line(Level::Ok, format!("not available: {}", with_causes(error))),
    };
    if !reading.is_used(other) {
        let found = format!("{} works; not used: another engine is", info.version);
        return line(Level::Ok, found);
    }
    let found = format!("{}, {}, used for builds", info.version, info.architecture);
    if info.capabilities.limits_memory {
        return line(Level::Ok, found);
    }
    line(
        Level::Warn,
        format!("{found}; it may not make cgroups here, so nothing limits memory and processors"),
    )
    .remedy(advice::REQUIRE_LIMITS)
}
