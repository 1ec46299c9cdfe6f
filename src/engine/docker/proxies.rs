//! Proxies for image builds, as the docker command passes them: as build arguments that a builder knows without an `ARG`
//! line, sees in no layer and keeps in no history. See `ParseProxyConfig` of docker/cli.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::failure::Message;
use crate::engine::EngineError;
use crate::environment::Proxies;
use crate::regular_file;
use crate::transport::ClientSettings;

/// Largest configuration file in bytes.
const LARGEST: u64 = 1 << 20;

// No Debug: an address may contain a password.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigFile {
    proxies: Option<BTreeMap<String, Option<Entry>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "httpProxy")]
    http: Option<String>,
    #[serde(rename = "httpsProxy")]
    https: Option<String>,
    #[serde(rename = "noProxy")]
    none: Option<String>,
    #[serde(rename = "ftpProxy")]
    ftp: Option<String>,
    #[serde(rename = "allProxy")]
    all: Option<String>,
}

/// The build arguments that name the proxies: those of the docker command's configuration file for the engine at `address`,
/// or for all engines, and what it does not name from the environment.
///
/// # Errors
/// [`EngineError::Credentials`] for a file that cannot be read.
pub(super) fn build_arguments(
    settings: &ClientSettings,
    address: &str,
) -> Result<BTreeMap<String, String>, EngineError> {
    let mut arguments = BTreeMap::new();
    let file = settings.file.as_deref().map(read).transpose()?;
    let configured = file.unwrap_or_default().proxies.unwrap_or_default();
    let entry = configured.get(address).or(configured.get("default"));
    if let Some(Some(entry)) = entry {
        for (name, value) in [
            ("HTTP_PROXY", &entry.http),
            ("HTTPS_PROXY", &entry.https),
            ("NO_PROXY", &entry.none),
            ("FTP_PROXY", &entry.ftp),
            ("ALL_PROXY", &entry.all),
        ] {
            set(&mut arguments, name, value.as_deref().unwrap_or_default());
        }
    }
    let Proxies {
        http,
        https,
        all,
        none,
    } = &settings.proxies;
    for (name, value) in [
        ("HTTP_PROXY", http),
        ("HTTPS_PROXY", https),
        ("ALL_PROXY", all),
    ] {
        if !is_of_this_machine(value) {
            set(&mut arguments, name, value);
        }
    }
    if !arguments.is_empty() {
        set(&mut arguments, "NO_PROXY", none);
    }
    Ok(arguments)
}

/// Sets a variable under both of its names, unless it is set or there is nothing to set.
fn set(arguments: &mut BTreeMap<String, String>, name: &str, value: &str) {
    if !value.is_empty() && !arguments.contains_key(name) {
        arguments.insert(name.to_lowercase(), value.to_owned());
        arguments.insert(name.to_owned(), value.to_owned());
    }
}

/// Whether a proxy listens on this machine alone: a container does not reach it.
fn is_of_this_machine(proxy: &str) -> bool {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn read(path: &Path) -> Result<ConfigFile, EngineError> {
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| {
        let path = path.to_owned();
        EngineError::Credentials { path, source }
    };
    let text = match regular_file::read(path, LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ConfigFile::default()),
        Err(error) => return Err(unreadable(error.into())),
    };
    if text.trim_ascii().is_empty() {
        return Ok(ConfigFile::default());
    }
    // serde_json's message may quote what it met, which may be a secret.
    let config: Option<ConfigFile> = serde_json::from_slice(&text).map_err(|error| {
        let place = format!(
            "it is invalid at line {}, column {}",
            error.line(),
            error.column()
        );
        unreadable(Box::new(Message(place)))
    })?;
    Ok(config.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ClientSettings, build_arguments, is_of_this_machine};
    use crate::environment::Proxies;

    const SOCKET: &str = "unix:///var/run/docker.sock";

    fn arguments(config: &str, proxies: Proxies) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(&file, config).unwrap();
        let settings = ClientSettings {
            file: Some(file),
            variable: None,
            proxies,
        };
        let found = build_arguments(&settings, SOCKET).unwrap();
        found.into_iter().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        expected.iter().map(pair).collect()
    }

    #[test]
    fn the_entry_of_the_engine_comes_before_that_of_all_engines_and_both_before_the_environment() {
        let environment = || Proxies {
            http: "http://environment:1".to_owned(),
            none: "inside.example".to_owned(),
            ..Proxies::default()
        };
        let config = r#"{"auths": {}, "proxies": {
            "default": {"httpProxy": "http://all:1", "allProxy": "socks5://all:2"},
            "unix:///var/run/docker.sock": {"httpsProxy": "http://me:secret@own:1", "noProxy": null}
        }}"#;
        let own = [
            ("HTTPS_PROXY", "http://me:secret@own:1"),
            ("HTTP_PROXY", "http://environment:1"),
            ("NO_PROXY", "inside.example"),
            ("http_proxy", "http://environment:1"),
            ("https_proxy", "http://me:secret@own:1"),
            ("no_proxy", "inside.example"),
        ];
        assert_eq!(arguments(config, environment()), pairs(&own));
        let config = r#"{"proxies": {"default": {"httpProxy": "http://all:1"}, "tcp://other:2375": {"ftpProxy": "x"}}}"#;
        let all = [
            ("HTTP_PROXY", "http://all:1"),
            ("http_proxy", "http://all:1"),
        ];
        assert_eq!(arguments(config, Proxies::default()), pairs(&all));
        for nothing in [
            "",
            "null",
            "{}",
            r#"{"proxies": null}"#,
            r#"{"proxies": {"default": null}}"#,
        ] {
            assert_eq!(
                arguments(nothing, Proxies::default()),
                pairs(&[]),
                "{nothing}"
            );
        }
    }

    #[test]
    fn a_proxy_of_this_machine_alone_is_not_passed_on() {
        for (proxy, is_local) in [
            ("http://localhost:3128", true),
            ("http://me:pw@127.0.0.1:3128/", true),
            ("http://[::1]:3128", true),
            ("127.1.2.3:8080", true),
            ("http://proxy.example:3128", false),
            ("http://localhost.example:3128", false),
            ("http://[fd00::1]:3128", false),
            ("http://127.0.0.1:pw@proxy.example:1", false),
        ] {
            assert_eq!(is_of_this_machine(proxy), is_local, "{proxy}");
        }
        let environment = Proxies {
            https: "http://127.0.0.1:3128".to_owned(),
            none: "inside.example".to_owned(),
            ..Proxies::default()
        };
        assert_eq!(arguments("{}", environment), pairs(&[]));
    }
}
