//! A shared cache on a command line or in a configuration file, in this tool's words or in those of buildx.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::reference::{Place, Reference};

/// A place that a shared cache is in: `registry.example/team/cache`, `oci:DIR`, or as buildx has it
/// `type=registry,ref=registry.example/team/cache` and `type=local,src=DIR` (`dest=DIR`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CacheReference(Place);

impl CacheReference {
    /// The place.
    pub fn place(&self) -> &Place {
        &self.0
    }

    /// Whether it is reached without a network.
    pub fn is_layout(&self) -> bool {
        matches!(self.0, Place::Layout(_))
    }
}

impl fmt::Display for CacheReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for CacheReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for CacheReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let has_attributes = text.starts_with("type=") || text.contains(",type=");
        let reference = if has_attributes {
            of_attributes(text)?
        } else {
            text.to_owned()
        };
        let Reference { place, name } = reference
            .parse::<Reference>()
            .map_err(|error| error.to_string())?;
        match name {
            None => Ok(Self(place)),
            Some(_) => Err(format!(
                "{text:?} names one artifact, but a shared cache is a whole repository or directory: leave out its tag or digest"
            )),
        }
    }
}

/// The reference in the attributes that buildx has.
fn of_attributes(text: &str) -> Result<String, String> {
    let (mut kind, mut place) = (None, None);
    for attribute in text.split(',') {
        match attribute.split_once('=') {
            Some(("type", value)) => kind = Some(value),
            Some((name @ ("ref" | "src" | "dest"), value)) => place = Some((name, value)),
            _ => {
                return Err(format!(
                    "{attribute:?} is not known of a shared cache: use type=registry,ref=REGISTRY/REPOSITORY, or type=local with src=DIR or dest=DIR"
                ));
            }
        }
    }
    match (kind, place) {
        (Some("registry"), Some(("ref", value))) => Ok(value.to_owned()),
        (Some("local"), Some(("src" | "dest", value))) => Ok(format!("oci:{value}")),
        (Some("registry"), _) => Err("type=registry requires ref=REGISTRY/REPOSITORY".to_owned()),
        (Some("local"), _) => Err("type=local requires src=DIR or dest=DIR".to_owned()),
        (kind, _) => Err(format!(
            "type={} is not known of a shared cache: use registry or local",
            kind.unwrap_or_default()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_a_repository_or_a_directory() {
        for (text, place) in [
            ("registry.example/team/cache", "registry.example/team/cache"),
            ("oci:/srv/cache", "oci:/srv/cache"),
            (
                "type=registry,ref=registry.example/team/cache",
                "registry.example/team/cache",
            ),
            ("type=local,src=/srv/cache", "oci:/srv/cache"),
            ("dest=/srv/cache,type=local", "oci:/srv/cache"),
        ] {
            let read: CacheReference = text.parse().expect(text);
            assert_eq!(read.to_string(), place, "{text}");
        }
        for text in [
            "",
            "cache",
            "registry.example/team/cache:latest",
            "oci:/srv/cache:latest",
            "type=gha",
            "type=registry",
            "type=local,ref=a.b/c",
            "type=registry,ref=registry.example/team/cache,mode=max",
        ] {
            text.parse::<CacheReference>().expect_err(text);
        }
    }
}
