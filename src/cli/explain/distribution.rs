//! The errors of bringing results to a registry, and back.

use super::advice::{Advice, Explain};
use crate::advice;
use crate::delivery::node_script::NodeScriptError;
use crate::delivery::registry::DistributionError;
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
                    advice
                }
            }
            Self::NodeScript(error) => match error {
                NodeScriptError::Changed { .. } | NodeScriptError::Binary { .. } => {
                    FailureKind::Integrity
                }
                NodeScriptError::NotProven { .. } => FailureKind::Verification,
                NodeScriptError::Manifest(_)
                | NodeScriptError::Nothing { .. }
                | NodeScriptError::Twice { .. }
                | NodeScriptError::Platforms { .. }
                | NodeScriptError::UnknownPlatform { .. } => FailureKind::Usage,
            }
            .into(),
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
