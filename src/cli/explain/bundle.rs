//! The errors of bundles.

use super::advice::{Advice, Explain};
use crate::bundle::BundleError;
use crate::failure::FailureKind;

impl Explain for BundleError {
    fn advice(&self) -> Advice {
        let integrity = || Advice::from(FailureKind::Integrity);
        let usage = || Advice::from(FailureKind::Usage);
        match self {
            Self::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                usage().hint("use --bundle with the file that `kmembuild bundle` wrote, or the first of its parts")
            }
            Self::Unreadable { .. } => usage(),
            Self::Unwritable { .. } | Self::Pack { .. } => FailureKind::Output.into(),
            Self::PartMissing { .. } => {
                integrity().hint("bring that part as well; all of them must be in one directory")
            }
            Self::NotFirstPart { whole, .. } => {
                usage().hint(format!("use --bundle {}: its parts are found by that", whole.display()))
            }
            Self::TooManyParts { .. } => usage().hint("use --split with a larger size"),
            Self::PartSize { .. } | Self::Truncated { .. } | Self::NotAnEntry { .. } => {
                integrity().hint("copy it again; the parts of a bundle keep the names that they had")
            }
            Self::Digest { .. } | Self::Size { .. } | Self::NoBlob { .. } => integrity().hint(
                "copy it again, and compare the checksums of the copies; do not build from it before you know why it differs",
            ),
            Self::BaseMissing { base, .. } => {
                integrity().hint(format!("use --bundle once more, with {base}"))
            }
            Self::NotRelated { .. } => {
                usage().hint("use --bundle with one bundle, and with those that it was made since")
            }
            Self::Lacks { .. } => integrity()
                .hint("use a bundle that was made of this lock file: `kmembuild bundle` makes one"),
            Self::TooManyBlobs { .. } => usage().hint("make several releases of it"),
            Self::NotABundle { .. } | Self::Format { .. } => {
                integrity().hint("`kmembuild bundle` writes bundles")
            }
            Self::Entry { .. }
            | Self::Malformed { .. }
            | Self::TooLarge { .. }
            | Self::FilePath { .. } => FailureKind::Integrity.into(),
        }
    }
}
