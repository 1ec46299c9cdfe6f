//! Credentials for registries, from where the docker command has them: `DOCKER_AUTH_CONFIG`, its configuration file and the
//! programs that this file names.
//!
//! The choice is docker's, because a choice of one's own would send one team's password to the registry of another: see
//! `GetAuthConfig` and `GetCredentialsStore` of docker/cli. Where docker takes any of several entries, none is taken.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::error::{CredentialsError, Malformation};
use super::program::ask;
use crate::environment::Secret;
use crate::events::{Note, Sink, Warning};
use crate::regular_file;
use crate::transport::client_settings::ClientSettings;

/// Docker Hub's name among the credentials.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// Largest configuration file in bytes.
const LARGEST: u64 = 1 << 20;

/// The docker command pads its base64; other programs that write the file may not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

// No Debug on these: their values must not reach a log.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConfigFile {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    creds_store: Option<String>,
    cred_helpers: Option<BTreeMap<String, String>>,
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

/// What identifies a user to a registry: a name with a password, or one of the tokens. No Debug: it must not reach a log.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The registry, by the name that it has among credentials.
    pub server: String,
    /// The user's name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// For the registry's token server, instead of a password.
    pub identity_token: Option<String>,
    /// For the registry itself.
    pub registry_token: Option<String>,
}

/// The credentials for the registry of the image `reference`, if there are any. Notes where they come from, and warns of what
/// cannot be used.
///
/// # Errors
/// [`CredentialsError`] for a file or a variable that cannot be read.
pub async fn credentials_for_image(
    sources: &ClientSettings,
    reference: &str,
    sink: &dyn Sink,
) -> Result<Option<Credentials>, CredentialsError> {
    credentials_for(sources, registry(reference), sink).await
}

/// The credentials for a registry, by the host and port that begin the names of its images; as [`credentials_for_image`].
///
/// # Errors
/// [`CredentialsError`].
pub async fn credentials_for(
    sources: &ClientSettings,
    registry: &str,
    sink: &dyn Sink,
) -> Result<Option<Credentials>, CredentialsError> {
    let registry = match registry {
        "docker.io" | "index.docker.io" => DOCKER_HUB,
        registry => registry,
    };
    let used =
        |what: String| sink.event(&Note::Credentials(host(registry).to_owned(), what).into());
    if let Some(Secret(text)) = &sources.variable {
        let place = Path::new("DOCKER_AUTH_CONFIG");
        let config = parse(place, text.as_bytes())?;
        if let Some((name, found)) = config.entry(place, registry, sink)? {
            used(format!("entry {name} of DOCKER_AUTH_CONFIG"));
            return Ok(Some(found));
        }
    }
    let Some(file) = &sources.file else {
        return Ok(None);
    };
    let config = match regular_file::read(file, LARGEST) {
        Ok(text) => parse(file, &text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(file, error.into())),
    };
    let Some(program) = config.program(registry) else {
        let found = config.entry(file, registry, sink)?;
        return Ok(found.map(|(name, found)| {
            used(format!("entry {name} of {}", file.display()));
            found
        }));
    };
    let program = format!("docker-credential-{program}");
    match ask(&program, registry).await {
        Ok(None) => Ok(None),
        Ok(Some(answer)) => {
            used(format!("the program {program}"));
            let mut found = Credentials {
                server: registry.to_owned(),
                ..Credentials::default()
            };
            if answer.username == "<token>" {
                found.identity_token = Some(answer.secret);
            } else {
                (found.username, found.password) = (Some(answer.username), Some(answer.secret));
            }
            Ok(Some(found))
        }
        // As docker does: what the registry gives to everybody needs no credentials.
        Err(problem) => {
            let registry = host(registry).to_owned();
            let warning = Warning::NoCredentials(registry, format!("{program} {problem}"));
            sink.event(&warning.into());
            Ok(None)
        }
    }
}

fn unreadable(path: &Path, source: Box<dyn std::error::Error + Send + Sync>) -> CredentialsError {
    let path = path.to_owned();
    CredentialsError { path, source }
}

fn parse(path: &Path, text: &[u8]) -> Result<ConfigFile, CredentialsError> {
    if text.trim_ascii().is_empty() {
        return Ok(ConfigFile::default());
    }
    // serde_json's message may quote a scalar, which may be a secret: keep only the position.
    let config: Option<ConfigFile> = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        unreadable(
            path,
            Box::new(Malformation(format!("it is invalid at {place}"))),
        )
    })?;
    Ok(config.unwrap_or_default())
}

impl ConfigFile {
    /// The end of the name of the program that has the credentials for the registry; `None` if the file itself has them.
    fn program(&self, registry: &str) -> Option<&str> {
        let own = self.cred_helpers.iter().find_map(|all| all.get(registry));
        let program = own.or(self.creds_store.as_ref())?;
        (!program.is_empty()).then_some(program)
    }

    /// The name of the entry for the registry, with its credentials; `None` if there is none or an empty one.
    fn entry(
        &self,
        path: &Path,
        registry: &str,
        sink: &dyn Sink,
    ) -> Result<Option<(String, Credentials)>, CredentialsError> {
        let Some(auths) = &self.auths else {
            return Ok(None);
        };
        let same_host = |(name, _): &(&String, _)| host(name) == registry;
        let (name, entry) = if let Some(found) = auths.get_key_value(registry) {
            found
        } else {
            let found: Vec<_> = auths.iter().filter(same_host).collect();
            match found.as_slice() {
                [] => return Ok(None),
                [one] => *one,
                several => {
                    let names: Vec<_> = several.iter().map(|(name, _)| name.as_str()).collect();
                    let names = names.join(", ");
                    let problem =
                        format!("the entries {names} of {} are all for it", path.display());
                    let warning = Warning::NoCredentials(registry.to_owned(), problem);
                    sink.event(&warning.into());
                    return Ok(None);
                }
            }
        };
        let Some(entry) = entry else {
            return Ok(None);
        };
        let found = entry.credentials(registry).map_err(|Malformed| {
            let problem = format!("the entry for {name} is malformed");
            unreadable(path, Box::new(Malformation(problem)))
        })?;
        Ok(found.map(|found| (name.clone(), found)))
    }
}

struct Malformed;

impl Entry {
    /// `None` when the entry is empty: the credentials are in a program.
    fn credentials(&self, registry: &str) -> Result<Option<Credentials>, Malformed> {
        let (username, password) = match self.auth.as_ref().filter(|auth| !auth.is_empty()) {
            Some(auth) => {
                let pair = String::from_utf8(BASE64.decode(auth.trim()).map_err(|_| Malformed)?)
                    .map_err(|_| Malformed)?;
                let (username, password) = pair.split_once(':').ok_or(Malformed)?;
                let password = password.trim_end_matches('\0');
                (Some(username.to_owned()), Some(password.to_owned()))
            }
            None => (self.username.clone(), self.password.clone()),
        };
        if username.is_none() && self.identitytoken.is_none() && self.registrytoken.is_none() {
            return Ok(None);
        }
        Ok(Some(Credentials {
            username,
            password,
            identity_token: self.identitytoken.clone(),
            registry_token: self.registrytoken.clone(),
            server: registry.to_owned(),
        }))
    }
}

/// The registry that `reference` is pulled from, as the docker command names it among credentials.
fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some(("docker.io" | "index.docker.io", _)) => DOCKER_HUB,
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

/// The host of an entry's name, which may be a URL.
fn host(name: &str) -> &str {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{host, parse, registry};
    use crate::events::{Event, Sink};
    use crate::mutation::Generator;

    struct Nobody;

    impl Sink for Nobody {
        fn event(&self, _: &Event) {}
    }

    const FILES: [&str; 3] = [
        r#"{"auths": {"https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"}, "quay.io": {"username": "me", "password": "secret"}, "x:5000": null}}"#,
        r#"{"auths": {"https://quay.io/v2": {"identitytoken": "secret"}, "quay.io/x": {"registrytoken": "secret"}}, "credsStore": "pass", "credHelpers": {"gcr.io": "gcloud"}}"#,
        r#"{"currentContext": "lab", "proxies": {"default": {"httpProxy": "http://me:secret@proxy:3128"}}}"#,
    ];

    #[test]
    fn no_file_makes_it_panic_or_say_a_secret() {
        let files = FILES.map(|text| text.as_bytes().to_vec());
        let (mut generator, path) = (Generator::new(1), Path::new("config.json"));
        let count = std::env::var("KMEMBUILD_MUTATIONS").ok();
        let count = count.map_or(500, |count| count.parse().expect("a number"));
        for _ in 0..count {
            let input = generator.input(&files);
            let config = match parse(path, &input) {
                Ok(config) => config,
                Err(error) => {
                    let said = format!("{error:?}");
                    assert!(!said.contains("secret"), "{said}");
                    continue;
                }
            };
            for reference in [
                "golang:1.12",
                "quay.io/x/y",
                "x:5000/y",
                "gcr.io/a",
                "",
                "/",
                "://",
            ] {
                let registry = registry(reference);
                assert!(!host(registry).contains('/'));
                config.program(registry);
                if let Err(error) = config.entry(path, registry, &Nobody) {
                    let said = format!("{error:?}");
                    assert!(!said.contains("secret"), "{said}");
                }
            }
        }
    }
}
