//! Errors of registries and layouts.

use std::io;
use std::time::Duration;

use kmembuild::artifacts::PublishedError;
use kmembuild::attestation::{Audit, AuditError, KeyError, Problem, ProblemKind, SignatureError};
use kmembuild::delivery::node_script::NodeScriptError;
use kmembuild::delivery::registry::DistributionError;
use kmembuild::delivery::shared_cache::{SharedCacheError, UnusableCache};
use kmembuild::transport::{ArtifactName, CredentialsError, Digest, Reference, TransportError};

use super::{Message, json, system, text};

fn client() -> reqwest::Error {
    let request = reqwest::Client::builder().user_agent("\n").build();
    request.expect_err("it is not the name of a client")
}

pub(super) fn messages() -> Vec<Message> {
    let mut all = of_transport();
    all.extend(of_distribution());
    all.extend(of_shared_caches());
    all
}

/// An audit that found something.
fn audit(kind: ProblemKind) -> Audit {
    Audit {
        problems: vec![Problem {
            file: text("runc"),
            kind,
            message: text("what is wrong with it"),
        }],
        ..Audit::default()
    }
}

fn of_distribution() -> Vec<Message> {
    let reference = || text("registry.example/team/runc:v1.0.0-rc10");
    let directory = || text("dist/runc/v1.0.0-rc10/linux-amd64");
    let tag = ArtifactName::tag("1.0 beta").expect_err("it has a space");
    samples!("distribution", explained DistributionError:
        Transport (TransportError::NotFound { what: text("v1.0.0-rc10"), place: text("registry.example/team/runc") }),
        Published (PublishedError::Unreadable { path: "dist/manifest.json".into(), source: system() }),
        Audit (AuditError::NothingToAudit { path: "dist".into(), result: None }),
        Unproven
            { what: directory(), verb: "pushed", audit: audit(ProblemKind::Integrity).into() }
            { what: text("dist"), verb: "pushed", audit: audit(ProblemKind::Leftover).into() }
            { what: reference(), verb: "pulled", audit: audit(ProblemKind::Proof).into() },
        NodeScript (NodeScriptError::NotProven { path: "dist/runc".into() }),
        Name { name: text("1.0 beta"), source: tag },
        DigestGiven { reference: text("registry.example/team/runc@sha256:0123") },
        NoName { reference: text("registry.example/team/runc") },
        OtherArtifact { reference: reference(), found: text("application/vnd.oci.image.manifest.v1+json") },
        File { reference: reference(), problem: text("the name \"../runc\" leads out of its directory") },
        Foreign { path: "dist".into() },
        Unreadable { path: "dist/runc".into(), source: system() },
        Unwritable { path: "runc".into(), source: system() },
        Interrupted,
    )
}

fn of_shared_caches() -> Vec<Message> {
    let place = || text("registry.example/team/cache");
    let mut all = samples!("shared_cache", explained UnusableCache:
        NoKey { place: place() },
        NoSigningKey { place: place() },
        Key (KeyError::Unreadable { path: "team.pub".into(), source: system() }),
    );
    all.extend(samples!("shared_cache", SharedCacheError:
        Transport (TransportError::Stalled { operation: text("fetch blob 0123456789ab"), registry: text("registry.example"), limit: Duration::from_secs(30) }),
        NoStatement { tag: text("0123-4567") },
        Malformed (json()),
        Signature (SignatureError::Unsigned),
        OtherStatement { wanted: text("result 0123"), found: text("result 4567") },
        Value { problem: text("the file name \"../runc\"") },
        TooSlow { limit: Duration::from_mins(1) },
        Unwritable { path: "cache/results/.0123.partial-1/runc".into(), source: system() },
    ));
    all
}

fn of_transport() -> Vec<Message> {
    let registry = || text("registry.example");
    let place = || text("registry.example/team/runc");
    let operation = || text("push blob 0123456789ab");
    let digest = |of: &str| Digest::of(of.as_bytes());
    let reference = "registry.example/Team/runc".parse::<Reference>();
    samples!("transport", explained TransportError:
        Reference (reference.expect_err("an upper-case letter")),
        Credentials (CredentialsError { path: "/root/.docker/config.json".into(), source: system().into() }),
        Client { registry: registry(), source: client() },
        Connection
            { operation: operation(), registry: registry(), source: system() }
            { operation: operation(), registry: registry(), source: io::Error::other("invalid peer certificate: UnknownIssuer") }
            { operation: operation(), registry: registry(), source: io::Error::other("received corrupt message of type InvalidContentType") },
        Stalled { operation: operation(), registry: registry(), limit: Duration::from_secs(30) },
        Unauthorized
            { operation: operation(), registry: registry(), had_credentials: true }
            { operation: operation(), registry: registry(), had_credentials: false },
        TokenServer { operation: operation(), registry: registry(), reason: text("http://tokens.example has no TLS") },
        Busy { operation: operation(), registry: registry(), status: 503, attempts: 6, message: text("no backend") },
        Later { operation: operation(), registry: registry(), status: 429, after: Duration::from_mins(10) },
        NotFound { what: text("v1.0.0-rc10"), place: place() },
        Refused
            { operation: operation(), registry: registry(), status: 403, message: text("requested access to the resource is denied") }
            { operation: operation(), registry: registry(), status: 405, message: text("") },
        Answer { operation: operation(), registry: registry(), reason: text("does not say where an upload goes") },
        TooLarge { what: text("v1.0.0-rc10"), place: place(), limit: 4 << 20 },
        Digest { place: place(), expected: digest("a"), found: digest("b") },
        Size { place: place(), digest: digest("a"), expected: 10, found: 7 },
        Malformed { what: text("v1.0.0-rc10"), place: place(), source: json() },
        TooMany { what: text("v1.0.0-rc10"), place: place(), limit: 4096 },
        NoPlatform { reference: text("registry.example/golang:1.13"), wanted: text("linux/arm64"), offered: vec![text("linux/amd64")] },
        Contended { what: text("v1.0.0-rc10"), place: place() },
        Unreadable { path: "dist/runc/v1.0.0-rc10/linux-amd64/runc".into(), source: system() },
        Unwritable { path: "layout/index.json".into(), source: system() },
        HandOn { digest: digest("a"), source: system() },
        NotALayout { path: "dist".into(), reason: text("it has no file oci-layout") },
    )
}
