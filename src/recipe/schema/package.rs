use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::recipe::names::{InstallPath, LinkTarget, Name, PackageLabel, PackageName, PackageUnit};
use crate::recipe::relation::Relation;
use crate::recipe::written_as_text::written_as_text;

/// Packages for nodes, made from the outputs. They have the version of the build. `{{name}}` has no meaning here.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// Name of the package. Use the distribution's name, so that this package replaces it.
    #[schemars(with = "PackageName")]
    pub name: Spanned<PackageName>,
    /// One line that says what the package is.
    #[schemars(with = "String")]
    pub summary: Spanned<String>,
    /// What an operator should know about the package, in several lines.
    pub description: String,
    /// Licence of the contents, as an SPDX expression.
    #[schemars(with = "String")]
    pub license: Spanned<String>,
    /// Address of the project's home page. Default: none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub homepage: Option<Spanned<String>>,
    /// Who is responsible for the package, written `Name <address>`. Default: none.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("examples" = ["Jane Doe <jane@example.org>"]))]
    pub maintainer: Option<Spanned<String>>,
    /// Word in the version that distinguishes the package from the distribution's.
    pub label: PackageLabel,
    /// rpm's release and dpkg's revision. Use a number higher than the distribution's, so that this package replaces
    /// the distribution's and is not replaced by it.
    pub revision: u32,
    /// systemd unit among the files. It is reloaded, but never started, stopped or restarted. Default: none.
    #[serde(default)]
    #[schemars(with = "Option<PackageUnit>")]
    pub service: Option<Spanned<PackageUnit>>,
    /// The files in the package.
    pub files: Vec<PackageFile>,
    /// Directories to create even if they are empty.
    #[serde(default)]
    pub directories: Vec<InstallPath>,
    /// Relations to other packages in the rpm. Default: none.
    #[serde(default)]
    pub rpm: PackageRelations,
    /// Compression of the rpm. Default: gzip, which every rpm can read.
    #[serde(default)]
    #[schemars(extend("examples" = ["zstd"]))]
    pub rpm_compression: RpmCompression,
    /// Relations to other packages in the deb. Default: none.
    #[serde(default)]
    pub deb: PackageRelations,
}

/// A file of a package. Give exactly one of `output`, `text` and `link`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageFile {
    /// Where the file is installed on the node.
    #[schemars(with = "InstallPath")]
    pub path: Spanned<InstallPath>,
    /// Published name of the output to install. Default: the file is not an output.
    #[serde(default)]
    #[schemars(with = "Option<Name>")]
    pub output: Option<Spanned<Name>>,
    /// Content of the file. Default: the file is not a text.
    #[serde(default)]
    pub text: Option<String>,
    /// Target of a symbolic link. Default: the file is not a link.
    #[serde(default)]
    pub link: Option<LinkTarget>,
    /// Permission bits. Default: `"0755"` for an output, `"0644"` for a text.
    #[serde(default)]
    #[schemars(extend("examples" = ["0755"]))]
    pub mode: Option<FileMode>,
    /// Whether the operator may change the file. A changed file is not replaced by an upgrade.
    #[serde(default)]
    pub config: bool,
    /// Package formats that contain the file. Default: all.
    #[serde(default)]
    pub formats: Vec<PackageFormat>,
}

/// Relations to other packages, by the names that they have in that distribution.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackageRelations {
    /// Packages that must be installed. The C library that the outputs need is added by itself.
    #[serde(default)]
    pub requires: Vec<Relation>,
    /// Further names that this package provides.
    #[serde(default)]
    pub provides: Vec<Relation>,
    /// Packages that must not be installed.
    #[serde(default)]
    #[schemars(extend("examples" = [["containerd.io"]]))]
    pub conflicts: Vec<Relation>,
}

/// Compression of the content of an rpm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RpmCompression {
    /// Readable by every rpm, that of `CentOS` 7 among them.
    #[default]
    Gzip,
    /// For rpm 4.14 and later, which `CentOS` 8 has: smaller, and unpacked faster.
    Zstd,
}

/// Format of a package.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum PackageFormat {
    /// For rpm, readable by the rpm of `CentOS` 7.
    #[serde(rename = "rpm")]
    Rpm,
    /// For dpkg.
    #[serde(rename = "deb")]
    Deb,
    /// A plain archive, without a package manager.
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

/// Permission bits of a file that only its owner can change: four octal digits in quotes, such as `"0755"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
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

written_as_text!(FileMode);

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
