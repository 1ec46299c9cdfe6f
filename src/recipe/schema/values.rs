use serde::Deserialize;
use serde_saphyr::Spanned;

use super::source::Condition;
use crate::recipe::names::{Architecture, Name};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// One text of a value, and the conditions for it. The first case whose conditions hold, and whose text uses only
/// values that are set, is taken. If there is none the value is unset, and every argument or variable that uses it is
/// left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// The text.
    pub value: Template,
    /// Only for these versions.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Only for this class of source tree.
    #[serde(default)]
    pub class: Option<Spanned<Name>>,
    /// Only for this target architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Only when cross-compiling (true) or not (false).
    #[serde(default)]
    pub cross: Option<bool>,
    /// Only when a patch changes the compiled source (true), or when no patch does (false).
    #[serde(default)]
    pub patched: Option<bool>,
    /// Only for a pre-release (true), whose version contains letters, or for a release (false).
    #[serde(default)]
    pub prerelease: Option<bool>,
    /// Only when the user requested this option.
    #[serde(default)]
    pub option: Option<BuildOption>,
    /// Only when the user requested none of these options.
    #[serde(default)]
    pub without: Vec<BuildOption>,
    /// Only for a source tree that meets all of these conditions.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Only when exactly these targets are built.
    #[serde(default)]
    pub targets: Option<Vec<Spanned<Name>>>,
}

/// An option that a user can request for a build. It is refused if no case of the recipe uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildOption {
    /// Statically linked binaries.
    Static,
    /// A build that needs less memory and takes longer.
    LowMemory,
    /// Everything that the build makes, not only the targets that were requested.
    AllOutputs,
}
