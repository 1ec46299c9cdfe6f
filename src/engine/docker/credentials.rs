//! Credentials for registries, from the configuration file of the docker command.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bollard::auth::DockerCredentials;
use serde::Deserialize;

use super::failure::Message;
use crate::engine::EngineError;

/// Docker Hub's name in the file.
const DOCKER_HUB: &str = "index.docker.io";

/// The docker command pads its base64; other programs that write the file may not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

// No Debug on these: their values must not reach a log.
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: HashMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// The credentials in `file` for the registry of the image `reference`. A file that does not exist has none.
pub(super) fn for_image(
    file: &Path,
    reference: &str,
) -> Result<Option<DockerCredentials>, EngineError> {
    let unreadable = |source| EngineError::Credentials {
        path: file.to_owned(),
        source,
    };
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.into())),
    };
    // serde_json's message may quote a scalar, which may be a secret: keep only the position.
    let config: ConfigFile = serde_json::from_slice(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        unreadable(Box::new(Message(format!("it is invalid at {place}"))))
    })?;
    let registry = registry(reference);
    let entry = config
        .auths
        .into_iter()
        .find(|(name, _)| host(name) == registry);
    let Some((_, entry)) = entry else {
        return Ok(None);
    };
    entry.into_credentials(registry).map_err(|Malformed| {
        unreadable(Box::new(Message(format!(
            "the entry for {registry} is malformed"
        ))))
    })
}

struct Malformed;

impl Entry {
    /// `None` when the entry is empty: the credentials are in a credential helper.
    fn into_credentials(self, registry: &str) -> Result<Option<DockerCredentials>, Malformed> {
        let (username, password) = match self.auth.filter(|auth| !auth.is_empty()) {
            Some(auth) => {
                let pair = String::from_utf8(BASE64.decode(auth.trim()).map_err(|_| Malformed)?)
                    .map_err(|_| Malformed)?;
                let (username, password) = pair.split_once(':').ok_or(Malformed)?;
                let password = password.trim_end_matches('\0');
                (Some(username.to_owned()), Some(password.to_owned()))
            }
            None => (self.username, self.password),
        };
        if username.is_none() && self.identitytoken.is_none() && self.registrytoken.is_none() {
            return Ok(None);
        }
        Ok(Some(DockerCredentials {
            username,
            password,
            identitytoken: self.identitytoken,
            registrytoken: self.registrytoken,
            serveraddress: Some(match registry {
                DOCKER_HUB => format!("https://{DOCKER_HUB}/v1/"),
                other => other.to_owned(),
            }),
            ..DockerCredentials::default()
        }))
    }
}

/// The registry that `reference` is pulled from.
fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some(("docker.io", _)) => DOCKER_HUB,
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

/// The host of an entry's name, which may be a URL.
fn host(name: &str) -> &str {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    match rest.split_once('/').map_or(rest, |(host, _)| host) {
        "docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(text: &str, reference: &str) -> Result<Option<DockerCredentials>, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(&file, text).unwrap();
        for_image(&file, reference)
    }

    #[test]
    fn entries_are_found_by_host() {
        let text = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"},
            "quay.io": {"username": "you", "password": "p"}, "ghcr.io": {}}, "credsStore": "x"}"#;
        for hub in ["golang:1.12", "library/golang", "docker.io/library/golang"] {
            let found = lookup(text, hub).unwrap().unwrap();
            assert_eq!(found.username.as_deref(), Some("me"));
            assert_eq!(found.password.as_deref(), Some("secret"));
        }
        let found = lookup(text, "quay.io/a/b:1").unwrap().unwrap();
        assert_eq!(found.username.as_deref(), Some("you"));
        assert!(lookup(text, "ghcr.io/a/b").unwrap().is_none());
        assert!(lookup(text, "localhost/a").unwrap().is_none());
    }

    #[test]
    fn a_malformed_file_is_named_and_not_quoted() {
        for text in [
            r#"{"auths": {"a.b": {"auth": "hunter2!"}}}"#,
            r#"{"auths": {"a.b": "hunter2"}}"#,
        ] {
            let error = lookup(text, "a.b/c").unwrap_err();
            let EngineError::Credentials { path, source } = &error else {
                panic!("{error:?}");
            };
            assert!(path.ends_with("config.json"));
            assert!(!format!("{error} {source} {error:?}").contains("hunter2"));
        }
    }
}
