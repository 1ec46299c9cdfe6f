//! The errors of bringing results to a registry and to nodes, and back.

use super::advice::{Advice, Explain};
use crate::advice;
use crate::delivery::node_script::NodeScriptError;
use crate::delivery::registry::DistributionError;
use crate::delivery::rollout::RolloutError;
use crate::delivery::shared_cache::UnusableCache;
use crate::failure::FailureKind;

impl Explain for DistributionError {
    fn advice(&self) -> Advice {
        match self {
            Self::Transport(error) => error.advice(),
            Self::Published(error) => error.advice(),
            Self::Audit(error) => error.advice(),
            Self::Unproven { audit, verb, .. } => {
                let kind = if audit.is_changed() {
                    FailureKind::Integrity
                } else {
                    FailureKind::Verification
                };
                let advice = Advice::from(kind);
                if *verb == "pulled" {
                    advice.hint("what was in the directory before is unchanged")
                } else if audit.has_leftovers() {
                    advice.hint(format!("for what is left over, {}", advice::PRUNE_RELEASE))
                } else {
                    advice.hint("build it again, or restore it, and push it then")
                }
            }
            Self::NodeScript(error) => error.advice(),
            Self::Name { .. } => Advice::from(FailureKind::Usage)
                .hint("give a tag: kmembuild push DIR REGISTRY/REPOSITORY:TAG"),
            Self::DigestGiven { .. } => Advice::from(FailureKind::Usage)
                .hint("give a tag, or none: then it is that of the version"),
            Self::NoName { .. } => Advice::from(FailureKind::Usage).hint(advice::REFERENCE),
            Self::OtherArtifact { .. } => {
                Advice::from(FailureKind::Integrity).hint("use another repository or tag")
            }
            Self::File { .. } => FailureKind::Integrity.into(),
            Self::Foreign { .. } => {
                Advice::from(FailureKind::Output).hint("move it away, or use another directory")
            }
            Self::Unreadable { .. } | Self::Unwritable { .. } => FailureKind::Output.into(),
            Self::Interrupted => FailureKind::Interrupted.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}

impl Explain for UnusableCache {
    fn advice(&self) -> Advice {
        let usage = Advice::from(FailureKind::Usage);
        match self {
            Self::NoKey { .. } => usage.hint(
                "use --cache-key FILE with the public key of those who put results there, or `cache-keys` in the configuration file; `kmembuild public-key release.key` prints it",
            ),
            Self::NoSigningKey { .. } => usage.hint(
                "use --sign-key FILE; `openssl genpkey -algorithm ed25519 -out release.key` makes a key",
            ),
            Self::Key(error) => error.advice(),
        }
    }
}

impl Explain for NodeScriptError {
    fn advice(&self) -> Advice {
        match self {
            Self::Changed { .. } | Self::Binary { .. } => FailureKind::Integrity,
            Self::NotProven { .. } => FailureKind::Verification,
            Self::Manifest(_)
            | Self::Nothing { .. }
            | Self::Twice { .. }
            | Self::Platforms { .. }
            | Self::UnknownPlatform { .. } => FailureKind::Usage,
        }
        .into()
    }
}

impl Explain for RolloutError {
    fn advice(&self) -> Advice {
        match self {
            Self::NodeScript(error) => error.advice(),
            Self::Nodes { .. }
            | Self::Line { .. }
            | Self::NoNodes { .. }
            | Self::TooMany { .. }
            | Self::ShareOfUnknown { .. }
            | Self::NoneUnavailable
            | Self::Image => FailureKind::Usage.into(),
            Self::Foreign { .. } | Self::Unreadable { .. } | Self::Unwritable { .. } => {
                FailureKind::Output.into()
            }
            Self::Changed { .. } => FailureKind::Integrity.into(),
        }
    }
}
