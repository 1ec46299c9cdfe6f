use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::recipe::names::{InstallPath, Name, PackageLabel, PackageName};
use crate::recipe::relation::Relation;

/// The packages for nodes that are made of a result. They have the version of the result.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// Name. Use the distribution's name to replace its package.
    pub name: Spanned<PackageName>,
    /// Summary, in one line.
    pub summary: Spanned<String>,
    /// Description for an operator, one or more lines.
    pub description: String,
    /// Licence of the contents, as an SPDX expression.
    pub license: Spanned<String>,
    /// Home page of the project.
    #[serde(default)]
    pub homepage: Option<Spanned<String>>,
    /// Maintainer of the package, `Name <address>`.
    #[serde(default)]
    pub maintainer: Option<Spanned<String>>,
    /// Word in the version that distinguishes it from the distribution's package.
    pub label: PackageLabel,
    /// Number of the package among those of one version. If it is higher than any of the distribution's, the package
    /// replaces the distribution's and is not replaced by it.
    pub revision: u32,
    /// systemd unit that is one of the files. systemd reloads it, but it is never started, stopped or restarted.
    #[serde(default)]
    pub service: Option<Spanned<PackageUnit>>,
    /// Its files.
    pub files: Vec<PackageFile>,
    /// Directories that it owns, including empty ones.
    #[serde(default)]
    pub directories: Vec<InstallPath>,
    /// Relations to other packages, for rpm.
    #[serde(default)]
    pub rpm: PackageRelations,
    /// Relations to other packages, for dpkg.
    #[serde(default)]
    pub deb: PackageRelations,
}

/// A file of a package: an output of the build, a text, or a symbolic link.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageFile {
    /// Path that it is installed to.
    pub path: Spanned<InstallPath>,
    /// File name of the output that it contains.
    #[serde(default)]
    pub output: Option<Spanned<Name>>,
    /// The text that it contains.
    #[serde(default)]
    pub text: Option<String>,
    /// Target of the symbolic link.
    #[serde(default)]
    pub link: Option<LinkTarget>,
    /// Permission bits. The default is 0755 for an output and 0644 for a text.
    #[serde(default)]
    pub mode: Option<FileMode>,
    /// True if it is a configuration file; one that the operator changed is not replaced.
    #[serde(default)]
    pub config: bool,
    /// Only in packages of these formats; in all by default.
    #[serde(default)]
    pub formats: Vec<PackageFormat>,
}

/// Relations to other packages, by the names that the distribution uses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageRelations {
    /// Packages that must be installed. The C library that the outputs need is added.
    #[serde(default)]
    pub requires: Vec<Relation>,
    /// Packages that it provides, in addition to its own name.
    #[serde(default)]
    pub provides: Vec<Relation>,
    /// Packages that must not be installed.
    #[serde(default)]
    pub conflicts: Vec<Relation>,
}

/// Format of a package.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum PackageFormat {
    /// For rpm, in the format that `CentOS` 7 reads.
    #[serde(rename = "rpm")]
    Rpm,
    /// For dpkg.
    #[serde(rename = "deb")]
    Deb,
    /// Without a package manager.
    #[serde(rename = "tar.zst")]
    TarZst,
}

impl PackageFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Rpm, Self::Deb, Self::TarZst];

    /// Name of the format, which is also the extension of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rpm => "rpm",
            Self::Deb => "deb",
            Self::TarZst => "tar.zst",
        }
    }
}

impl fmt::Display for PackageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Target of a symbolic link.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LinkTarget(String);

impl LinkTarget {
    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LinkTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+@/".contains(c);
        if !text.is_empty() && text.chars().all(allowed) {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is not the target of a link; write it like ../sbin/runc, with letters, digits, '-', '_', '.', '+', '@' and '/' only"
            ))
        }
    }
}

/// Name of a systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PackageUnit(String);

impl PackageUnit {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PackageUnit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        let stem = text.strip_suffix(".service").unwrap_or_default();
        if stem.starts_with(|c: char| c.is_ascii_alphanumeric()) && stem.chars().all(allowed) {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is not the name of a systemd service; write it like kubelet.service"
            ))
        }
    }
}

/// Permission bits of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FileMode(
    /// The bits.
    pub u16,
);

impl FromStr for FileMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() == 4 && text.starts_with('0');
        match u16::from_str_radix(text, 8) {
            // What root runs must not be writable by anybody but its owner.
            Ok(bits) if digits && bits & 0o022 == 0 => Ok(Self(bits)),
            _ => Err(format!(
                "{text:?} is not the mode of a file that only its owner can write to; write it in quotes, like \"0755\""
            )),
        }
    }
}

impl TryFrom<String> for FileMode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl PackageFile {
    /// Whether it belongs to packages of this format.
    pub fn is_in(&self, format: PackageFormat) -> bool {
        self.formats.is_empty() || self.formats.contains(&format)
    }

    /// Its permission bits.
    pub fn mode(&self) -> u16 {
        let usual = if self.output.is_some() { 0o755 } else { 0o644 };
        self.mode.map_or(usual, |mode| mode.0)
    }
}
