//! Real inputs, to be changed: what this project ships, what compilers and tar write, and what programs print.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmembuild::artifacts::{
    self, IndexBuild, IndexFile, IndexHow, IndexKey, IndexResult, IndexRun, IndexStage,
    MANIFEST_FORMAT,
};
use kmembuild::attestation::{self, PAYLOAD_TYPE, SigningKey};
use kmembuild::checksum::sha256_hex;
use kmembuild::engine::ImageContent;
use kmembuild::facts::Facts;
use kmembuild::library::{Library, LoadedRecipe};
use kmembuild::lockfile::{LockedImage, LockedSource, Lockfile, render_lockfile};
use kmembuild::plan::{Request, canonical_json, make_plan};
use kmembuild::verify::inspect;
use serde_json::json;
use tempfile::TempDir;

use crate::fleet::documents::document;
use crate::support::index;

type Seeds = Vec<Vec<u8>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a directory of the project whose names end so, sorted.
fn files(directory: &str, ends: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![root().join(directory)]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the project") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn contents(directory: &str, ends: &[&str]) -> Seeds {
    let files = files(directory, ends).into_iter();
    files
        .map(|path| fs::read(path).expect("a file of the project"))
        .collect()
}

fn of(texts: &[&str]) -> Seeds {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Programs of several kinds, small and from a compiler.
pub fn programs() -> Seeds {
    static PROGRAMS: LazyLock<Seeds> = LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let source = directory.path().join("main.c");
        let code = "int puts(const char *); int main(void) { return puts(\"memory.kmem.limit_in_bytes\"); }";
        fs::write(&source, code).expect("written");
        let alone = directory.path().join("alone.c");
        fs::write(&alone, "void _start(void) { for (;;); }").expect("written");
        let kinds: [(&Path, &[&str]); 5] = [
            (&source, &["-Wl,-z,noseparate-code"]),
            (&source, &["-s", "-Wl,-z,noseparate-code", "-no-pie"]),
            (&source, &["-shared", "-fPIC", "-s"]),
            (
                &alone,
                &["-nostdlib", "-static", "-g", "-Wl,-z,noseparate-code"],
            ),
            (
                &alone,
                &[
                    "-nostdlib",
                    "-static-pie",
                    "-fPIE",
                    "-s",
                    "-Wl,-z,noseparate-code",
                ],
            ),
        ];
        let compiled = kinds.iter().map(|(source, flags)| {
            let program = directory.path().join("program");
            let status = Command::new("cc")
                .args(*flags)
                .arg("-o")
                .args([&program, *source])
                .status();
            assert!(status.expect("a C compiler").success(), "{flags:?}");
            fs::read(&program).expect("a program")
        });
        let mut programs: Seeds = compiled.collect();
        // The same for 32 bits, whose headers are others.
        programs.push(small());
        programs
    });
    PROGRAMS.clone()
}

/// A dynamic program of 32 bits that requires a library and a version of it.
fn small() -> Vec<u8> {
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let mut file = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 3, 0]);
    file.extend(words(&[1, 0x134, 52, 0, 0]));
    for half in [52_u16, 32, 3, 40, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    let strings = b"\0libc.so.6\0GLIBC_2.4\0/lib/ld-linux.so.2\0";
    let (dynamic, names, versions) = (148, 148 + 64, 148 + 64 + 48);
    let end = versions + 32;
    file.extend(words(&[1, 0, 0, 0, end, end, 5, 0x1000]));
    file.extend(words(&[2, dynamic, dynamic, dynamic, 64, 64, 4, 4]));
    file.extend(words(&[
        3,
        names + 21,
        names + 21,
        names + 21,
        19,
        19,
        4,
        1,
    ]));
    for entry in [
        [1, 1],
        [5, names],
        [10, 41],
        [0x6fff_fffe, versions],
        [0x6fff_ffff, 1],
        [0, 0],
        [0, 0],
        [0, 0],
    ] {
        file.extend(words(&entry));
    }
    file.extend(strings);
    file.resize(versions as usize, 0);
    file.extend([1, 0, 1, 0]);
    file.extend(words(&[1, 16, 0, 0x0d69_6914, 0x0002_0000, 11, 0]));
    file
}

/// Archives of images as docker, kaniko and others write them.
pub fn archives() -> Seeds {
    let config =
        r#"{"architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:1234"]}}"#;
    let digest = sha256_hex(config.as_bytes());
    let oci = format!(r#"{{"schemaVersion": 2, "config": {{"digest": "sha256:{digest}"}}}}"#);
    let oci_name = format!("blobs/sha256/{}", sha256_hex(oci.as_bytes()));
    let index = format!(
        r#"{{"manifests": [{{"digest": "sha256:{}"}}]}}"#,
        sha256_hex(oci.as_bytes())
    );
    let config_name = format!("blobs/sha256/{digest}");
    let saved = format!(r#"[{{"Config": "{config_name}", "RepoTags": ["x:1"], "Layers": ["l"]}}]"#);
    let long = "d/".repeat(80) + "file";
    [
        vec![
            ("manifest.json", saved.as_str()),
            (&config_name, config),
            (&long, "x"),
        ],
        vec![
            ("./l", "layer"),
            ("index.json", &index),
            (&oci_name, &oci),
            (&config_name, config),
        ],
    ]
    .map(|entries| {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, name, text.as_bytes())
                .expect("appended");
        }
        archive.into_inner().expect("an archive")
    })
    .into()
}

/// Dockerfiles.
pub fn dockerfiles() -> Seeds {
    let mut found = contents("tests/fixtures", &["Dockerfile"]);
    found.extend(of(&[
        "ARG GO=1.12\nARG BASE=golang:${GO}-stretch\nFROM --platform=linux/amd64 $BASE AS build\nFROM ${X:-debian} as x\nFROM build\nCOPY --from=x a b\n",
        "ARG A=0123456789012345678901234567890123456789\nARG B=$A$A$A$A\nFROM $A$A$A$A$A$A$A$A:${A}\nFROM ${A:-$B}$B\n",
    ]));
    found
}

fn loaded(name: &str) -> LoadedRecipe {
    Library::new(Vec::new())
        .load(name)
        .expect("a shipped recipe")
}

/// Names of the shipped patches, and of those of the tests' recipes.
pub fn patch_names() -> Vec<String> {
    let mut names = Vec::new();
    for directory in ["patches", "tests/fixtures/recipes/patches"] {
        for path in files(directory, &[".patch"]) {
            let path = path.strip_prefix(root().join(directory)).expect("below it");
            names.push(path.display().to_string());
        }
    }
    names
}

/// Recipes.
pub fn recipes() -> Seeds {
    let mut found = contents("tests/fixtures/recipes", &[".yaml"]);
    found.extend(contents("examples/custom-recipe", &[".yaml"]));
    found.extend(["runc", "runc-debian", "kubelet"].map(|name| {
        let path = root().join(format!("recipes/{name}.yaml"));
        fs::read(path).expect("a recipe")
    }));
    found
}

/// What is known of some versions of runc.
pub fn facts() -> Vec<Facts> {
    let read = |name: &str| {
        let text = fs::read(root().join("tests/fixtures/facts").join(name)).expect("facts");
        let mut facts: Facts = serde_json::from_slice(&text).expect("facts");
        let recipe = loaded(if name.contains("debian") {
            "runc-debian"
        } else {
            "runc"
        });
        facts.recipe_sha256 = recipe.sha256;
        // Of whatever recipe the patches are.
        let patches = patch_names().into_iter();
        facts.patches = patches
            .map(|file| (file.clone(), sha256_hex(file.as_bytes())))
            .collect();
        facts
    };
    [
        "runc/v1.0.0-rc4.json",
        "runc/v1.0.0-rc10.json",
        "runc/v1.0.0-rc93.json",
        "runc-debian/v1.0.0-rc93.json",
    ]
    .map(read)
    .into()
}

/// Plans of the shipped recipes.
pub fn plans() -> Seeds {
    let recipes = ["runc", "runc", "runc", "runc-debian"].map(loaded);
    let plans = recipes.iter().zip(facts()).map(|(loaded, facts)| {
        let plan = make_plan(&loaded.recipe, &Request::default(), &facts).expect("a plan");
        canonical_json(&plan).into_bytes()
    });
    plans.collect()
}

/// Known holes.
pub fn advisories() -> Seeds {
    contents("recipes/advisories", &[".yaml"])
}

/// Release files.
pub fn releases() -> Seeds {
    let mut found = contents("examples", &["release.yaml"]);
    found.extend(of(&[
        "format: 1\noutput: out\njobs: 2\nfail-fast: true\ndefaults:\n  arch: [amd64, arm64]\n  packages: [deb, rpm]\ntargets:\n- recipe: runc\n  range: \">=1.0.0-rc2, <=1.0.0-rc93\"\n  exclude:\n  - version: v1.0.0-rc2\n    arch: arm64\n  include:\n  - version: v1.0.0-rc93\n    variant: lean\n    image: lean\n- recipe: kubelet\n  versions: [v1.15.5]\n  debian-mirror: http://deb.debian.org/debian\n  timeout: 20m\n",
    ]));
    found
}

/// A lock file.
pub fn locks() -> Seeds {
    let mut lockfile = Lockfile::default();
    lockfile.recipes.insert("runc".to_owned(), "a".repeat(64));
    lockfile
        .patches
        .insert("runc/x.patch".to_owned(), "b".repeat(64));
    let source = LockedSource {
        urls: vec![
            "https://example.org/runc".to_owned(),
            "ssh://git@example.org/runc".to_owned(),
        ],
        commit: "c".repeat(40),
        tree: "d".repeat(40),
    };
    let sources = lockfile.sources.entry("runc".to_owned()).or_default();
    sources.insert("v1.0.0-rc10".to_owned(), source.clone());
    sources.insert("1.5e3".to_owned(), source);
    let image = LockedImage {
        config: format!("sha256:{}", "e".repeat(64)),
        content: ImageContent {
            layers: vec![format!("sha256:{}", "f".repeat(64))],
            environment: vec!["PATH=/bin".to_owned(), "X=: # \"no\"\n".to_owned()],
            architecture: "amd64".to_owned(),
        },
        manifests: vec![format!("golang@sha256:{}", "0".repeat(64))],
    };
    lockfile.images.insert("golang:1.12".to_owned(), image);
    vec![render_lockfile(&lockfile).expect("YAML").into_bytes()]
}

/// Configuration files.
pub fn configurations() -> Seeds {
    of(&[
        "format: 1\nmirrors: [mirror.example.com:5000/hub, \"[::1]:5000\"]\ndebian-mirror: http://deb.debian.org/debian\ncache-size: 20GiB\nstall-timeout: 30s\n",
        "format: 1\nstall-timeout: 90000000000\ncache-size: 5k\n",
    ])
}

/// A manifest with what was found in a real program.
pub fn manifests() -> Seeds {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("runc");
    fs::write(&path, &programs()[0]).expect("written");
    let findings = inspect(&path).expect("findings");
    let manifest = json!({
        "format": MANIFEST_FORMAT,
        "tool": "kmembuild 0.1.0",
        "recipe": {"name": "runc", "sha256": "1".repeat(64)},
        "recipe-origin": "built in",
        "plan-sha256": "2".repeat(64),
        "version": "v1.0.0-rc10",
        "platform": "linux-amd64",
        "class": null,
        "source": {"git": {
            "tag": "v1.0.0-rc10", "commit": "dc9208a3303feef5b3839f4323d9beb36df0a9dd", "tree": "00",
            "patched-tree": null, "url": "https://git.example/tool.git", "unmodified": true, "patches": [],
        }},
        "image": {
            "name": "x", "id": "sha256:00", "content": {"layers": [], "environment": [], "architecture": "amd64"},
            "repo-digests": [], "pulled": {}, "patches": [], "remarks": [], "packages": [],
        },
        "targets": [], "via": "make", "toolchain": null, "commands": [],
        "started-at": "2026-01-01T00:00:00Z", "built-at": "2026-01-01T00:01:00Z",
        "engine": "20.10", "warnings": [],
        "files": [{
            "name": "runc", "size": findings.size, "sha256": findings.sha256, "mode": "755",
            "findings": findings, "checks": [],
        }],
    });
    vec![manifest.to_string().into_bytes()]
}

/// An index of a release.
pub fn indexes() -> Seeds {
    let target = |version, result| index::target("runc", version, "linux-amd64", result);
    let files = vec![IndexFile {
        path: "runc".to_owned(),
        size: 1,
        sha256: "0".repeat(64),
    }];
    let published = IndexResult::Published {
        folder: "runc/v1/linux-amd64".to_owned(),
        files,
        build: Some(Box::new(IndexBuild {
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            built_at: "2026-01-01T00:01:00Z".to_owned(),
            recipe_sha256: "0".repeat(64),
            source: "commit 0".to_owned(),
            origin: "https://example.com".to_owned(),
            patches: vec!["a.patch".to_owned()],
            image: "golang".to_owned(),
            image_content: "0".repeat(64),
            toolchain: Some("1.15".to_owned()),
            known_holes: None,
            warnings: Vec::new(),
            binaries: Vec::new(),
        })),
    };
    let failed = IndexResult::Failed {
        exit_code: 4,
        message: "no".to_owned(),
    };
    let mut published = target("v1.0.0-rc10", published);
    published.how = Some(IndexHow::Built);
    published.changes = vec!["source: a -> b".to_owned()];
    published.stages = vec![IndexStage {
        name: "source".to_owned(),
        after: 3,
        milliseconds: 5,
        node: Some("worker-1".to_owned()),
        failed: false,
    }];
    let mut index = index::index(vec![published, target("v1.0.0-rc93", failed)]);
    index.run = Some(IndexRun {
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        milliseconds: 1000,
    });
    index.signed_by = Some(IndexKey {
        id: "0".repeat(64),
        signature: "SHA256SUMS.minisig".to_owned(),
    });
    vec![canonical_json(&index).into_bytes()]
}

/// Lists of sums.
pub fn checksums() -> Seeds {
    let names = [
        "index.json",
        "runc/v1.0.0-rc10/linux-amd64/runc",
        "runc/v1.0.0-rc10/linux-amd64/manifest.json",
    ];
    let sums: BTreeMap<_, _> = names
        .map(|name| (name.to_owned(), sha256_hex(name.as_bytes())))
        .into();
    vec![artifacts::checksum_file(&sums).into_bytes()]
}

/// What is signed in the seeds.
pub const SUMS: &[u8] = b"0000000000000000000000000000000000000000000000000000000000000000  runc\n";

/// The beginnings of private keys in PKCS#8; the key follows.
const PRIVATE: [&[u8]; 2] = [
    b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
    b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
];

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

/// A key of either kind, which sign nothing but this.
pub fn signing_keys() -> (TempDir, Vec<SigningKey>) {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = PRIVATE.iter().map(|begin| {
        let path = directory.path().join("key.pem");
        fs::write(&path, pem("PRIVATE KEY", &[*begin, &[7; 32]].concat())).expect("written");
        SigningKey::read(&path).expect("a key")
    });
    let keys = keys.collect();
    (directory, keys)
}

/// Key files.
pub fn keys() -> Seeds {
    let (_directory, keys) = signing_keys();
    let private = PRIVATE
        .iter()
        .map(|begin| pem("PRIVATE KEY", &[*begin, &[7; 32]].concat()));
    let public = keys.iter().map(|key| key.public().to_pem());
    let old = [pem(
        "EC PARAMETERS",
        b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
    )];
    private
        .chain(public)
        .chain(old)
        .map(String::into_bytes)
        .collect()
}

/// Signatures in all their forms.
pub fn signatures() -> Seeds {
    let (_directory, keys) = signing_keys();
    let sums = keys
        .iter()
        .map(|key| attestation::sign_checksums(SUMS, key));
    let envelopes = keys.iter().map(|key| {
        let envelope = attestation::sign(SUMS, PAYLOAD_TYPE, key);
        serde_json::to_string(&envelope).expect("JSON")
    });
    sums.chain(envelopes).map(String::into_bytes).collect()
}

/// Lists of vendored components.
pub fn vendored() -> Seeds {
    of(&[
        "# github.com/a/b v1.2.3\n## explicit\ngithub.com/a/b\ngithub.com/a/b/c\n# github.com/d/e v0.0.0-20190101000000-abcdefabcdef => ../e\ngithub.com/d/e\n# x => y v1\nx\n",
        "# OCI\ngithub.com/a/b v1.2.3\ngithub.com/c/d abcdef https://github.com/e/d.git # fork\n",
        r#"{"ImportPath": "k8s.io/kubernetes", "GoVersion": "go1.12", "Packages": ["./..."], "Deps": [{"ImportPath": "a/b", "Comment": "v1.0-12-gabcdef0", "Rev": "abcdef"}, {"ImportPath": "c", "Rev": "012"}]}"#,
    ])
}

/// What programs say of their versions.
pub fn reports() -> Seeds {
    let info = r#"version.Info{Major:"1", Minor:"15", GitVersion:"v1.15.5", GitCommit:"20c265fef0741dd71a66480e35bd69f18351daea", GitTreeState:"clean", BuildDate:"2019-10-15T19:07:57Z", GoVersion:"go1.12.10", Compiler:"gc", Platform:"linux/amd64"}"#;
    let both = format!("Client Version: {info}\nServer Version: {info}\n");
    let raw = format!("Kubernetes {info}\n");
    let mut found = of(&[
        &both,
        &raw,
        "Kubernetes v1.13.7-gke.24\n",
        "Client Version: v1.28.2\nKustomize Version: v5.0.4\nServer Version: v1.20.15-eks-fb459a0\n",
        "runc version 1.0.0-rc10\ncommit: dc9208a3303feef5b3839f4323d9beb36df0a9dd\nspec: 1.0.1-dev\n",
        "runc version 1.0.0~rc93+ds1\ncommit: 1.0.0~rc93+ds1-5+deb11u5\nspec: 1.0.2-dev\ngo: go1.15.15\nlibseccomp: 2.5.1\n",
        "runc version spec: 1.0.0\ncommit: v1.0.0-rc2-12-g2b18fe1-dirty\n",
        r#"{"clientVersion": {"major": "1"}, "serverVersion": {"major": "1", "minor": "15", "gitVersion": "v1.15.12-beta.0.9+abcdef0123456", "gitCommit": "20c265fef0741dd71a66480e35bd69f18351daea", "gitTreeState": "dirty", "platform": "linux/arm64"}}"#,
        r#"{"apiVersion": "v1", "kind": "Node", "status": {"nodeInfo": {"architecture": "amd64", "kubeletVersion": "v1.15.5", "operatingSystem": "linux"}}}"#,
        r#"{"kind": "List", "items": [{"status": {"nodeInfo": {"architecture": "amd64", "kubeletVersion": "v1.15.5"}}}, {"status": {"nodeInfo": {"architecture": "amd64", "kubeletVersion": "v1.15.5"}}}]}"#,
        r#"{"major": "1", "minor": "15+", "gitVersion": "v1.15.5-rc.1+k3s1", "gitCommit": "20c265f"}"#,
    ]);
    found.extend(of(&[
        "clientVersion:\n  gitVersion: v1.28.2\nserverVersion:\n  gitVersion: v1.15.5\n  major: \"1\"\n  platform: linux/amd64\n",
        "Client: Docker Engine\n Version: 19.03\n runc:\n  Version: 1.0.0-rc10\n",
    ]));
    found
}

/// What kernels say of themselves: mounts, controllers, release and command line, each ended by a null byte.
pub fn nodes() -> Seeds {
    let nodes = files("tests/fixtures/doctor", &["mountinfo"]).into_iter();
    let nodes = nodes.map(|mounts| {
        let node = mounts.parent().and_then(Path::parent).expect("a node");
        let read = |name: &str| fs::read(node.join(name)).unwrap_or_default();
        let parts = [
            "self/mountinfo",
            "cgroups",
            "sys/kernel/osrelease",
            "cmdline",
        ]
        .map(read);
        parts.join(&0)
    });
    nodes.collect()
}

/// Documents of nodes, on one line and on several.
pub fn fleets() -> Seeds {
    let states = ["leaks", "reboot-needed", "unknown", "cured", "not-affected"];
    let nodes =
        states.map(|state| document(&format!("node-{state}"), state, "2020-03-01T10:00:00Z"));
    let lines: String = nodes.iter().map(|node| format!("{node}\n")).collect();
    let pretty = nodes.map(|node| serde_json::to_string_pretty(&node).expect("JSON") + "\n");
    of(&[&lines, &pretty.concat()])
}

/// A runtime's command line and its configuration, with `\x01` between them.
pub fn runtimes() -> Seeds {
    of(&[
        "containerd\0--config\0/etc/x.toml\0PATH=/opt/kube/bin:/usr/bin\0\x01[plugins.cri.containerd.runtimes.runc.options]\nBinaryName = \"/opt/kube/bin/runc\"\n",
        "dockerd\0--add-runtime\0x=/usr/bin/runc-x\0-r=/a/runc\0\x01{\"runtimes\": {\"x\": {\"path\": \"/usr/bin/x\"}}, \"default-runtime\": \"x\"}",
        "crio\0--config=/etc/crio/x.conf\0\x01[crio.runtime.runtimes.runc]\nruntime_path = '/usr/lib/cri-o/runc'\nruntime_type = \"oci\"\n",
    ])
}

/// Measurements of `kmem watch`.
pub fn samples() -> Seeds {
    let head = "format,time,slab_caches,memory_cgroups,cgroups_found,cgroups_without_processes,cgroups_on,kernel_memory_bytes\n";
    let lines = "1,2020-03-01T10:00:00Z,400,20,20,4,12,0\n1,2020-03-01T10:01:00.250Z,430,25,,,,1000000\n1,2020-03-01T12:00:00+02:00,1,65535,3,2,1,18446744073709551615\n";
    let origin = "# tool: kmembuild 0.1.0\n# host: node-7\n# kernel: 3.10.0-1160.el7.x86_64\n# interval: 10s\n";
    of(&[
        &format!("{head}{lines}"),
        &format!("{origin}{head}{lines}"),
        &format!("{head}{}", lines.repeat(20)),
    ])
}

/// The shipped patches.
pub fn patches() -> Seeds {
    let mut found = contents("patches", &[".patch"]);
    found.extend(contents("tests/fixtures/recipes/patches", &[".patch"]));
    found.extend(of(&[
        "--- a/dir/ten\n+++ b/dir/ten\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n@@ -9,2 +9,3 @@ x\n nine\n ten\n+eleven\n",
        "diff --git a/open b/open\nindex 1..2 100644\n--- a/open\t2020\n+++ b/open\t2021\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n-- \n2.30.2\n\n",
        "--- a/dir/ten\n+++ b/dir/ten\n@@ -0,0 +1 @@\n+zero\n",
    ]));
    found
}

/// The files of the tree that is patched.
pub const PATCHED: [&str; 2] = ["dir/ten", "open"];

/// A tree in the store at `path`, for patches to change.
pub fn tree(path: &Path) -> String {
    let repository = git2::Repository::open_bare(path).expect("a store");
    let blob = |text: &str| repository.blob(text.as_bytes()).expect("a blob");
    let mut inner = repository.treebuilder(None).expect("a builder");
    let ten = blob("one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n");
    inner.insert("ten", ten, 0o100_644).expect("inserted");
    let inner = inner.write().expect("a tree");
    let mut outer = repository.treebuilder(None).expect("a builder");
    outer.insert("dir", inner, 0o040_000).expect("inserted");
    outer
        .insert("open", blob("a\nb"), 0o100_755)
        .expect("inserted");
    outer.write().expect("a tree").to_string()
}

/// Lines of strace.
pub fn traces() -> Seeds {
    of(&[
        "12 write(7</sys/fs/cgroup/memory/x/memory.limit_in_bytes>, \"1\", 1) = 1\n12 write(7</sys/fs/cgroup/memory/x/cgroup.procs>, \"12\", 2) = 2\n13 pwrite64(3</sys/fs/cgroup/memory/kubepods/memory.kmem.limit_in_bytes>, \"-1\", 2, 0) = 2\n",
        "writev(2<pipe:[1]>, [{iov_base=\"x\", iov_len=1}], 1) = 1\n14 +++ exited with 0 +++\n",
    ])
}

/// Words of all kinds, each on a line, and lines that act where they are shown.
pub fn texts() -> Seeds {
    of(&[
        "v1.0.0-rc10\n1.0.0\nv1.0.0-rc9\n>=1.0.0-rc2, <=1.0.0-rc93\n1.0.0~rc93+ds1-5+b2\n2:1.15~1\n",
        "runc\nkubelet\nlinux-amd64\ngolang:1.12-stretch\nquay.io/x/y@sha256:00\nlibseccomp-dev:arm64\nmirror.example.com:5000/hub\nhttp://deb.debian.org/debian\n",
        "a/b\n/go/src\n/usr/bin/runc\n../sbin/runc\nkube-build-data-{hash}\n512MiB\n4g\n1h 30m\n30\n1.5\n-ldflags=-w -trimpath\ngo version go([0-9.]+)\n((a{9}){9}){9}(b)\n",
        "https://user:secret@example.org/x?y#z\nssh://git@host/x\ngit@host:x\nfile:///x%20y\n",
        "::error file=a::x\n  ::add-mask::\n##[section]\nx\x1b[31mred\x1b[0m\u{202e}\u{9b}\r\n|a|b|\n[x](http://y) <b> `c` @all www.x.org\n",
    ])
}
