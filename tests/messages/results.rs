//! Errors of results: stored, verified, attested, packaged, and made into a script for nodes.

use kmembuild::artifacts::cache::{Damage, TakeError};
use kmembuild::artifacts::{ArtifactError, PublishedError};
use kmembuild::attestation::{
    AttestError, AuditError, KeyError, PackageKeyError, SignatureError, VendoredError,
};
use kmembuild::delivery::node_script::NodeScriptError;
use kmembuild::delivery::packaging::{PackageFormat, PackagingError};
use kmembuild::delivery::repositories::{RepositoryError, RepositoryKind};
use kmembuild::verify::VerifyError;

use super::{Message, json, system, text};

const RESULT: &str = "dist/runc/v1.0.0-rc10/linux-amd64";
const RUNC: &str = "dist/runc/v1.0.0-rc10/linux-amd64/runc";

fn digest(digit: &str) -> String {
    digit.repeat(64)
}

fn unreadable() -> VerifyError {
    VerifyError::Open {
        path: RUNC.into(),
        source: system(),
    }
}

pub(super) fn messages() -> Vec<Message> {
    let artifacts = samples!("artifacts", explained ArtifactError:
        Unwritable { path: RESULT.into(), source: system() },
        Foreign { path: RESULT.into() },
        Lock { path: "cache/locks/output.lock".into(), source: system() },
        Archive { name: text("runc"), source: system() },
        NotAFile { name: text("runc"), kind: "a directory" },
        Unaccounted { path: RESULT.into(), problem: text("it has no SHA256SUMS") },
        StoppedWaiting,
    );
    let damage = Damage {
        file: "cache/results/abc/runc".into(),
        reason: text("it has 3 bytes instead of 4"),
    };
    let cache = samples!("artifacts", TakeError:
        Damaged (damage),
        Unwritable { path: RUNC.into(), source: system() },
    );
    let verify = samples!("verify", VerifyError:
        Open { path: RUNC.into(), source: system() },
        NotARegularFile { path: RESULT.into(), kind: "a directory" },
        Read { path: RUNC.into(), source: system() },
        Changed { path: RUNC.into(), before: 3, after: 4 },
    );
    let attest = samples!("attestation", explained AttestError:
        Unreadable { path: RUNC.into(), source: system() },
        Changed { path: RUNC.into(), expected: digest("1"), found: digest("2") },
    );
    let key = samples!("attestation", explained KeyError:
        Unreadable { path: "release.pem".into(), source: system() },
        Other {
            path: "release.pem".into(),
            wanted: "a private key",
            found: text("a public key"),
            remedy: text("use the private key"),
        },
        Writable { path: "release.pem".into(), mode: 0o666 },
        Damaged { path: "release.pem".into(), reason: text("its base64 is not valid") },
    );
    let signature = samples!("attestation", SignatureError:
        NotBase64 ("payload"),
        NotMinisign,
        ByNoneOf (text("6A1F7A0C2B3D4E5F")),
        Unsigned,
        ByNoKey { wanted: text("SHA256:abc"), found: text("SHA256:def") },
    );
    let audit = samples!("attestation", explained AuditError:
        Unreadable { path: "dist".into(), source: system() },
        NothingToAudit
            { path: "dist".into(), result: Some(RESULT.into()) }
            { path: "dist".into(), result: None },
    );
    let vendored = VendoredError {
        file: "vendor/modules.txt",
        line: 3,
        problem: text("no version"),
    };
    let vendored = Message::new("attestation", "VendoredError", "", vendored);
    let packaging = samples!("packaging", explained PackagingError:
        Version { version: text("12644e614e25") },
        Architecture { format: PackageFormat::Rpm, architecture: text("riscv64") },
        OutputMissing { package: text("kubelet"), output: text("kubelet"), known: text("kubeadm") },
        Unreadable { path: RUNC.into(), source: system() },
        Changed { path: RUNC.into(), found: digest("2"), expected: digest("1") },
        Unwritable { path: "dist/runc.rpm".into(), source: system() },
        Manifest {
            package: text("runc"),
            source: json(),
        },
        Rpm { name: text("runc"), source: rpm::Error::Io(system()) },
    );
    let script = samples!("node_script", NodeScriptError:
        Manifest (PublishedError::Unreadable { path: "dist/manifest.json".into(), source: system() }),
        Binary { name: text("runc"), folder: RESULT.into(), source: unreadable() },
        Changed { path: RUNC.into(), found: digest("2"), expected: digest("1") },
        NotProven { path: RUNC.into() },
        Nothing { folder: RESULT.into() },
        Twice { name: text("runc") },
        Platforms { first: text("linux-amd64"), second: text("linux-arm64") },
        UnknownPlatform { platform: text("linux-riscv64") },
    );
    [
        artifacts,
        cache,
        verify,
        attest,
        key,
        package_keys(),
        repositories(),
        signature,
        audit,
    ]
    .into_iter()
    .flatten()
    .chain([vendored])
    .chain(packaging)
    .chain(script)
    .collect()
}

fn package_keys() -> Vec<Message> {
    samples!("attestation", explained PackageKeyError:
        Unreadable { path: "packages.key".into(), source: system() },
        Malformed { path: "packages.key".into(), wanted: "secret" },
        Public { path: "packages.key".into() },
        Several { path: "packages.key".into() },
        Protected { path: "packages.key".into() },
        Kind { path: "packages.key".into(), found: text("ECDSA") },
        Revoked { path: "packages.key".into() },
        Expired { path: "packages.key".into(), at: text("2025-01-01T00:00:00Z") },
        MayNotSign { path: "packages.key".into() },
        Nameless { path: "packages.key".into() },
        Damaged { path: "packages.key".into() },
        Writable { path: "packages.key".into(), mode: 0o666 },
    )
}

fn repositories() -> Vec<Message> {
    let rpm =
        || "dist/runc/v1.0.0-rc10/linux-amd64/runc-1.0.0-1000.0.rc10.nokmem.x86_64.rpm".into();
    samples!("delivery", explained RepositoryError:
        Problem {
            directory: "dist".into(),
            file: text("index.json"),
            problem: text("does not match SHA256SUMS"),
        },
        NoRelease { directory: RESULT.into() },
        OldRpm { name: text("el7") },
        NoPackages { kind: RepositoryKind::Yum, name: text("el7"), ending: ".rpm" },
        Unreadable { path: rpm(), source: system() },
        Changed { path: rpm(), found: digest("1"), expected: digest("2") },
        RpmHeader { path: rpm(), problem: "a header is cut short" },
        Rpm { path: rpm(), source: rpm::Error::NoHeaderDigestError },
        Deb { path: "runc.deb".into(), problem: text("it has no control file") },
        Unsigned { path: rpm(), key: digest("A") },
        Foreign {
            path: "dist/repositories/yum/el7".into(),
            key: digest("A"),
            problem: text("the signature of repomd.xml is by another key"),
        },
        Unwritable { path: "dist/repositories/yum/el7".into(), source: system() },
    )
}
