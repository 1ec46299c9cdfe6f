//! The docker command's contexts: named engines, one of which is in use.
//!
//! The choice is docker's (`resolveContextName` of docker/cli): an address that is given comes first, then `DOCKER_CONTEXT`, then
//! the context of its configuration file, and the name `default` means none. A context that is not there is an error, as it is
//! for docker: another engine than the one that was meant must not be taken.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::checksum::sha256_hex;
use crate::engine::EngineError;
use crate::engine::error::ContextProblem;
use crate::regular_file;

/// Largest description of a context in bytes.
const LARGEST: u64 = 1 << 20;

/// The name that stands for no context.
const DEFAULT: &str = "default";

/// Where a context is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextChoice {
    /// `DOCKER_CONTEXT`.
    pub name: Option<String>,
    /// The docker command's configuration file; the contexts are beside it.
    pub file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConfigFile {
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Option<DescribedEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedEndpoint {
    #[serde(default)]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Where the engine of a context is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Its address; `None` for the local engine.
    pub host: Option<String>,
    /// Directory of its certificates; `None` without TLS.
    pub certificates: Option<PathBuf>,
}

impl ContextChoice {
    /// The engine of the context in use; `None` if there is no context.
    ///
    /// # Errors
    /// [`EngineError::Context`] if the context cannot be read, or is for no engine that can be used.
    pub(super) fn endpoint(&self) -> Result<Option<Endpoint>, EngineError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let named = self.name.clone();
        let Some(name) = named
            .or_else(|| current(file))
            .filter(|name| name != DEFAULT)
        else {
            return Ok(None);
        };
        let problem = |source| EngineError::Context {
            name: name.clone(),
            source,
        };
        let id = sha256_hex(name.as_bytes());
        let contexts = file.with_file_name("contexts");
        let path = contexts.join("meta").join(&id).join("meta.json");
        let described = read(&path).map_err(problem)?;
        if described.skip_tls_verify {
            return Err(problem(ContextProblem::SkipsVerification));
        }
        let certificates = contexts.join("tls").join(&id).join("docker");
        Ok(Some(Endpoint {
            host: Some(described.host).filter(|host| !host.is_empty()),
            certificates: certificates.is_dir().then_some(certificates),
        }))
    }
}

/// The context of the configuration file. What is wrong with the file is said where credentials are read from it.
fn current(file: &Path) -> Option<String> {
    let text = regular_file::read(file, LARGEST).ok()?;
    let config: Option<ConfigFile> = serde_json::from_slice(&text).ok()?;
    config?.current_context.filter(|name| !name.is_empty())
}

fn read(path: &Path) -> Result<DescribedEndpoint, ContextProblem> {
    let text = regular_file::read(path, LARGEST).map_err(|source| ContextProblem::Unreadable {
        path: path.to_owned(),
        source: source.into(),
    })?;
    let description: Description =
        serde_json::from_slice(&text).map_err(|source| ContextProblem::Unreadable {
            path: path.to_owned(),
            source: source.into(),
        })?;
    description.endpoints.docker.ok_or(ContextProblem::NoEngine)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new(config: &str, contexts: &[(&str, &str)]) -> Self {
            let place = Self(tempfile::tempdir().expect("a directory"));
            fs::write(place.0.path().join("config.json"), config).expect("written");
            for (name, endpoints) in contexts {
                let id = sha256_hex(name.as_bytes());
                let directory = place.0.path().join("contexts/meta").join(id);
                fs::create_dir_all(&directory).expect("made");
                let text =
                    format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{endpoints}}}"#);
                fs::write(directory.join("meta.json"), text).expect("written");
            }
            place
        }

        fn endpoint(&self, name: Option<&str>) -> Result<Option<Endpoint>, EngineError> {
            let choice = ContextChoice {
                name: name.map(str::to_owned),
                file: Some(self.0.path().join("config.json")),
            };
            choice.endpoint()
        }
    }

    const FARM: &str = r#"{"docker":{"Host":"ssh://me@farm","SkipTLSVerify":false}}"#;
    const LAB: &str = r#"{"docker":{"Host":"tcp://lab:2376","SkipTLSVerify":false}}"#;

    #[test]
    fn the_context_is_chosen_as_docker_chooses_it() {
        let place = Place::new(
            r#"{"currentContext":"lab"}"#,
            &[("farm", FARM), ("lab", LAB), ("here", r#"{"docker":{}}"#)],
        );
        let host = |name| {
            let endpoint = place.endpoint(name).expect("a context that can be used");
            endpoint.map(|endpoint| endpoint.host)
        };
        assert_eq!(host(None), Some(Some("tcp://lab:2376".to_owned())));
        assert_eq!(host(Some("farm")), Some(Some("ssh://me@farm".to_owned())));
        assert_eq!(host(Some("default")), None);
        assert_eq!(host(Some("here")), Some(None));
    }

    #[test]
    fn certificates_belong_to_the_context() {
        let place = Place::new("{}", &[("lab", LAB)]);
        let found = || {
            place
                .endpoint(Some("lab"))
                .expect("no error")
                .expect("a context")
        };
        assert_eq!(found().certificates, None);
        let id = sha256_hex(b"lab");
        let certificates = place.0.path().join("contexts/tls").join(id).join("docker");
        fs::create_dir_all(&certificates).expect("made");
        assert_eq!(found().certificates, Some(certificates));
    }

    #[test]
    fn a_context_that_cannot_be_used_is_refused() {
        let skips = r#"{"docker":{"Host":"tcp://lab:2376","SkipTLSVerify":true}}"#;
        let place = Place::new(
            r#"{"currentContext":"gone"}"#,
            &[
                ("skips", skips),
                ("other", r#"{"kubernetes":{}}"#),
                ("odd", "[]"),
            ],
        );
        for name in [
            None,
            Some("skips"),
            Some("other"),
            Some("odd"),
            Some("../../x"),
        ] {
            let refused = place.endpoint(name);
            assert!(
                matches!(refused, Err(EngineError::Context { .. })),
                "{name:?}"
            );
        }
        for config in ["", "null", "{", "[]"] {
            let place = Place::new(config, &[]);
            assert_eq!(place.endpoint(None).expect("no error"), None);
        }
    }

    #[test]
    fn no_file_makes_it_panic() {
        let place = Place::new(r#"{"currentContext":"lab"}"#, &[("lab", LAB)]);
        let config = place.0.path().join("config.json");
        let id = sha256_hex(b"lab");
        let meta = place
            .0
            .path()
            .join("contexts/meta")
            .join(id)
            .join("meta.json");
        let seeds = [&config, &meta].map(|path| fs::read(path).expect("written"));
        let mut generator = crate::mutation::Generator::new(1);
        for _ in 0..200 {
            let input = generator.input(&seeds);
            fs::write(&meta, &input).expect("written");
            if let Ok(Some(endpoint)) = place.endpoint(Some("lab")) {
                assert_ne!(endpoint.host.as_deref(), Some(""));
            }
            fs::write(&config, &input).expect("written");
            let _ = place.endpoint(None);
        }
    }
}
