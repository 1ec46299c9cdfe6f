//! What to ask a place, to see whether it answers.

use std::path::PathBuf;

use reqwest::Url;

use crate::source::local_folder;

/// The registry of names without a registry.
pub(super) const HUB: &str = "docker.io";
/// The host that serves it.
const HUB_HOST: &str = "registry-1.docker.io";
/// Ports of protocols other than HTTP.
const SSH: u16 = 22;
const GIT: u16 = 9418;

/// What to ask a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To answer this request.
    Http(Url),
    /// To accept a connection.
    Connection {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Nothing: this directory of this host must be a repository.
    Folder(PathBuf),
    /// Nothing can be asked, for this reason.
    Unusable(String),
}

/// A request to this URL.
pub(super) fn http(url: &str) -> Target {
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Target::Http(url),
        Ok(url) => Target::Unusable(format!("{:?} is not a scheme of HTTP", url.scheme())),
        Err(error) => Target::Unusable(format!("invalid URL: {error}")),
    }
}

/// The first request that git sends to a repository.
pub(super) fn repository(url: &str) -> Target {
    if let Some(folder) = local_folder(url) {
        return Target::Folder(folder);
    }
    let Some((scheme, _)) = url.split_once("://") else {
        let host = ssh_host(url).to_owned();
        return Target::Connection { host, port: SSH };
    };
    let port = match scheme {
        "ssh" | "git+ssh" | "ssh+git" => SSH,
        "git" => GIT,
        _ => {
            let question = |url: Url| {
                let url = url.as_str().trim_end_matches('/');
                http(&format!("{url}/info/refs?service=git-upload-pack"))
            };
            return match http(url) {
                Target::Http(url) => question(url),
                other => other,
            };
        }
    };
    match Url::parse(url) {
        Ok(url) => Target::Connection {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port().unwrap_or(port),
        },
        Err(error) => Target::Unusable(format!("invalid URL: {error}")),
    }
}

/// The host in ssh's form `user@host:path`. An IPv6 address is in brackets, because it contains colons.
fn ssh_host(url: &str) -> &str {
    let is_user = |text: &str| text.is_empty() || (text.ends_with('@') && !text.contains(':'));
    if let Some((_, address)) = url.split_once('[').filter(|(user, _)| is_user(user)) {
        return address.split(']').next().unwrap_or_default();
    }
    let host = url.split(':').next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or_default()
}

/// The request that every registry answers, if only by asking for credentials.
pub(super) fn registry(host: &str) -> Target {
    let host = if host == HUB { HUB_HOST } else { host };
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    // The engine uses plain HTTP for registries on its own host.
    let scheme = if matches!(name, "localhost" | "::1") || name.starts_with("127.") {
        "http"
    } else {
        "https"
    };
    http(&format!("{scheme}://{host}/v2/"))
}

#[cfg(test)]
mod tests {
    use super::{Target, registry, repository};

    fn asked(target: &Target) -> String {
        match target {
            Target::Http(url) => url.to_string(),
            Target::Connection { host, port } => format!("{host} {port}"),
            Target::Folder(folder) => folder.display().to_string(),
            Target::Unusable(reason) => format!("unusable: {reason}"),
        }
    }

    #[test]
    fn repositories_are_asked_as_git_asks_them() {
        for (url, expected) in [
            (
                "https://example.org/a.git/",
                "https://example.org/a.git/info/refs?service=git-upload-pack",
            ),
            ("ssh://git@example.org:2222/a", "example.org 2222"),
            ("ssh://git@example.org/a", "example.org 22"),
            ("git://example.org/a", "example.org 9418"),
            ("git@example.org:a/b.git", "example.org 22"),
            ("example.org:a@b/[c]:d", "example.org 22"),
            ("git@[::1]:a/b.git", "::1 22"),
            ("ssh://git@[::1]:2222/a", "[::1] 2222"),
            ("/srv/a.git", "/srv/a.git"),
            ("file:///srv/a%20b", "/srv/a b"),
        ] {
            assert_eq!(asked(&repository(url)), expected, "{url}");
        }
        assert!(asked(&repository("ftp://example.org/a")).starts_with("unusable: \"ftp\""));
        assert!(asked(&repository("https://")).starts_with("unusable: invalid URL"));
    }

    #[test]
    fn registries_are_asked_for_their_interface() {
        for (host, url) in [
            ("docker.io", "https://registry-1.docker.io/v2/"),
            ("quay.io", "https://quay.io/v2/"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
            ("localhost", "http://localhost/v2/"),
            ("[::1]:5000", "http://[::1]:5000/v2/"),
            ("[2001:db8::1]:5000", "https://[2001:db8::1]:5000/v2/"),
        ] {
            assert_eq!(asked(&registry(host)), url);
        }
    }
}
