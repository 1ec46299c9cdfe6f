//! What identifies an image wherever it is.

use std::fmt;
use std::str::FromStr;

use super::names::Sha256;

/// Digest of an image, `sha256:...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDigest(String);

/// How a digest begins.
const PREFIX: &str = "sha256:";

impl FromStr for ImageDigest {
    type Err = String;

    /// Takes the digest itself, or a reference of a registry that ends with it: `NAME@sha256:...`.
    fn from_str(text: &str) -> Result<Self, String> {
        let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
        let digits = digest.strip_prefix(PREFIX).unwrap_or_default();
        match digits.parse::<Sha256>() {
            Ok(_) => Ok(Self(digest.to_owned())),
            Err(_) => Err(format!(
                "{text:?} does not identify an image; write it like sha256:... (64 digits) or NAME@sha256:..."
            )),
        }
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ImageDigest;

    #[test]
    fn a_tag_identifies_nothing() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [digest.clone(), format!("registry.example/go:1@{digest}")] {
            assert_eq!(text.parse::<ImageDigest>().unwrap().to_string(), digest);
        }
        for text in ["", "golang:1.15", "sha256:", "go@sha256:12", &digest[7..]] {
            assert!(text.parse::<ImageDigest>().is_err(), "{text}");
        }
    }
}
