//! Validated names: a value of these types needs no further check.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::written_as_text::written_as_text;
use crate::checksum::is_sha256;

/// Defines a newtype over `String` that can only be made by its parser: the texts for which the check holds. The rule is
/// what is said of the others.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(format!("{text:?} {}", $rule))
                }
            }
        }

        written_as_text!($type);
    };
}

/// Whether it has only such characters, and the first one is a lower-case letter or, if allowed, a digit.
fn begins_and_has(text: &str, digit_first: bool, allowed: fn(char) -> bool) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || (digit_first && c.is_ascii_digit());
    text.starts_with(first) && text.chars().all(allowed)
}

/// Whether it is a part of a path and leads neither out nor nowhere.
fn is_inside(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
}

name!(
    /// Name of a recipe, class, step, cache, target or output: at most 64 lower-case letters, digits, `-`, `_` and
    /// `.`, starting with a letter or digit.
    Name,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        text.len() <= 64 && begins_and_has(text, true, allowed)
    },
    "is not a valid name; use at most 64 lower-case letters, digits, '-', '_' and '.', with a letter or digit first"
);

name!(
    /// Name of a value for `{{...}}`: lower-case letters, digits and `_`, with a letter first.
    ValueName,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        begins_and_has(text, false, allowed)
    },
    "is not the name of a value; use lower-case letters, digits and '_', with a letter first"
);

name!(
    /// Relative path that stays inside its directory, such as `contrib/cmd/recvtty`.
    RelativePath,
    |text| text.split('/').all(is_inside) && !text.contains(|c: char| c == '\\' || c.is_control()),
    "is not a relative path that stays inside its directory"
);

name!(
    /// Absolute path in a container, such as `/go/src`.
    ContainerPath,
    |text| {
        let inside = |rest: &str| rest.split('/').all(is_inside);
        text.strip_prefix('/').is_some_and(inside) && !text.contains(|c: char| c.is_control())
    },
    "is not an absolute path without '.', '..' and '//'; write it like /go/src"
);

name!(
    /// Absolute path on a node: letters, digits, `-`, `_`, `.`, `+`, `@` and `/`, such as `/usr/bin/runc`.
    InstallPath,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
        let part = |part: &str| is_inside(part) && part.chars().all(allowed);
        text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
    },
    "is not a path to install to; write it like /usr/bin/runc, with letters, digits, '-', '_', '.', '+' and '@' only"
);

name!(
    /// Name of a package, valid for rpm and dpkg: 2 to 64 lower-case letters, digits, `+`, `-` and `.`, starting with
    /// a letter or digit.
    PackageName,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        (2..=64).contains(&text.len()) && begins_and_has(text, true, allowed)
    },
    "is not the name of a package; use 2 to 64 lower-case letters, digits, '+', '-' and '.', with a letter or digit first"
);

name!(
    /// Word in a package's version: at most 32 lower-case letters and digits, starting with a letter.
    PackageLabel,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        text.len() <= 32 && begins_and_has(text, false, allowed)
    },
    "cannot be part of a package's version; use at most 32 lower-case letters and digits, with a letter first"
);

name!(
    /// Full commit id: 40 lower-case hexadecimal digits.
    CommitId,
    |text| text.len() == 40 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')),
    "is not a commit id; use all 40 digits, in lower-case hexadecimal"
);

name!(
    /// Reference to an image: an optional registry, a repository, and a tag or digest, such as `golang:1.12-stretch`.
    ImageName,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
        let edges = |c: char| c.is_ascii_alphanumeric();
        let whole = text.split('/').all(|part| !part.is_empty());
        whole && text.starts_with(edges) && text.ends_with(edges) && text.chars().all(allowed)
    },
    "is not an image name; write it like golang:1.12-stretch"
);

/// The supported architectures.
const ARCHITECTURES: [&str; 8] = [
    "386", "amd64", "arm", "arm64", "mips64le", "ppc64le", "riscv64", "s390x",
];

name!(
    /// Package for apt to install: a name, with an architecture after `:`, a version after `=` or a release after `/`,
    /// such as `libseccomp-dev:arm64`.
    DebianPackage,
    |text| {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        let version = |c: char| c.is_ascii_alphanumeric() || "+-.:~".contains(c);
        let (name, rest) = text.split_once(['=', '/']).unwrap_or((text, "0"));
        let (name, architecture) = name.split_once(':').unwrap_or((name, "all"));
        let word = |text: &str| begins_and_has(text, true, named);
        word(name) && word(architecture) && !rest.is_empty() && rest.chars().all(version)
    },
    "is not a Debian package; write it like gcc, libseccomp-dev:arm64 or golang=2:1.15~1"
);

name!(
    /// URL of a mirror of Debian's archive, such as `http://deb.debian.org/debian`: what mmdebstrap takes for a URL, and
    /// neither an option of it nor a line of a list of sources.
    DebianMirror,
    |text| {
        let known = ["http://", "https://", "file:///"];
        let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
        let allowed = |c: char| c.is_ascii_graphic() && !"\"'`<>\\|;".contains(c);
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(allowed))
    },
    "is not the URL of a mirror; write it like http://deb.debian.org/debian"
);

name!(
    /// URL of a web server with repositories, such as `https://packages.example.com/nodes`, without a slash at its end: what
    /// the settings of package managers and a shell take as it is.
    RepositoryUrl,
    |text| {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/@%+[]".contains(c);
        rest.is_some_and(|rest| {
            !rest.is_empty() && rest.len() <= 2048 && !rest.ends_with('/') && rest.chars().all(allowed)
        })
    },
    "is not the URL of a repository; write it like https://packages.example.com/nodes, without a slash at its end"
);

name!(
    /// Where a registry has images: its host, with a port or a path, such as `mirror.example.com:5000/hub`.
    RegistryPrefix,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        let part = |part: &str| !part.is_empty() && part.chars().all(allowed);
        let text = text.strip_suffix('/').unwrap_or(text);
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.split('/').all(part)
    },
    "is not a registry; write it like mirror.example.com:5000/hub, without https://"
);

name!(
    /// SHA-256 of a file or of a text: 64 lower-case hexadecimal digits.
    Sha256,
    is_sha256,
    "is not a SHA-256; use all 64 digits, in lower-case hexadecimal"
);

name!(
    /// Name of an environment variable or of an argument of an image build: letters, digits and `_`, no digit first.
    VariableName,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
        !text.is_empty() && !digit_first && text.chars().all(allowed)
    },
    "is not the name of a variable; use letters, digits and '_', with no digit first"
);

name!(
    /// Beginning of the names of what upstream's script leaves on the engine: at least three characters that a name
    /// there can have, and `{hash}` where the script puts its hash. What has such a name is removed.
    LeftoverName,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:/".contains(c);
        let rest = text.replacen("{hash}", "", 1);
        rest.len() >= 3 && rest.len() < text.len() && begins_and_has(&rest, false, allowed)
    },
    "cannot be the beginning of a name to remove; use at least three lower-case letters, digits, '-', '_', '.', ':' and '/', and {hash}, so that nothing else is removed"
);

name!(
    /// Processor architecture, by Go's names: `386`, `amd64`, `arm`, `arm64`, `mips64le`, `ppc64le`, `riscv64` or
    /// `s390x`.
    Architecture,
    |text| ARCHITECTURES.contains(&text),
    format!("is not a supported architecture; use one of {}", ARCHITECTURES.join(", "))
);

name!(
    /// Target of a symbolic link: letters, digits, `-`, `_`, `.`, `+`, `@` and `/`, such as `../sbin/runc`.
    LinkTarget,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+@/".contains(c);
        !text.is_empty() && text.chars().all(allowed)
    },
    "is not the target of a link; write it like ../sbin/runc, with letters, digits, '-', '_', '.', '+', '@' and '/' only"
);

name!(
    /// Name of a systemd service, such as `kubelet.service`.
    PackageUnit,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        let stem = text.strip_suffix(".service").unwrap_or_default();
        stem.starts_with(|c: char| c.is_ascii_alphanumeric()) && stem.chars().all(allowed)
    },
    "is not the name of a systemd service; write it like kubelet.service"
);
