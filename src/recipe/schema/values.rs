use serde::Deserialize;
use serde_saphyr::Spanned;

use super::source::Condition;
use crate::recipe::names::{Architecture, Name};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// One text of a value and when it applies: the first case that fits, and whose own values are all set, is taken.
/// With no such case the value is unset, and every argument or variable that names it is left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// The text.
    pub value: Template,
    /// Only for these versions.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Only for this class of tree.
    #[serde(default)]
    pub class: Option<Spanned<Name>>,
    /// Only for this target architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Only when cross-compiling (true) or not (false).
    #[serde(default)]
    pub cross: Option<bool>,
    /// Only when a patch changes the compiled source (true) or none does (false).
    #[serde(default)]
    pub patched: Option<bool>,
    /// Only for a pre-release (true), whose version has letters in it, or for a release (false).
    #[serde(default)]
    pub prerelease: Option<bool>,
    /// Only when the user asked for this.
    #[serde(default)]
    pub option: Option<BuildOption>,
    /// Only when the user asked for none of these.
    #[serde(default)]
    pub without: Vec<BuildOption>,
    /// Only for a tree for which all of this holds.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Only when exactly these targets are built.
    #[serde(default)]
    pub targets: Option<Vec<Spanned<Name>>>,
}

/// Something that a user may ask of a build, as far as the recipe knows it: an option that no case of the recipe
/// names is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildOption {
    /// Statically linked binaries.
    Static,
    /// Less memory, at the price of time.
    LowMemory,
    /// Everything that the build makes, not only what was asked for.
    AllOutputs,
}
