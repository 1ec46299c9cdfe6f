//! Registries that are not open to everybody.

use kmembuild::environment::Secret;
use kmembuild::transport::{Access, ClientSettings, Reference, Transport, TransportError};

use super::content::{impatient, noise, put, tag};
use crate::support::https_front;
use crate::support::recorder::Recorder;
use crate::support::registry::{Registry, base64};
use crate::support::token_server::{self, IDENTITY, PASSWORD, USER};

/// Puts an artifact with what `DOCKER_AUTH_CONFIG` has for the registry.
async fn push(registry: &Registry, entry: &str) -> Result<(), TransportError> {
    let sink = Recorder::default();
    let transport = Transport {
        settings: ClientSettings {
            variable: Some(Secret(format!(
                r#"{{"auths": {{"{}": {entry}}}}}"#,
                registry.address
            ))),
            ..ClientSettings::default()
        },
        patience: impatient(),
    };
    let reference: Reference = format!("{}/a/tool", registry.address).parse().unwrap();
    let at = transport
        .open(&reference.place, Access::Write, &sink)
        .await?;
    at.digest_of(&tag("v1")).await?;
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(200_000);
    let pushed = put(&at, folder.path(), &bytes, Some("v1")).await;
    let found = at.digest_of(&tag("v1")).await?;
    assert_eq!(found, Some(pushed.descriptor.digest));
    Ok(())
}

fn entry(user: &str, password: &str) -> String {
    format!(r#"{{"auth": "{}"}}"#, base64(&format!("{user}:{password}")))
}

#[tokio::test]
async fn a_password_opens_a_registry() {
    let registry = Registry::start_for(USER, PASSWORD);
    push(&registry, &entry(USER, PASSWORD)).await.unwrap();
    let error = push(&registry, &entry(USER, "wrong"))
        .await
        .expect_err("wrong");
    assert!(
        matches!(
            error,
            TransportError::Unauthorized {
                had_credentials: true,
                ..
            }
        ),
        "{error}"
    );
    let error = push(&registry, "null").await.expect_err("none");
    assert!(
        matches!(
            error,
            TransportError::Unauthorized {
                had_credentials: false,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_server_opens_a_registry() {
    let realm = token_server::start();
    let registry = Registry::start_with_tokens(&realm, &https_front::certificate());
    push(&registry, &entry(USER, PASSWORD)).await.unwrap();
    let identity = format!(r#"{{"identitytoken": "{IDENTITY}"}}"#);
    push(&registry, &identity).await.unwrap();
    for wrong in [
        entry(USER, "wrong"),
        "null".to_owned(),
        r#"{"identitytoken": "other"}"#.to_owned(),
    ] {
        let error = push(&registry, &wrong).await.expect_err("wrong");
        assert!(
            matches!(error, TransportError::Unauthorized { .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_token_server_that_does_not_answer_is_named() {
    let realm = format!("http://{}/token", crate::support::registry::free_address());
    let registry = Registry::start_with_tokens(&realm, &https_front::certificate());
    let error = push(&registry, "null").await.expect_err("nobody is there");
    assert!(
        matches!(error, TransportError::TokenServer { .. }),
        "{error}"
    );
    assert!(error.to_string().contains(&realm), "{error}");
}
