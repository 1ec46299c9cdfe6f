//! Authorisation as registries ask for it: a name with a password, or a token of the token server that they name.

use http_auth::ChallengeParser;
use reqwest::header::{GetAll, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::answer::read_up_to;
use super::peer::Peer;
use crate::harmless::harmless;
use crate::transport::error::TransportError;

/// Longest answer of a token server in bytes; tokens have a few thousand.
const LONGEST_ANSWER: u64 = 1 << 20;

/// What a registry asks for.
pub(super) enum Challenge {
    /// A name with a password.
    Basic,
    /// A token.
    Bearer {
        /// The token server.
        realm: String,
        /// What the registry is called there.
        service: Option<String>,
    },
    /// Something that this tool does not know.
    Unknown,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Challenge {
    /// What the headers of an answer ask for; a token, if that is among it.
    pub(super) fn of(headers: &GetAll<'_, HeaderValue>) -> Self {
        let mut found = Self::Unknown;
        let texts = headers.iter().filter_map(|header| header.to_str().ok());
        for challenge in texts.flat_map(ChallengeParser::new).map_while(Result::ok) {
            let parameter = |wanted: &str| {
                let mut all = challenge.params.iter();
                let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = parameter("realm")
            {
                let service = parameter("service");
                return Self::Bearer { realm, service };
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                found = Self::Basic;
            }
        }
        found
    }
}

/// The header that a challenge asks for.
pub(super) async fn authorize(
    peer: &Peer,
    operation: &str,
    challenge: Challenge,
) -> Result<HeaderValue, TransportError> {
    let credentials = peer.credentials.as_ref();
    if let Some(token) = credentials.and_then(|known| known.registry_token.as_ref()) {
        return bearer(peer, operation, token);
    }
    match challenge {
        Challenge::Basic => match credentials.and_then(|known| {
            let (name, password) = (known.username.as_ref()?, known.password.as_ref()?);
            basic(name, password)
        }) {
            Some(header) => Ok(header),
            None => Err(peer.unauthorized(operation)),
        },
        Challenge::Bearer { realm, service } => {
            let token = ask(peer, operation, &realm, service.as_deref()).await?;
            bearer(peer, operation, &token)
        }
        Challenge::Unknown => Err(peer.wrong_answer(
            operation,
            "asks for an authorisation that kmembuild does not know",
        )),
    }
}

/// Asks the token server. With an identity token it is asked as OAuth 2 has it, otherwise with a name and a password or none.
async fn ask(
    peer: &Peer,
    operation: &str,
    realm: &str,
    service: Option<&str>,
) -> Result<String, TransportError> {
    let unusable = |reason: String| TransportError::TokenServer {
        operation: operation.to_owned(),
        registry: peer.registry(),
        reason,
    };
    let shown = harmless(realm).into_owned();
    let mut url = Url::parse(realm).map_err(|_| unusable(format!("{shown:?} is not a URL")))?;
    // A password must not go over the wire without TLS because a registry says so.
    let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && peer.name.is_plain());
    if !is_allowed || url.host_str().is_none() {
        return Err(unusable(format!("{shown} has no TLS")));
    }
    let actions = if peer.writes { "pull,push" } else { "pull" };
    let scope = format!("repository:{}:{actions}", peer.name.repository);
    let mut parameters = vec![("scope", scope.as_str())];
    parameters.extend(service.map(|service| ("service", service)));
    let credentials = peer.credentials.as_ref();
    let identity = credentials.and_then(|known| known.identity_token.as_deref());
    let password = credentials.and_then(|known| {
        let (name, password) = (known.username.as_ref()?, known.password.as_ref()?);
        basic(name, password)
    });
    let form = identity.map(|token| {
        let mut form = url_of_form();
        form.query_pairs_mut()
            .extend_pairs(&parameters)
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "kmembuild")
            .append_pair("refresh_token", token);
        form.query().unwrap_or_default().to_owned()
    });
    if form.is_none() {
        url.query_pairs_mut().extend_pairs(&parameters);
    }
    let client = &peer.client;
    let request = match form {
        Some(form) => client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form),
        None => match password {
            Some(header) => client.get(url).header("authorization", header),
            None => client.get(url),
        },
    };
    let sent = tokio::time::timeout(peer.patience.stall, request.send()).await;
    let answer = match sent {
        Err(_) => return Err(unusable("it does not answer".to_owned())),
        Ok(Err(error)) => {
            let TransportError::Connection { source, .. } = peer.disconnected(operation, &error)
            else {
                return Err(unusable("no connection".to_owned()));
            };
            return Err(unusable(format!("no connection to {shown}: {source}")));
        }
        Ok(Ok(answer)) => answer,
    };
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(peer.unauthorized(operation));
        }
        status => return Err(unusable(format!("{shown} answered {}", status.as_u16()))),
    }
    let read = read_up_to(answer, LONGEST_ANSWER, peer.patience.stall).await;
    let token = match read {
        // serde_json's message may quote what it met, which may be a secret.
        Ok(Some(bytes)) => serde_json::from_slice::<Token>(&bytes).ok(),
        _ => None,
    };
    let token = token.and_then(|token| token.token.or(token.access_token));
    token.ok_or_else(|| unusable(format!("{shown} gave no token")))
}

/// What a form is written with: a URL whose query it becomes.
fn url_of_form() -> Url {
    // A constant that is valid; the data of a form are written as a query is.
    Url::parse("http://form/").unwrap_or_else(|_| unreachable!("a constant URL"))
}

fn basic(name: &str, password: &str) -> Option<HeaderValue> {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    let mut header = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn bearer(peer: &Peer, operation: &str, token: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| peer.wrong_answer(operation, "has a token that no header can hold"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

    use super::*;

    fn challenge(texts: &[&str]) -> Challenge {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(WWW_AUTHENTICATE, text.parse().unwrap());
        }
        Challenge::of(&headers.get_all(WWW_AUTHENTICATE))
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let of_hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull""#;
        let Challenge::Bearer { realm, service } = challenge(&["Basic realm=\"x\"", of_hub]) else {
            panic!("a token");
        };
        assert_eq!(realm, "https://auth.docker.io/token");
        assert_eq!(service.as_deref(), Some("registry.docker.io"));
        assert!(matches!(
            challenge(&["basic realm=\"x\""]),
            Challenge::Basic
        ));
        assert!(matches!(
            challenge(&["Bearer service=\"x\""]),
            Challenge::Unknown
        ));
        assert!(matches!(
            challenge(&["Negotiate", ",,=;"]),
            Challenge::Unknown
        ));
        assert!(matches!(challenge(&[]), Challenge::Unknown));
    }
}
