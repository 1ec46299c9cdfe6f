//! The errors of registries and layouts.

use super::advice::{Advice, Explain};
use crate::advice;
use crate::failure::FailureKind;
use crate::transport::TransportError;

impl Explain for TransportError {
    fn advice(&self) -> Advice {
        let registry = || Advice::from(FailureKind::Engine);
        match self {
            Self::Reference(_) => Advice::from(FailureKind::Usage).hint(advice::REFERENCE),
            Self::Credentials(_) => {
                registry().hint("make it valid or readable, or log in again with `docker login`")
            }
            Self::Unauthorized {
                had_credentials, ..
            } => registry().hint(if *had_credentials {
                "log in again with `docker login`, as a user who may do this"
            } else {
                "log in with `docker login`, or set DOCKER_AUTH_CONFIG"
            }),
            Self::Connection { source, .. } => {
                let said = source.to_string();
                if said.contains("certificate") {
                    registry().hint(advice::OWN_AUTHORITY)
                } else if said.contains("corrupt message") {
                    registry().hint(advice::WITHOUT_TLS)
                } else {
                    registry().hint(
                        "check the name of the registry and the proxies (https_proxy, no_proxy)",
                    )
                }
            }
            Self::Stalled { .. } => registry().hint(advice::SLOW_MIRROR),
            Self::Later { .. } | Self::Busy { .. } => registry().hint("try again later"),
            Self::Refused { status: 403, .. } => {
                registry().hint("log in with `docker login` as a user who may do this")
            }
            Self::NotFound { .. } => registry().hint("check the name and the tag"),
            Self::Contended { .. } => registry().hint("try again"),
            Self::Client { .. }
            | Self::TokenServer { .. }
            | Self::Refused { .. }
            | Self::Answer { .. } => registry(),
            Self::NoPlatform { .. } => Advice::from(FailureKind::Plan),
            Self::TooLarge { .. }
            | Self::Digest { .. }
            | Self::Size { .. }
            | Self::Malformed { .. }
            | Self::TooMany { .. } => FailureKind::Integrity.into(),
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::HandOn { .. }
            | Self::NotALayout { .. } => FailureKind::Output.into(),
        }
    }
}
