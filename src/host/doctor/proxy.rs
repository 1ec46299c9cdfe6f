//! The proxy for a request.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::probe::ProbeError;
use crate::source::redacted;

/// Default ports of proxies.
const SOCKS: u16 = 1080;
const HTTP: u16 = 80;

/// A proxy.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    /// Its URL, without user and password.
    pub url: Url,
    /// The header that authenticates against an HTTP proxy, if the proxy's URL has a user.
    pub credentials: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for requests to `url`.
    pub fn of(matcher: &Matcher, url: &Url) -> Result<Option<Self>, ProbeError> {
        let unusable = |reason: String| ProbeError::NotAsked { reason };
        let uri = url.as_str().parse();
        let uri = uri.map_err(|error| unusable(format!("invalid URL: {error}")))?;
        let Some(found) = matcher.intercept(&uri) else {
            return Ok(None);
        };
        let url = Url::parse(&found.uri().to_string())
            .map_err(|error| unusable(format!("invalid URL of the proxy: {error}")))?;
        Ok(Some(Self {
            url,
            credentials: found.basic_auth().cloned(),
        }))
    }

    /// Whether it is a SOCKS proxy; requests are not sent through those here.
    pub fn is_socks(&self) -> bool {
        self.url.scheme().starts_with("socks")
    }

    pub fn port(&self) -> u16 {
        let usual = if self.is_socks() { SOCKS } else { HTTP };
        self.url.port_or_known_default().unwrap_or(usual)
    }

    /// The name to print.
    pub fn name(&self) -> String {
        redacted(self.url.as_str()).trim_end_matches('/').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Proxies;

    #[test]
    fn a_proxy_has_its_port_and_its_credentials() {
        let target = Url::parse("https://example.org/").unwrap();
        for (all, name, port, credentials) in [
            ("http://p", "http://p", 80, None),
            ("p:3128", "http://p:3128", 3128, None),
            ("https://p", "https://p", 443, None),
            ("socks5://127.0.0.1", "socks5://127.0.0.1", 1080, None),
            ("socks5h://me:secret@p:9", "socks5h://p:9", 9, None),
            (
                "http://me:secret@p:1",
                "http://p:1",
                1,
                Some("Basic bWU6c2VjcmV0"),
            ),
        ] {
            let proxies = Proxies {
                all: all.to_owned(),
                ..Proxies::default()
            };
            let found = Proxy::of(&proxies.matcher(), &target).unwrap();
            let proxy = found.expect("a proxy");
            assert_eq!(proxy.name(), name, "{all}");
            assert_eq!(proxy.port(), port, "{all}");
            let header = proxy.credentials.as_ref();
            let header = header.map(|value| value.to_str().unwrap());
            assert_eq!(header, credentials, "{all}");
        }
        let none = Proxy::of(&Proxies::default().matcher(), &target);
        assert!(none.unwrap().is_none());
    }
}
