//! The errors of builds on a cluster.

use super::advice::{Advice, Explain};
use super::stages::KEEP;
use crate::advice;
use crate::build::ClusterBuildError;
use crate::engine::ClusterError;
use crate::failure::FailureKind;

impl Explain for ClusterError {
    fn advice(&self) -> Advice {
        let hint = advice::cluster(self).map(str::to_owned);
        Advice::from(FailureKind::Engine).hints(hint)
    }
}

impl Explain for ClusterBuildError {
    fn advice(&self) -> Advice {
        match self {
            Self::Script => Advice::from(FailureKind::Engine)
                .hint("leave out --via, so that make is run in the toolchain image"),
            Self::Inputs { source, .. } => source.advice(),
            Self::Result { source, .. } => source.advice().hint(if source.is_final() {
                "its job is removed: the same command builds it again"
            } else {
                "once the registry answers again, the same command takes the result"
            }),
            Self::InPod { failure } => {
                let kind = FailureKind::of_exit_code(failure.exit_code);
                // What a build that was planned already can fail by.
                let kind = kind.filter(|kind| {
                    matches!(
                        kind,
                        FailureKind::Engine
                            | FailureKind::Source
                            | FailureKind::Step
                            | FailureKind::Output
                            | FailureKind::Verification
                            | FailureKind::Integrity
                    )
                });
                // Its container ends with it: there is none to keep.
                let hints = failure.hints.iter().filter(|hint| *hint != KEEP);
                Advice::from(kind.unwrap_or(FailureKind::Engine)).hints(hints.cloned())
            }
            Self::NotUsed { .. } => Advice::from(FailureKind::Integrity)
                .hint("do not build on this cluster before you know why it differs"),
            Self::OtherInput { .. } => FailureKind::Integrity.into(),
            Self::File { .. } => Advice::from(FailureKind::Usage)
                .hint("set KMEMBUILD_CACHE_DIR to a directory that can be written to"),
        }
    }
}
