use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::source::Condition;
use crate::recipe::names::{Architecture, Name};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// One text of a value, with the conditions under which it applies. All of them must be met, and all values in the
/// text must be set. If no case applies, the value is unset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// The text.
    pub value: Template,
    /// Applies to these versions. Default: all.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Applies to this class of tree. Default: all.
    #[serde(default)]
    #[schemars(with = "Option<Name>")]
    pub class: Option<Spanned<Name>>,
    /// Applies to this target architecture. Default: all.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Applies only to cross-compiling (`true`) or only to native builds (`false`). Default: both.
    #[serde(default)]
    pub cross: Option<bool>,
    /// Applies only if the compiled source is patched (`true`) or unchanged (`false`). Default: both.
    #[serde(default)]
    pub patched: Option<bool>,
    /// Applies only to pre-releases (`true`), whose versions contain letters, or only to releases (`false`).
    /// Default: both.
    #[serde(default)]
    pub prerelease: Option<bool>,
    /// Applies only if this option is requested. Default: always.
    #[serde(default)]
    pub option: Option<BuildOption>,
    /// Applies only if none of these options is requested.
    #[serde(default)]
    pub without: Vec<BuildOption>,
    /// Applies only to a tree that meets all these conditions.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Applies only if exactly these targets are built. Default: any targets.
    #[serde(default)]
    #[schemars(with = "Option<Vec<Name>>")]
    pub targets: Option<Vec<Spanned<Name>>>,
}

/// An option that a user can request for a build. An option that no case of the recipe mentions is refused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum BuildOption {
    /// Statically linked binaries.
    Static,
    /// Lower memory use, at the cost of time.
    LowMemory,
    /// Everything that the build makes, not only the outputs.
    AllOutputs,
}
