//! The readers of what others wrote, each with what must hold for whatever they are given.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use kmembuild::artifacts::{self, Index, Manifest};
use kmembuild::attestation::{self, Envelope, PAYLOAD_TYPE, SigningKey, VerifyingKey};
use kmembuild::compare::differences;
use kmembuild::configuration::Configuration;
use kmembuild::facts::{Facts, SourceFacts, base_images, read_archive};
use kmembuild::fleet::{Documents, Fleet};
use kmembuild::harmless::{harmless, harmless_html, harmless_json, harmless_markdown};
use kmembuild::host::doctor::{
    Node, RuntimePlaces, judge_hierarchy, judge_kernel, judge_memory_cgroups,
};
use kmembuild::host::kmem::Recording;
use kmembuild::like;
use kmembuild::lockfile::{parse_lockfile, render_lockfile};
use kmembuild::plan::{
    BaseImage, Plan, PlannedImage, PlannedPatch, PlannedSource, Request, canonical_json, make_plan,
};
use kmembuild::recipe::{
    self, Architecture, ByteSize, CommitId, ContainerPath, Cpus, DebianMirror, DebianPackage,
    GoFlags, ImageName, InstallPath, LeftoverName, LinkTarget, Name, PackageName, Pattern,
    RegistryPrefix, RelativePath, Source, TimeSpan, Version, VersionRange, debian_order,
    natural_order,
};
use kmembuild::release::{KnownTags, expand, parse_release};
use kmembuild::report::{
    Closing, Series, Watched, fleet_text, fleet_verdict, json_document, watch_conclusion,
    watch_json, watch_metrics, watch_page, watch_summary,
};
use kmembuild::source::{Patch, Store, redacted};
use kmembuild::verify::{
    CgroupMaker, Expectations, Findings, KmemExpectation, TracedRun, inspect, judge, judge_trace,
    read_architecture,
};
use serde_json::Value;
use tempfile::TempDir;

use super::{carried, distribution, seeds};

/// Reads an input, and fails if something does not hold.
pub type Reader = Box<dyn FnMut(&[u8])>;

/// A reader: its name, what real ones look like, and what reads a changed one.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Real inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Makes what reads an input, and fails if something does not hold.
    pub reader: fn() -> Reader,
}

/// All of them.
pub const TARGETS: [Target; 31] = [
    Target {
        name: "elf",
        seeds: seeds::programs,
        reader: elf,
    },
    Target {
        name: "compare",
        seeds: seeds::programs,
        reader: compare,
    },
    Target {
        name: "archive",
        seeds: seeds::archives,
        reader: archive,
    },
    Target {
        name: "dockerfile",
        seeds: seeds::dockerfiles,
        reader: dockerfile,
    },
    Target {
        name: "recipe",
        seeds: seeds::recipes,
        reader: a_recipe,
    },
    Target {
        name: "advisories",
        seeds: seeds::advisories,
        reader: advisories,
    },
    Target {
        name: "release",
        seeds: seeds::releases,
        reader: release,
    },
    Target {
        name: "lock",
        seeds: seeds::locks,
        reader: lock,
    },
    Target {
        name: "configuration",
        seeds: seeds::configurations,
        reader: configuration,
    },
    Target {
        name: "plan",
        seeds: seeds::plans,
        reader: plan,
    },
    Target {
        name: "manifest",
        seeds: seeds::manifests,
        reader: manifest,
    },
    Target {
        name: "index",
        seeds: seeds::indexes,
        reader: index,
    },
    Target {
        name: "checksums",
        seeds: seeds::checksums,
        reader: checksums,
    },
    Target {
        name: "signature",
        seeds: seeds::signatures,
        reader: signature,
    },
    Target {
        name: "key",
        seeds: seeds::keys,
        reader: key,
    },
    Target {
        name: "vendored",
        seeds: seeds::vendored,
        reader: vendored,
    },
    Target {
        name: "like",
        seeds: seeds::reports,
        reader: a_report,
    },
    Target {
        name: "node",
        seeds: seeds::nodes,
        reader: node,
    },
    Target {
        name: "fleet",
        seeds: seeds::fleets,
        reader: fleet,
    },
    Target {
        name: "runtimes",
        seeds: seeds::runtimes,
        reader: runtimes,
    },
    Target {
        name: "samples",
        seeds: seeds::samples,
        reader: samples,
    },
    Target {
        name: "patch",
        seeds: seeds::patches,
        reader: patch,
    },
    Target {
        name: "trace",
        seeds: seeds::traces,
        reader: trace,
    },
    Target {
        name: "texts",
        seeds: seeds::texts,
        reader: texts,
    },
    Target {
        name: "reference",
        seeds: distribution::references,
        reader: distribution::reference,
    },
    Target {
        name: "document",
        seeds: distribution::documents,
        reader: distribution::document,
    },
    Target {
        name: "package-key",
        seeds: distribution::package_keys,
        reader: distribution::package_key,
    },
    Target {
        name: "package",
        seeds: distribution::packages,
        reader: distribution::package,
    },
    Target {
        name: "bundle",
        seeds: carried::bundles,
        reader: carried::bundle,
    },
    Target {
        name: "bundle-document",
        seeds: carried::bundle_documents,
        reader: carried::bundle_document,
    },
    Target {
        name: "node-file",
        seeds: carried::node_files,
        reader: carried::node_file,
    },
];

/// A directory in memory, and a file in it.
pub fn place(name: &str) -> (TempDir, PathBuf) {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let directory = directory.expect("a directory");
    let path = directory.path().join(name);
    (directory, path)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An error and all that is below it, as they are shown.
pub fn said(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        said = format!("{said}: {below}");
        source = below.source();
    }
    assert_harmless(&harmless(&said));
    // A message is for people, whatever it is about.
    assert!(said.len() < 2 << 20, "a message of {} bytes", said.len());
    said
}

fn assert_harmless(shown: &str) {
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!shown.contains(acts), "{shown:?}");
    let commands = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    assert!(!shown.lines().any(commands), "{shown:?}");
}

/// Whether a path stays in the directory that it is joined to.
pub fn stays(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty()
        && !path.contains('\0')
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// A word that a program takes for what it is, and not for an option.
pub fn assert_word(word: &str) {
    let wrong = word.is_empty() || word.starts_with('-') || word.contains(char::is_control);
    assert!(!wrong && !word.contains(' '), "{word:?}");
}

fn elf() -> Reader {
    let (directory, path) = place("runc");
    Box::new(move |bytes| {
        fs::write(&path, bytes).expect("written");
        let findings = inspect(&path).expect("a regular file");
        assert_eq!(findings.size, bytes.len() as u64);
        let text = serde_json::to_string(&findings).expect("JSON");
        // One mark of a program that needs 4096 libraries with the longest of all names.
        assert!(text.len() < 64 << 20);
        let again: Findings = serde_json::from_str(&text).expect("findings");
        assert_eq!(findings, again);
        let expectations = Expectations {
            kmem: Some(KmemExpectation::Off),
            static_linked: Some(true),
            architecture: Some("amd64".to_owned()),
            glibc_floor: "2.17".parse().ok(),
            version: None,
        };
        judge(&findings, None, &expectations);
        let architecture = read_architecture(&path).expect("a regular file");
        assert_eq!(architecture.is_ok(), findings.format.is_program());
        let _ = &directory;
    })
}

fn compare() -> Reader {
    let original = seeds::programs().swap_remove(0);
    Box::new(move |bytes| {
        for (first, second) in [(original.as_slice(), bytes), (bytes, original.as_slice())] {
            let found = differences(first, second);
            assert_eq!(found.is_empty(), first == second);
        }
        assert!(differences(bytes, bytes).is_empty());
    })
}

fn archive() -> Reader {
    let (directory, path) = place("image.tar");
    Box::new(move |bytes| {
        fs::write(&path, bytes).expect("written");
        match read_archive(&path) {
            Ok(image) => assert_eq!(image.id.len(), "sha256:".len() + 64),
            Err(error) => drop(said(&error)),
        }
        let _ = &directory;
    })
}

fn dockerfile() -> Reader {
    Box::new(|bytes| {
        let images = base_images(&text(bytes));
        let whole: usize = images.iter().map(String::len).sum();
        assert!(
            whole <= (bytes.len() * 4).max(1 << 20),
            "{whole} bytes of names"
        );
    })
}

fn a_recipe() -> Reader {
    let patches = seeds::patch_names();
    let facts: Vec<Facts> = seeds::facts();
    Box::new(move |bytes| {
        let text = text(bytes);
        let recipe = match recipe::parse_recipe("recipe.yaml", &text, &patches) {
            Ok(recipe) => recipe,
            Err(error) => return drop(said(&error)),
        };
        let is_git = matches!(recipe.source, Source::Git(_));
        let of_kind = |facts: &&Facts| matches!(facts.source, SourceFacts::Git(_)) == is_git;
        for facts in facts.iter().filter(of_kind) {
            match make_plan(&recipe, &Request::default(), facts) {
                Ok(plan) => assert_plan(&plan),
                Err(error) => drop(said(&error)),
            }
        }
    })
}

fn advisories() -> Reader {
    Box::new(|bytes| {
        if let Err(error) = recipe::parse_advisories("advisories.yaml", &text(bytes)) {
            said(&error);
        }
    })
}

fn release() -> Reader {
    let tags: Vec<Version> = ["v1.0.0-rc2", "v1.0.0-rc10", "v1.0.0-rc93", "v1.15.5"]
        .map(|tag| tag.parse().expect("a version"))
        .into();
    Box::new(move |bytes| {
        let text = text(bytes);
        let known = |_: &Name| Ok(KnownTags::Git(tags.iter().cloned().collect()));
        let read = parse_release("release.yaml", &text)
            .and_then(|release| expand("release.yaml", &text, &release, known));
        match read {
            Ok(targets) => {
                for target in targets {
                    assert_harmless(&harmless(&target.name(None, None)));
                    assert_word(target.recipe.as_str());
                    assert!(stays(target.recipe.as_str()));
                    let variant = target.variant.as_ref().map(Name::as_str);
                    assert!(variant.is_none_or(stays), "{variant:?}");
                }
            }
            Err(error) => drop(said(&error)),
        }
    })
}

fn lock() -> Reader {
    Box::new(|bytes| {
        let Ok(lockfile) = parse_lockfile("release.lock", &text(bytes)) else {
            return;
        };
        let written = render_lockfile(&lockfile).expect("YAML");
        let again = parse_lockfile("release.lock", &written);
        assert_eq!(again.as_ref(), Ok(&lockfile), "{written}");
        assert!(lockfile.drift(&lockfile).is_empty());
    })
}

fn configuration() -> Reader {
    let (directory, path) = place("config.yaml");
    Box::new(move |bytes| {
        fs::write(&path, bytes).expect("written");
        match Configuration::read(directory.path()) {
            Ok(read) => {
                for mirror in &read.mirrors {
                    assert_word(mirror.as_str());
                }
                if let Some(mirror) = &read.debian_mirror {
                    assert_word(mirror.as_str());
                }
                let stall = read.stall_timeout.map(|time| time.0);
                let end = std::time::Instant::now().checked_add(stall.unwrap_or_default());
                assert!(end.is_some(), "{stall:?}");
            }
            Err(error) => drop(said(&error)),
        }
    })
}

fn plan() -> Reader {
    Box::new(|bytes| {
        if let Ok(plan) = serde_json::from_slice::<Plan>(bytes)
            && plan.check().is_ok()
        {
            assert_plan(&plan);
        }
    })
}

/// What holds for a plan before anything is done with it.
fn assert_plan(plan: &Plan) {
    assert_eq!(plan.check(), Ok(()), "{}", canonical_json(plan));
    let text = canonical_json(plan);
    let again: Plan = serde_json::from_str(&text).expect("a plan");
    assert_eq!(canonical_json(&again), text);
    assert_eq!(again.check(), Ok(()));
    let words = [
        &plan.recipe.name,
        &plan.version,
        &plan.platform,
        &plan.architecture,
    ];
    for word in words {
        assert_word(word);
    }
    plan.targets.iter().for_each(|word| assert_word(word));
    assert!(stays(&plan.recipe.name) && stays(&plan.version) && stays(&plan.platform));
    let of_tree = |patches: &[PlannedPatch]| {
        assert!(
            patches.iter().all(|patch| stays(&patch.file)),
            "{patches:?}"
        );
    };
    match &plan.source {
        PlannedSource::Git {
            tag,
            commit,
            patches,
            ..
        } => {
            tag.iter()
                .chain([commit])
                .for_each(|word| assert_word(word));
            of_tree(patches);
        }
        PlannedSource::Directory { path, package } => {
            assert!(path.strip_prefix('/').is_some_and(stays), "{path:?}");
            assert_word(package);
        }
    }
    let base = |base: &BaseImage| {
        assert_word(&base.name);
        base.candidates.iter().for_each(|word| assert_word(word));
    };
    match &plan.image {
        PlannedImage::Registry(image) => base(image),
        PlannedImage::Dockerfile {
            bases,
            dockerfile,
            patches,
            ..
        } => {
            bases.iter().for_each(base);
            assert!(stays(dockerfile));
            of_tree(patches);
        }
        PlannedImage::Container { identity } => {
            if let Some(word) = identity {
                assert_word(word);
            }
        }
        PlannedImage::Debian(debian) => {
            assert_word(&debian.suite);
            debian.packages.iter().for_each(|word| assert_word(word));
            for path in debian.links.iter().flat_map(|(link, to)| [link, to]) {
                assert!(path.strip_prefix('/').is_some_and(stays), "{path:?}");
            }
        }
        PlannedImage::Archive { .. } => {}
    }
    for file in &plan.build.files {
        assert!(stays(&file.path), "{:?}", file.path);
    }
    for output in &plan.outputs {
        assert!(stays(&output.name), "{:?}", output.name);
        assert_word(&output.name);
    }
    let times = plan.build.limits.timeout_seconds;
    assert!(std::time::Duration::from_secs(times).as_secs() < 1 << 32);
}

fn manifest() -> Reader {
    Box::new(|bytes| {
        let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else {
            return;
        };
        if manifest.check().is_err() {
            return;
        }
        let text = canonical_json(&manifest);
        let again: Manifest = serde_json::from_str(&text).expect("a manifest");
        assert_eq!(canonical_json(&again), text);
        for word in [&manifest.recipe.name, &manifest.version, &manifest.platform] {
            assert_word(word);
            assert!(stays(word), "{word:?}");
        }
        for file in &manifest.files {
            assert_word(&file.name);
            assert!(stays(&file.name), "{:?}", file.name);
            assert!(file.permissions().is_some_and(|mode| mode <= 0o777));
        }
    })
}

fn index() -> Reader {
    Box::new(|bytes| {
        if let Ok(index) = serde_json::from_slice::<Index>(bytes) {
            let again: Index = serde_json::from_str(&canonical_json(&index)).expect("an index");
            assert_eq!(again, index);
        }
    })
}

fn checksums() -> Reader {
    Box::new(|bytes| {
        let text = text(bytes);
        if let Ok(sums) = artifacts::read_checksum_file(&text) {
            assert_eq!(artifacts::checksum_file(&sums), text);
        }
    })
}

fn signature() -> Reader {
    let (_directory, keys) = seeds::signing_keys();
    let public: Vec<VerifyingKey> = keys.iter().map(SigningKey::public).collect();
    let signed: Vec<String> = seeds::signatures()
        .iter()
        .map(|bytes| text(bytes))
        .collect();
    Box::new(move |bytes| {
        let read = text(bytes);
        for name in ["SHA256SUMS.minisig", "SHA256SUMS.sig"] {
            match attestation::verify_checksums(seeds::SUMS, name, &read, &public) {
                Ok(()) => assert!(signed.contains(&read), "{read:?}"),
                Err(error) => drop(said(&error)),
            }
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else {
            return;
        };
        match envelope.verify(&public) {
            Ok(payload) => {
                assert_eq!(payload, seeds::SUMS);
                assert_eq!(envelope.payload_type, PAYLOAD_TYPE);
            }
            Err(error) => drop(said(&error)),
        }
    })
}

fn key() -> Reader {
    let (directory, path) = place("key.pem");
    Box::new(move |bytes| {
        fs::write(&path, bytes).expect("written");
        match SigningKey::read(&path) {
            Ok(key) => drop(format!("{key:?} {}", key.public().to_pem())),
            Err(error) => drop(said(&error)),
        }
        match VerifyingKey::read_of_either(&path) {
            Ok((key, _)) => {
                let (other, pem) = (directory.path().join("public.pem"), key.to_pem());
                fs::write(&other, pem).expect("written");
                assert_eq!(VerifyingKey::read(&other).expect("a key"), key);
                attestation::minisign_public_key(&key);
            }
            Err(error) => drop(said(&error)),
        }
    })
}

fn vendored() -> Reader {
    Box::new(|bytes| {
        let text = text(bytes);
        for read in [
            attestation::modules_txt(&text),
            attestation::godeps_json(&text),
            attestation::vendor_conf(&text),
        ] {
            match read {
                Ok(components) => {
                    let empty = |component: &attestation::Component| component.name.is_empty();
                    assert!(!components.iter().any(empty));
                }
                Err(error) => drop(said(&error)),
            }
        }
    })
}

fn a_report() -> Reader {
    Box::new(|bytes| {
        let like = match like::read(bytes) {
            Ok(like) => like,
            Err(error) => return drop(said(&error)),
        };
        assert_harmless(&harmless(&like.to_string()));
        for force in [false, true] {
            match like.target(force) {
                Ok(target) => {
                    assert_upstream(&target.wanted);
                    if let Some(commit) = &target.commit {
                        let digits = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                        assert!(digits && (7..=40).contains(&commit.len()), "{commit:?}");
                    }
                }
                Err(error) => drop(said(&error)),
            }
        }
    })
}

/// A tag as upstream writes them, whose `v` may be missing, or the beginning of a commit.
fn assert_upstream(wanted: &str) {
    let is_commit =
        (7..=40).contains(&wanted.len()) && wanted.bytes().all(|c| c.is_ascii_hexdigit());
    let bare = wanted.strip_prefix('v').unwrap_or(wanted);
    let (numbers, suffix) = bare.split_once('-').unwrap_or((bare, "rc1"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let is_tag = numbers.split('.').all(number);
    let pre_release = ["alpha", "beta", "rc"]
        .iter()
        .find_map(|word| suffix.strip_prefix(word))
        .is_some_and(|rest| number(rest.strip_prefix('.').unwrap_or(rest)));
    assert!(is_commit || (is_tag && pre_release), "{wanted:?}");
}

fn node() -> Reader {
    Box::new(|bytes| {
        let text = text(bytes);
        let mut parts = text.split('\0').map(|part| Ok(part.to_owned()));
        let mut part = || parts.next().unwrap_or_else(|| Err("missing".to_owned()));
        let node = Node {
            mounts: part(),
            controllers: part(),
            kernel: part(),
            command_line: part(),
        };
        let lines = judge_kernel(&node);
        for line in lines
            .iter()
            .chain([&judge_hierarchy(&node), &judge_memory_cgroups(&node)])
        {
            assert_harmless(&harmless(&line.found));
        }
    })
}

fn runtimes() -> Reader {
    let (directory, _) = place("root");
    let (proc, root) = (directory.path().join("proc"), directory.path().join("root"));
    for folder in [
        "etc/containerd/conf.d",
        "etc/crio/crio.conf.d",
        "etc/docker",
    ] {
        fs::create_dir_all(root.join(folder)).expect("made");
    }
    let daemon = proc.join("1");
    fs::create_dir_all(&daemon).expect("made");
    fs::write(daemon.join("comm"), "containerd\n").expect("written");
    std::os::unix::fs::symlink(&root, daemon.join("root")).expect("linked");
    Box::new(move |bytes| {
        // The first part is the process, the rest is its configuration.
        let (process, file) = text(bytes)
            .split_once('\x01')
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .unwrap_or_default();
        fs::write(daemon.join("cmdline"), &process).expect("written");
        fs::write(daemon.join("environ"), &process).expect("written");
        for name in [
            "etc/containerd/config.toml",
            "etc/crio/crio.conf",
            "etc/docker/daemon.json",
        ] {
            fs::write(root.join(name), &file).expect("written");
        }
        let places = RuntimePlaces::read(&proc, &root);
        assert!(places.directories.iter().all(|path| path.is_absolute()));
        places.candidates(std::slice::from_ref(&root));
        let _ = &directory;
    })
}

fn fleet() -> Reader {
    Box::new(|bytes| {
        let mut documents = Documents::default();
        documents.add_stream("stream", bytes);
        for member in &documents.members {
            assert_word(&member.host);
            assert!(member.why.chars().count() <= 300, "{member:?}");
        }
        let hosts: BTreeSet<_> = documents.members.iter().map(|node| &node.host).collect();
        assert_eq!(hosts.len(), documents.members.len());
        let now = Timestamp::UNIX_EPOCH;
        let fleet = Fleet::of(documents);
        let all = fleet.totals.values().sum::<u64>();
        assert_eq!(all, fleet.nodes.len() as u64);
        let text = (fleet_text(&fleet, now, true, 120) + fleet_verdict(&fleet, now)).to_string();
        assert_harmless(&harmless(&text));
        let document = json_document(&fleet);
        assert!(serde_json::from_str::<Value>(&document).is_ok());
        assert_harmless(&document);
    })
}

fn samples() -> Reader {
    let (directory, path) = place("samples.csv");
    Box::new(move |bytes| {
        fs::write(&path, bytes).expect("written");
        let read = match Recording::read(&path) {
            Ok(read) => read,
            Err(error) => return drop(said(&error)),
        };
        let series = Series {
            label: "now<b>",
            origin: &read.origin,
            samples: &read.samples,
            live: false,
        };
        for earlier in [None, Some(series)] {
            let watched = Watched { series, earlier };
            let closing = Closing::new(watch_conclusion(watched));
            let page = watch_page(&closing.verdict.to_string(), watched);
            assert!(!page.contains("<b>") && !page.contains("NaN"));
            assert!(serde_json::from_str::<Value>(&watch_json(watched, &closing)).is_ok());
            for width in [80, 120] {
                watch_summary(watched, width);
            }
        }
        assert!(!watch_metrics(&series).contains("NaN"));
        let csv = read.to_csv().expect("CSV");
        fs::write(&path, csv).expect("written");
        assert_eq!(Recording::read(&path).expect("a recording"), read);
        let _ = &directory;
    })
}

fn patch() -> Reader {
    let (directory, path) = place("store.git");
    let store = Store::open(&path).expect("a store");
    let tree = seeds::tree(&path);
    Box::new(move |bytes| {
        let (name, text) = ("x.patch".to_owned(), text(bytes));
        match store.patch(&tree, &[Patch { name, text }]) {
            Ok(changed) => {
                let (before, after) = (store.tree(&tree), store.tree(&changed));
                let (before, after) = (before.expect("a tree"), after.expect("a tree"));
                // Patches edit; they make and remove nothing.
                for file in seeds::PATCHED {
                    assert!(
                        before.exists(file).expect("read") && after.exists(file).expect("read")
                    );
                }
            }
            Err(error) => drop(said(&error)),
        }
        let _ = &directory;
    })
}

fn trace() -> Reader {
    Box::new(|bytes| {
        let calls: Vec<String> = text(bytes).lines().map(str::to_owned).collect();
        for maker in [CgroupMaker::Runc, CgroupMaker::Kubelet] {
            for exit_code in [None, Some(0), Some(1)] {
                judge_trace(&TracedRun {
                    maker,
                    exit_code,
                    limit: std::time::Duration::from_mins(1),
                    calls: calls.clone(),
                    last_lines: calls.clone(),
                });
            }
        }
    })
}

fn texts() -> Reader {
    Box::new(|bytes| {
        let text = text(bytes);
        let shown = harmless(&text).into_owned();
        assert_harmless(&shown);
        assert_eq!(harmless(&shown), shown);
        let json = serde_json::to_string(&text).expect("JSON");
        let shown = harmless_json(&json);
        assert_harmless(&shown);
        assert_eq!(
            serde_json::from_str::<String>(&shown).ok().as_ref(),
            Some(&text)
        );
        let html = harmless_html(&text);
        assert!(!html.contains(['<', '>', '"', '\'']), "{html:?}");
        assert!(!harmless_markdown(&text).contains('\n'));
        let shown = redacted(&text);
        assert!(shown.len() <= text.len());
        for line in text.lines() {
            words(line);
        }
        order(&text);
    })
}

fn order(text: &str) {
    let lines: Vec<&str> = text.lines().take(3).collect();
    let [a, b, c] = lines[..] else { return };
    for order in [natural_order, debian_order] {
        assert_eq!(order(a, b), order(b, a).reverse(), "{a:?} {b:?}");
        assert!(order(a, a).is_eq(), "{a:?}");
        if order(a, b).is_le() && order(b, c).is_le() {
            assert!(order(a, c).is_le(), "{a:?} {b:?} {c:?}");
        }
    }
}

/// What is read as one word is one for every program, and is read again as the same.
fn words(line: &str) {
    fn again<T: std::str::FromStr + ToString>(line: &str) -> Option<String> {
        let read: T = line.parse().ok()?;
        let text = read.to_string();
        assert!(text.parse::<T>().is_ok(), "{text:?}");
        assert_eq!(text, line);
        Some(text)
    }
    for word in [
        again::<Name>(line),
        again::<Version>(line),
        again::<Architecture>(line),
        again::<CommitId>(line),
        again::<DebianMirror>(line),
        again::<DebianPackage>(line),
        again::<ImageName>(line),
        again::<LeftoverName>(line),
        again::<PackageName>(line),
        again::<RegistryPrefix>(line),
        again::<InstallPath>(line),
    ]
    .into_iter()
    .flatten()
    {
        assert_word(&word);
    }
    again::<LinkTarget>(line);
    if let Some(path) = again::<RelativePath>(line) {
        assert!(stays(&path), "{path:?}");
    }
    if let Some(path) = again::<ContainerPath>(line) {
        assert!(stays(&path[1..]), "{path:?}");
    }
    if let Ok(range) = line.parse::<VersionRange>() {
        assert!(range.to_string().parse::<VersionRange>().is_ok());
    }
    if let Ok(pattern) = line.parse::<Pattern>() {
        pattern.find(line);
    }
    if let Ok(size) = line.parse::<ByteSize>() {
        assert!(i64::try_from(size.0).is_ok() && size.0 > 0);
    }
    if let Ok(time) = line.parse::<TimeSpan>() {
        // Added to every clock that there is.
        assert!(std::time::Instant::now().checked_add(time.0).is_some());
        assert!(
            std::time::SystemTime::now()
                .checked_add(time.0 + time.0)
                .is_some()
        );
    }
    if let Ok(cpus) = line.parse::<Cpus>() {
        assert!(cpus.0 > 0);
    }
    drop(line.parse::<GoFlags>());
}
