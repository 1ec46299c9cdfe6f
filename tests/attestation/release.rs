//! A release folder of results that the whole binary built on the scripted engine.

use std::fs;
use std::path::{Path, PathBuf};

use kmembuild::artifacts::{
    BUILD_LOG, CHECKSUMS_MINISIG, ENVELOPE, IndexResult, MANIFEST, Manifest, PLAN, PROVENANCE,
    PackageVersion, SBOM, SHA256SUMS,
};
use kmembuild::attestation::{
    SigningKey, Subject, bill_of_materials, debian_components, modules_txt, say, sign_checksums,
    vendor_conf,
};
use kmembuild::checksum::sha256_hex;
use kmembuild::plan::Plan;

use super::openssl::pair;
use crate::scripted::place::{Place, platform};
use crate::support::checksums::write_checksums;
use crate::support::command::Finished;
use crate::support::index;

/// What lies beside the binaries as if it were a package of them.
pub const PACKAGE: &str = "tool_1.0.0.deb";

/// A signed release with one published target, one failed and one that is not needed.
pub struct Release {
    /// What it was built in.
    pub place: Place,
    /// The release folder.
    pub root: PathBuf,
    /// The folder of the published result.
    pub result: PathBuf,
    /// The private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
}

impl Release {
    /// Built, attested, signed and put into an index.
    pub fn new() -> Self {
        let place = Place::new();
        place.build(&[]).code(0);
        let (private, public) = pair(place.workplace.path(), "release", "ed25519");
        let root = place.workplace.path().join("dist");
        let result = place.result();
        fs::write(
            result.join(PACKAGE),
            "a package, as far as a digest can tell",
        )
        .unwrap();
        let release = Self {
            place,
            root,
            result,
            private,
            public,
        };
        release.attest(true);
        let failed = release
            .root
            .join("tool/v3.0.0")
            .join(platform() + ".failed");
        fs::create_dir_all(&failed).unwrap();
        fs::write(failed.join("build.log"), "make: *** Error 2\n").unwrap();
        release.index();
        release
    }

    /// The manifest of the published result.
    pub fn manifest(&self) -> Manifest {
        let text = fs::read(self.result.join(MANIFEST)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The plan of the published result.
    pub fn plan(&self) -> Plan {
        let text = fs::read(self.result.join(PLAN)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Writes what is said about the published result, and its checksums.
    pub fn attest(&self, signed: bool) {
        self.attest_by(signed.then_some(self.private.as_path()));
    }

    /// As [`Release::attest`], signed with another key.
    pub fn attest_with(&self, private: &Path) {
        self.attest_by(Some(private));
    }

    fn attest_by(&self, private: Option<&Path>) {
        let key = private.map(|private| SigningKey::read(private).unwrap());
        let mut components =
            modules_txt("# github.com/a/b v1.0.0 => ../b\ngithub.com/a/b\n").unwrap();
        components.extend(vendor_conf("github.com/a/c v2 https://example.org/c\n").unwrap());
        components.extend(vendor_conf("github.com/a/c v2\n").unwrap());
        components.extend(debian_components(&[PackageVersion {
            name: "libseccomp-dev".to_owned(),
            version: "2.5.1-1+deb11u1".to_owned(),
        }]));
        let further = [BUILD_LOG, PACKAGE].map(|name| Subject {
            name: name.to_owned(),
            sha256: sha256_hex(&fs::read(self.result.join(name)).unwrap()),
        });
        let sbom = bill_of_materials(&self.manifest(), &components, &self.result).unwrap();
        fs::write(self.result.join(SBOM), &sbom).unwrap();
        // The build wrote one without the package.
        for earlier in [PROVENANCE, ENVELOPE] {
            let _ = fs::remove_file(self.result.join(earlier));
        }
        let said = say(
            &self.manifest(),
            &self.plan(),
            &sbom,
            &further,
            key.as_ref(),
        );
        fs::write(self.result.join(said.name), said.text).unwrap();
        write_checksums(&self.result);
    }

    /// Writes the index, the top checksums and their signature.
    pub fn index(&self) {
        let target = |version, result| index::target("tool", version, &platform(), result);
        let folder = format!("tool/v1.0.0/{}", platform());
        let targets = vec![
            target("v1.0.0", index::published(&folder)),
            target(
                "v2.0.0",
                IndexResult::NotNeeded {
                    reason: "it ignores kernel memory".to_owned(),
                },
            ),
            target(
                "v3.0.0",
                IndexResult::Failed {
                    exit_code: 14,
                    message: "the step make failed".to_owned(),
                },
            ),
        ];
        index::write(&self.root, targets).unwrap();
        let key = SigningKey::read(&self.private).unwrap();
        let sums = fs::read(self.root.join(SHA256SUMS)).unwrap();
        let signature = sign_checksums(&sums, &key);
        fs::write(self.root.join(CHECKSUMS_MINISIG), signature).unwrap();
    }

    /// `kmembuild verify` of a folder with the public key.
    pub fn verify(&self, folder: &Path) -> Finished {
        let (folder, key) = (folder.to_str().unwrap(), self.public.to_str().unwrap());
        self.place.workplace.run(&["verify", folder, "--key", key])
    }

    /// All files of the release, by their paths in it, in order.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(&self.root).unwrap();
                    files.push(path.to_str().unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }
}
