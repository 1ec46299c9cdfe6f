//! Validated names: a value of these types needs no further check.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::written_as_text::written_as_text;

/// Defines a newtype over `String` that can only be made by its parser.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
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
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        written_as_text!($type);
    };
}

name!(
    /// Name of a recipe, class, step, cache, target or output: at most 64 lower-case letters, digits, `-`, `_` and
    /// `.`, starting with a letter or digit.
    Name,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if first && text.len() <= 64 && text.chars().all(allowed) {
            Ok(())
        } else {
            Err(format!(
                "{text:?} is not a valid name; use at most 64 lower-case letters, digits, '-', '_' and '.', with a letter or digit first"
            ))
        }
    }
);

name!(
    /// Name of a value for `{{...}}`: lower-case letters, digits and `_`, with a letter first.
    ValueName,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(allowed) {
            Ok(())
        } else {
            Err(format!("{text:?} is not the name of a value; use lower-case letters, digits and '_', with a letter first"))
        }
    }
);

name!(
    /// Relative path that stays inside its directory, such as `contrib/cmd/recvtty`.
    RelativePath,
    |text| {
        let inside = !text.is_empty()
            && !text.starts_with('/')
            && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
            && !text.contains(|c: char| c == '\\' || c.is_control());
        if inside {
            Ok(())
        } else {
            Err(format!("{text:?} is not a relative path that stays inside its directory"))
        }
    }
);

name!(
    /// Absolute path in a container, such as `/go/src`.
    ContainerPath,
    |text| {
        let clean = text.len() > 1
            && text.starts_with('/')
            && !text.contains(|c: char| c.is_control())
            && text[1..].split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if clean { Ok(()) } else { Err(format!("{text:?} is not an absolute path without '.', '..' and '//'; write it like /go/src")) }
    }
);

name!(
    /// Absolute path on a node: letters, digits, `-`, `_`, `.`, `+`, `@` and `/`, such as `/usr/bin/runc`.
    InstallPath,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
        let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(allowed);
        match text.strip_prefix('/') {
            Some(rest) if rest.split('/').all(part) => Ok(()),
            _ => Err(format!(
                "{text:?} is not a path to install to; write it like /usr/bin/runc, with letters, digits, '-', '_', '.', '+' and '@' only"
            )),
        }
    }
);

name!(
    /// Name of a package, valid for rpm and dpkg: 2 to 64 lower-case letters, digits, `+`, `-` and `.`, starting with
    /// a letter or digit.
    PackageName,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if first && (2..=64).contains(&text.len()) && text.chars().all(allowed) {
            Ok(())
        } else {
            Err(format!(
                "{text:?} is not the name of a package; use 2 to 64 lower-case letters, digits, '+', '-' and '.', with a letter or digit first"
            ))
        }
    }
);

name!(
    /// Word in a package's version: at most 32 lower-case letters and digits, starting with a letter.
    PackageLabel,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        if first && text.len() <= 32 && text.chars().all(allowed) {
            Ok(())
        } else {
            Err(format!(
                "{text:?} cannot be part of a package's version; use at most 32 lower-case letters and digits, with a letter first"
            ))
        }
    }
);

name!(
    /// Full commit id: 40 lower-case hexadecimal digits.
    CommitId,
    |text| {
        if text.len() == 40 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            Ok(())
        } else {
            Err(format!("{text:?} is not a commit id; use all 40 digits, in lower-case hexadecimal"))
        }
    }
);

name!(
    /// Reference to an image: an optional registry, a repository, and a tag or digest, such as `golang:1.12-stretch`.
    ImageName,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
        let edges = |c: char| c.is_ascii_alphanumeric();
        let whole = text.split('/').all(|part| !part.is_empty());
        if whole && text.starts_with(edges) && text.ends_with(edges) && text.chars().all(allowed) {
            Ok(())
        } else {
            Err(format!("{text:?} is not an image name; write it like golang:1.12-stretch"))
        }
    }
);

name!(
    /// Processor architecture, by Go's names: `386`, `amd64`, `arm`, `arm64`, `mips64le`, `ppc64le`, `riscv64` or
    /// `s390x`.
    Architecture,
    |text| {
        const KNOWN: [&str; 8] = ["386", "amd64", "arm", "arm64", "mips64le", "ppc64le", "riscv64", "s390x"];
        if KNOWN.contains(&text) {
            Ok(())
        } else {
            Err(format!("{text:?} is not a supported architecture; use one of {}", KNOWN.join(", ")))
        }
    }
);

#[cfg(test)]
mod tests {
    use super::{
        CommitId, ContainerPath, ImageName, InstallPath, Name, PackageLabel, PackageName,
        RelativePath,
    };

    #[test]
    fn paths_that_leave_their_folder_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a\\b",
            "a\nb",
        ] {
            assert!(bad.parse::<RelativePath>().is_err(), "{bad:?}");
        }
        assert!(
            "contrib/cmd/recvtty/recvtty"
                .parse::<RelativePath>()
                .is_ok()
        );
        for bad in ["", "/", "go/src", "/go/../etc", "/go//src"] {
            assert!(bad.parse::<ContainerPath>().is_err(), "{bad:?}");
        }
        assert!("/go/src".parse::<ContainerPath>().is_ok());
    }

    #[test]
    fn what_names_a_package_means_nothing_to_a_shell() {
        for bad in [
            "",
            "/",
            "usr/bin",
            "/usr/../x",
            "/usr//x",
            "/a b",
            "/a'b",
            "/a$b",
            "/a;b",
        ] {
            assert!(bad.parse::<InstallPath>().is_err(), "{bad:?}");
        }
        assert!("/usr/bin/runc".parse::<InstallPath>().is_ok());
        for bad in ["", "r", "Runc", "run_c", "-runc", "ru nc"] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
        }
        assert!("runc-1.0".parse::<PackageName>().is_ok());
        for bad in ["", "1", "no-kmem", "no.kmem", "Nokmem"] {
            assert!(bad.parse::<PackageLabel>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_safe_as_file_names() {
        for bad in ["", "Runc", "-x", "a b", "a/b", ".hidden"] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!("runc-debian".parse::<Name>().is_ok());
        assert!("dc9208".parse::<CommitId>().is_err());
        assert!("golang:1.12-stretch".parse::<ImageName>().is_ok());
        for bad in ["", "golang: x", "https://x/golang", "x//golang", "golang:"] {
            assert!(bad.parse::<ImageName>().is_err(), "{bad:?}");
        }
    }
}
