//! A release whose source is on a git server and whose image is in a registry, and places where neither answers.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use git2::{IndexAddOption, Oid, Repository, Signature, Time};
use kmembuild::checksum::sha256_hex;
use kmembuild::transport::{
    Access, BlobSource, CONFIG_TYPE, Descriptor, Digest, Document, MANIFEST_TYPE, Manifest,
    Reference, Transport,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::support::command::{Finished, Workplace};
use crate::support::git_server::GitServer;
use crate::support::preflight::installed;
use crate::support::recorder::Recorder;
use crate::support::registry::Registry;
use crate::support::small_image::small_root;

/// Name of the recipe.
pub const RECIPE: &str = "carried";

const TEXT: &str = r#"
format: 1
name: carried
summary: a program and its source, in a small image
source:
  git:
    urls: ["UPSTREAM"]
    tags: {v1.0.0: FIRST, v1.1.0: SECOND}
architectures:
  amd64: {}
  arm64: {}
images:
  default: registry
  registry: {name: "IMAGE"}
build:
  workdir: /work/src
  network: none
  timeout: 5m
  steps:
    - name: script
      command: [sh, -c, "cp /bin/busybox tool && cat main.c numbers /etc/toolchain >>tool"]
outputs:
  - path: tool
"#;

const NETWORK: &str = r#"
nft add table inet closed && nft 'add chain inet closed out { type filter hook output priority 0; }' &&
nft 'add rule inet closed out counter' || exit 99
test -z "$(ip route)" || exit 98
"$@"
status=$?
nft list chain inet closed out >counter
exit $status
"#;

/// Where the network is.
pub struct OpenPlace {
    pub workplace: Workplace,
    pub image: String,
    pub server: GitServer,
    _registry: Registry,
    upstream: TempDir,
    commits: [String; 2],
}

impl OpenPlace {
    /// With a lock file of the first version.
    pub fn new() -> Self {
        let upstream = tempfile::tempdir().unwrap();
        let commits = make_upstream(&upstream.path().join("upstream"));
        let registry = Registry::start();
        let image = format!("{}/team/toolchain:1", registry.address);
        push_image(&image, "one\n");
        let place = Self {
            workplace: Workplace::new(),
            image,
            server: GitServer::start(upstream.path()),
            _registry: registry,
            upstream,
            commits,
        };
        place.write_recipe();
        place.write_release(&["v1.0.0"]);
        place.lock();
        place
    }

    fn write_recipe(&self) {
        let [first, second] = &self.commits;
        let text = TEXT
            .replace("UPSTREAM", &self.server.url("upstream/.git"))
            .replace("FIRST", first)
            .replace("SECOND", second)
            .replace("IMAGE", &self.image);
        self.workplace.write("recipes/carried.yaml", &text);
    }

    pub fn write_release(&self, versions: &[&str]) {
        let versions = versions.join(", ");
        let text = format!("format: 1\ntargets: [{{recipe: {RECIPE}, versions: [{versions}]}}]\n");
        self.workplace.write("release.yaml", &text);
    }

    pub fn lock(&self) {
        self.run(&["lock"]).code(0);
    }

    /// Runs a command with crun.
    pub fn run(&self, words: &[&str]) -> Finished {
        self.workplace.run(&with_crun(words))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workplace.path().join(name)
    }

    /// Ids of all objects of upstream's history.
    pub fn objects(&self) -> Vec<Oid> {
        let repository = Repository::open(self.upstream.path().join("upstream")).unwrap();
        let mut found = Vec::new();
        let database = repository.odb().unwrap();
        database
            .foreach(|id| {
                found.push(*id);
                true
            })
            .unwrap();
        found
    }

    pub fn commit(&self, index: usize) -> &str {
        &self.commits[index]
    }
}

fn with_crun<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [words, &["--runtime", "crun"]].concat()
}

/// A place without any network: a namespace that has no route, and counts every packet that is sent in it.
pub struct ClosedPlace {
    pub workplace: Workplace,
}

impl ClosedPlace {
    /// An empty one.
    pub fn new() -> Self {
        let workplace = Workplace::new();
        Self { workplace }
    }

    /// With a copy of that file of another place.
    pub fn bring(&self, file: &Path) -> &Self {
        let name = file.file_name().unwrap();
        fs::copy(file, self.path(name.to_str().unwrap())).unwrap();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workplace.path().join(name)
    }

    /// Runs a command with crun, and asserts that it did not send a single packet.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Finished {
        self.run_by(&with_crun(words))
    }

    /// The same with an engine that the words name.
    #[track_caller]
    pub fn run_by(&self, words: &[&str]) -> Finished {
        let mut command: Command = installed("unshare");
        let program = env!("CARGO_BIN_EXE_kmembuild");
        command.args(["--net", "sh", "-c", NETWORK, "sh", program]);
        installed("nft");
        let output = self.workplace.set_up(command, words).output();
        let finished = Finished::from(output.expect("unshare starts"));
        let counter = fs::read_to_string(self.path("counter"));
        let counter = counter.unwrap_or_else(|_| panic!("{finished:?}"));
        assert!(counter.contains("counter packets 0 bytes 0"), "{counter}");
        finished
    }

    /// The file of that version's result.
    pub fn result(&self, version: &str) -> String {
        tool(self.workplace.path(), version)
    }
}

/// What the steps made of a version.
pub fn tool(place: &Path, version: &str) -> String {
    let versions = place.join(format!("dist/{RECIPE}/{version}"));
    let platform = fs::read_dir(versions).expect("a result").flatten().next();
    let tool = fs::read(platform.expect("a platform").path().join("tool")).unwrap();
    // Behind the program.
    let at = tool
        .windows(14)
        .rposition(|window| window == b"int main(void)");
    String::from_utf8(tool[at.expect("the source")..].to_vec()).unwrap()
}

/// Two commits, one after the other, each with a tag.
fn make_upstream(folder: &Path) -> [String; 2] {
    let repository = Repository::init(folder).unwrap();
    let author = Signature::new("Upstream", "up@example.org", &Time::new(1_500_000_000, 0));
    let author = author.unwrap();
    let mut parents = Vec::new();
    for (number, tag) in ["v0.9.0", "v1.0.0", "v1.1.0"].iter().enumerate() {
        fs::write(
            folder.join("main.c"),
            format!("int main(void) {{ return {number}; }}\n"),
        )
        .unwrap();
        fs::create_dir_all(folder.join("deep/below")).unwrap();
        fs::write(folder.join("deep/below/file"), "the same in each\n").unwrap();
        // What cannot be compressed much.
        let numbers: String = (0..3000 + number)
            .map(|line| sha256_hex(&line.to_le_bytes()) + "\n")
            .collect();
        fs::write(folder.join("numbers"), numbers).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let before: Vec<_> = parents.last().into_iter().collect();
        let commit = repository.commit(Some("HEAD"), &author, &author, tag, &tree, &before);
        let commit = repository.find_commit(commit.unwrap()).unwrap();
        repository
            .tag(tag, commit.as_object(), &author, tag, false)
            .unwrap();
        parents.push(commit);
    }
    [1, 2].map(|index: usize| parents[index].id().to_string())
}

/// Pushes an image of two layers, compressed by gzip, whose toolchain says `text`.
pub fn push_image(image: &str, text: &str) {
    let reference = Reference::of_image(image).unwrap();
    let mut upper = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    upper
        .append_data(&mut header, "etc/toolchain", text.as_bytes())
        .unwrap();
    let layers = [small_root(), upper.into_inner().unwrap()];
    let digests = layers.each_ref().map(|layer| Digest::of(layer).to_string());
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let config = config.to_string().into_bytes();
    let config_blob = Descriptor::of(CONFIG_TYPE, &config);
    let mut blobs = vec![(config_blob.clone(), config)];
    for layer in layers {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&layer).unwrap();
        let packed = packed.finish().unwrap();
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        blobs.push((Descriptor::of(kind, &packed), packed));
    }
    let layers = blobs[1..].iter().map(|(blob, _)| blob.clone());
    let manifest = Document::from(Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: None,
        config: config_blob,
        layers: layers.collect(),
        subject: None,
        annotations: [].into(),
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (recorder, transport) = (Recorder::default(), Transport::default());
        let repository = transport
            .open(&reference.place, Access::Write, &recorder)
            .await;
        let repository = repository.unwrap();
        for (blob, bytes) in blobs {
            let source = BlobSource::Bytes(bytes.into());
            repository.put(&blob, &source, None).await.unwrap();
        }
        repository.put_document(&manifest, Some("1")).await.unwrap();
    });
}

/// SHA-256 of a file.
pub fn sum(path: &Path) -> Vec<u8> {
    Sha256::digest(fs::read(path).unwrap()).to_vec()
}

/// Names and contents of the entries of a bundle.
pub fn entries(bundle: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bundle);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        found.push((name, content));
    }
    found
}

/// An archive of these entries.
pub fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        // As it is, whatever it is.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, &content[..]).unwrap();
    }
    archive.into_inner().unwrap()
}
