//! What the errors of the client library mean.

use kube::Error;
use kube::core::Status;

use super::state::shown;
use crate::engine::cluster_error::ClusterError;

/// What was asked of the API, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `create`, `delete`, `list`, `watch`.
    pub(super) verb: &'static str,
    /// `jobs`, `pods`, `events`.
    pub(super) resource: &'static str,
    /// Name of the object, or what is asked for.
    pub(super) what: &'a str,
    pub(super) namespace: &'a str,
    pub(super) address: &'a str,
}

/// Whether it may be over in a moment: the connection is lost, or the API server is busy, starts, or has lost its etcd.
pub(super) fn is_transient(error: &Error) -> bool {
    match error {
        Error::Api(status) => status.code == 429 || status.code >= 500,
        Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => true,
        _ => false,
    }
}

/// The answer with this code, if it is one.
pub(super) fn has_code(error: &Error, code: u16) -> bool {
    matches!(error, Error::Api(status) if status.code == code)
}

/// Whether a quota leaves no room now.
pub(super) fn exceeds_quota(error: &Error) -> bool {
    matches!(error, Error::Api(status)
        if status.code == 403 && status.message.contains("exceeded quota"))
}

/// The error in this tool's terms.
pub(super) fn failed(error: Error, asked: Asked<'_>) -> ClusterError {
    let Asked {
        verb,
        resource,
        what,
        namespace,
        address,
    } = asked;
    let (namespace, address) = (namespace.to_owned(), address.to_owned());
    match error {
        Error::Api(status) => refused(&status, asked),
        Error::Auth(error) => ClusterError::Unauthorized {
            address,
            message: shown(&crate::failure::with_causes(&error)),
        },
        Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => {
            ClusterError::Unreachable {
                address,
                source: Box::new(error),
            }
        }
        error => {
            let _ = (resource, namespace);
            ClusterError::Refused {
                verb,
                what: what.to_owned(),
                message: shown(&crate::failure::with_causes(&error)),
            }
        }
    }
}

fn refused(status: &Status, asked: Asked<'_>) -> ClusterError {
    let message = shown(&status.message);
    let namespace = asked.namespace.to_owned();
    match status.code {
        401 => ClusterError::Unauthorized {
            address: asked.address.to_owned(),
            message,
        },
        403 if message.contains("exceeded quota") => ClusterError::Quota {
            namespace,
            job: asked.what.to_owned(),
            message,
        },
        403 => ClusterError::Forbidden {
            verb: asked.verb,
            resource: asked.resource,
            namespace,
            message,
        },
        404 if message.contains("namespaces") => ClusterError::NoNamespace { namespace },
        _ => ClusterError::Refused {
            verb: asked.verb,
            what: asked.what.to_owned(),
            message,
        },
    }
}
