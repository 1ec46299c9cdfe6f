use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::recipe::names::{InstallPath, Name, PackageLabel, PackageName};
use crate::recipe::relation::Relation;

/// What the packages for nodes are like that are made of a result. Their versions are the result's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// Name: the distribution's, so that the package takes its place.
    pub name: Spanned<PackageName>,
    /// One line that says what it is.
    pub summary: Spanned<String>,
    /// What an operator should know of it, in lines.
    pub description: String,
    /// Licence of what is in it, as an SPDX expression.
    pub license: Spanned<String>,
    /// Where the project lives.
    #[serde(default)]
    pub homepage: Option<Spanned<String>>,
    /// Who answers for the package, `Name <address>`.
    #[serde(default)]
    pub maintainer: Option<Spanned<String>>,
    /// Word in the version that tells it from the distribution's.
    pub label: PackageLabel,
    /// Number of the package among those of one version. Higher than any of the distribution's, it takes their place and
    /// keeps it.
    pub revision: u32,
    /// Unit of systemd that is one of its files. It is read again, but never started, stopped or restarted.
    #[serde(default)]
    pub service: Option<Spanned<PackageUnit>>,
    /// The files in it.
    pub files: Vec<PackageFile>,
    /// Folders that it has, empty ones too.
    #[serde(default)]
    pub directories: Vec<InstallPath>,
    /// What it says to rpm.
    #[serde(default)]
    pub rpm: PackageRelations,
    /// What it says to dpkg.
    #[serde(default)]
    pub deb: PackageRelations,
}

/// A file of a package: an output of the build, a text, or a symbolic link.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageFile {
    /// Where it is installed.
    pub path: Spanned<InstallPath>,
    /// File name of the output that it is.
    #[serde(default)]
    pub output: Option<Spanned<Name>>,
    /// The text that it holds.
    #[serde(default)]
    pub text: Option<String>,
    /// Where it leads as a symbolic link.
    #[serde(default)]
    pub link: Option<LinkTarget>,
    /// Permission bits; 0755 for an output and 0644 for a text when not given.
    #[serde(default)]
    pub mode: Option<FileMode>,
    /// Whether it is the operator's to change: a changed one is not replaced.
    #[serde(default)]
    pub config: bool,
    /// Only in packages of these forms; in all when not given.
    #[serde(default)]
    pub formats: Vec<PackageFormat>,
}

/// What a package says of other packages, by the names that its distribution has for them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageRelations {
    /// What must be installed, beside the C library that the outputs need.
    #[serde(default)]
    pub requires: Vec<Relation>,
    /// What it stands for, beside its own name.
    #[serde(default)]
    pub provides: Vec<Relation>,
    /// What must not be installed.
    #[serde(default)]
    pub conflicts: Vec<Relation>,
}

/// Form of a package.
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
    /// For rpm, as `CentOS` 7's reads it.
    #[serde(rename = "rpm")]
    Rpm,
    /// For dpkg.
    #[serde(rename = "deb")]
    Deb,
    /// For no package manager.
    #[serde(rename = "tar.zst")]
    TarZst,
}

impl PackageFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rpm, Self::Deb, Self::TarZst];

    /// Its name, which is the ending of its files, too.
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

/// Where a symbolic link leads.
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
                "{text:?} is not where a link can lead: write it like ../sbin/runc, of letters, digits, '-', '_', '.', '+', '@' and '/'"
            ))
        }
    }
}

/// Name of a unit of systemd.
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
                "{text:?} is not the name of a service; write it like kubelet.service"
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
            // Others than their owner never get to change what root runs.
            Ok(bits) if digits && bits & 0o022 == 0 => Ok(Self(bits)),
            _ => Err(format!(
                "{text:?} is not the mode of a file that only its owner can change; write it in quotes, like \"0755\""
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
    /// Whether it is in packages of this form.
    pub fn is_in(&self, format: PackageFormat) -> bool {
        self.formats.is_empty() || self.formats.contains(&format)
    }

    /// Its permission bits.
    pub fn mode(&self) -> u16 {
        let usual = if self.output.is_some() { 0o755 } else { 0o644 };
        self.mode.map_or(usual, |mode| mode.0)
    }
}
