//! The content key changes with every field of a plan that can change the bytes of the result, and with no other.

use std::collections::{BTreeMap, BTreeSet};

use kmembuild::plan::{
    BaseImage, ImageContent, KnownHole, KnownHoles, Limits, Needs, PLAN_FORMAT, Plan, PlannedBuild,
    PlannedCache, PlannedDebian, PlannedFile, PlannedImage, PlannedOutput, PlannedPatch,
    PlannedScript, PlannedSource, PlannedStep, PlannedToolchain, RecipeIdentity, Via,
};
use kmembuild::recipe::{ImageWay, Network};
use kmembuild::verify::{Expectations, KmemExpectation, VersionExpectation};
use serde_json::Value;

/// The fields that do not change the key, as paths in the serialised plan. `*` is any entry of a list or a map;
/// `image/*` is every field of the image.
const NOT_IN_THE_KEY: [&str; 27] = [
    "architecture",
    "build/caches/*/name",
    "build/caches/*/path",
    "build/limits/memory",
    "build/limits/nano-cpus",
    "build/limits/timeout-seconds",
    "build/needs/could-save-memory",
    "build/needs/disk",
    "build/needs/memory",
    "build/script/client-below",
    "build/script/client-path",
    "build/script/client/candidates/*",
    "build/script/client/name",
    "build/script/containers/*",
    "build/script/image-name",
    "build/script/images/*",
    "format",
    "image/*",
    "known-holes/holes/*/escape",
    "known-holes/holes/*/id",
    "known-holes/holes/*/mended-in-package",
    "known-holes/holes/*/source",
    "known-holes/holes/*/summary",
    "known-holes/instead",
    "known-holes/unsupported-since",
    "remarks/*",
    "warnings/*",
];

/// The fields that change the key.
const IN_THE_KEY: [&str; 36] = [
    "build/files/*/path",
    "build/files/*/text",
    "build/network",
    "build/steps/*/command/*",
    "build/steps/*/environment/*",
    "build/steps/*/name",
    "build/toolchain/allowed",
    "build/toolchain/command/*",
    "build/toolchain/pattern",
    "build/toolchain/version",
    "build/via",
    "build/workdir",
    "class",
    "further-outputs/*",
    "outputs/*/expectations/architecture",
    "outputs/*/expectations/glibc-floor",
    "outputs/*/expectations/kmem",
    "outputs/*/expectations/static-linked",
    "outputs/*/expectations/version/arguments/*",
    "outputs/*/expectations/version/contains/*",
    "outputs/*/name",
    "outputs/*/path",
    "platform",
    "recipe/name",
    "recipe/sha256",
    "source/directory/package",
    "source/directory/path",
    "source/git/commit",
    "source/git/modified",
    "source/git/patches/*/file",
    "source/git/patches/*/sha256",
    "source/git/patches/*/summary",
    "source/git/tag",
    "source/git/tree",
    "targets/*",
    "version",
];

fn text(text: &str) -> String {
    text.to_owned()
}

fn texts(of: &str) -> Vec<String> {
    vec![text(of)]
}

fn map() -> BTreeMap<String, String> {
    BTreeMap::from([(text("NAME"), text("value"))])
}

fn base_image() -> BaseImage {
    BaseImage {
        name: text("golang:1.13"),
        candidates: texts("golang:1.13"),
    }
}

fn patch() -> PlannedPatch {
    PlannedPatch {
        file: text("a.patch"),
        sha256: "1".repeat(64),
        summary: text("why"),
    }
}

/// A plan in which every field has a value.
fn plan(source: PlannedSource, image: PlannedImage) -> Plan {
    Plan {
        format: PLAN_FORMAT,
        recipe: RecipeIdentity {
            name: text("runc"),
            sha256: "2".repeat(64),
        },
        version: text("v1.0.0"),
        platform: text("linux-amd64"),
        architecture: text("amd64"),
        class: Some(text("tag")),
        targets: texts("kubelet"),
        source,
        image,
        build: PlannedBuild {
            workdir: text("/go/src"),
            network: Network::None,
            caches: vec![PlannedCache {
                name: text("go"),
                path: text("/cache"),
            }],
            files: vec![PlannedFile {
                path: text("VERSION"),
                text: text("1"),
            }],
            toolchain: Some(PlannedToolchain {
                command: texts("go"),
                pattern: text("go(.*)"),
                version: text("1.13"),
                allowed: Some(text("1.14")),
            }),
            needs: Needs {
                memory: Some(1),
                disk: Some(1),
                could_save_memory: false,
            },
            limits: Limits {
                memory: Some(1),
                nano_cpus: Some(1),
                timeout_seconds: 1,
            },
            via: Via::Make,
            script: Some(PlannedScript {
                image_name: text("kube-build"),
                client: base_image(),
                client_path: text("/bin/docker"),
                client_below: 20,
                containers: texts("kube"),
                images: texts("kube"),
            }),
            steps: vec![PlannedStep {
                name: text("make"),
                command: texts("make"),
                environment: map(),
            }],
        },
        outputs: vec![PlannedOutput {
            path: text("/go/src/runc"),
            name: text("runc"),
            expectations: Expectations {
                kmem: Some(KmemExpectation::Off),
                static_linked: Some(true),
                architecture: Some(text("amd64")),
                glibc_floor: "2.17".parse().ok(),
                version: Some(VersionExpectation {
                    arguments: texts("--version"),
                    contains: texts("1.0.0"),
                }),
            },
        }],
        further_outputs: texts("/go/src/bin"),
        known_holes: Some(KnownHoles {
            holes: vec![KnownHole {
                id: text("CVE-2019-5736"),
                escape: true,
                summary: text("a container can overwrite runc"),
                source: text("https://example.org"),
                mended_in_package: Some(text("1.0-2")),
            }],
            unsupported_since: Some(text("2022-06-28")),
            instead: text("upgrade"),
        }),
        remarks: texts("by the way"),
        warnings: texts("careful"),
    }
}

/// A plan of each kind of source and of image.
fn plans() -> Vec<Plan> {
    let git = PlannedSource::Git {
        tag: Some(text("v1.0.0")),
        commit: "3".repeat(40),
        tree: "4".repeat(40),
        modified: 1,
        patches: vec![patch()],
    };
    let directory = PlannedSource::Directory {
        path: text("/usr/src"),
        package: text("golang-src"),
    };
    let images = [
        PlannedImage::Registry(base_image()),
        PlannedImage::Dockerfile {
            way: ImageWay::Upstream,
            bases: vec![base_image()],
            dockerfile: text("Dockerfile"),
            text: Some(text("FROM golang")),
            patches: vec![patch()],
            arguments: map(),
            identity: "5".repeat(64),
        },
        PlannedImage::Debian(PlannedDebian {
            suite: text("buster"),
            architectures: texts("amd64"),
            packages: texts("golang"),
            preferences: Some(text("Package: *")),
            links: map(),
            environment: map(),
            identity: "6".repeat(64),
        }),
        PlannedImage::Archive {
            image_id: text("sha256:7"),
        },
    ];
    let of_git = images.map(|image| plan(git.clone(), image));
    let of_directory = plan(directory, PlannedImage::Registry(base_image()));
    of_git.into_iter().chain([of_directory]).collect()
}

fn content() -> ImageContent {
    ImageContent {
        layers: texts("sha256:8"),
        environment: texts("PATH=/bin"),
        architecture: text("amd64"),
    }
}

/// The pointers of all fields that hold a single value. A field without a value could not be changed: it panics.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let child = |key: &str| format!("{pointer}/{key}");
    match value {
        Value::Object(fields) => {
            assert!(!fields.is_empty(), "{pointer} is empty");
            for (name, value) in fields {
                leaves(value, &child(name), found);
            }
        }
        Value::Array(entries) => {
            assert!(!entries.is_empty(), "{pointer} is empty");
            for (index, value) in entries.iter().enumerate() {
                leaves(value, &child(&index.to_string()), found);
            }
        }
        Value::Null => panic!("{pointer} has no value"),
        _ => found.push(pointer.to_owned()),
    }
}

/// Other values for a field; at least one of them is valid for it.
fn others(value: &Value) -> Vec<Value> {
    let words = ["run-sh", "make", "bridge", "open", "none", "lean", "2.28"];
    match value {
        Value::Bool(value) => vec![Value::Bool(!value)],
        Value::Number(number) => vec![Value::from(number.as_u64().expect("a whole number") + 1)],
        Value::String(value) => std::iter::once(format!("{value}x"))
            .chain(words.map(text))
            .filter(|other| other != value)
            .map(Value::String)
            .chain([Value::Null])
            .collect(),
        other => panic!("{other} is not a single value"),
    }
}

/// The plan with another value in one field.
fn changed(plan: &Value, pointer: &str) -> Plan {
    let read = |other: Value| {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer)? = other;
        let read: Plan = serde_json::from_value(plan.clone()).ok()?;
        // What was ignored while it was read is no change.
        (serde_json::to_value(&read).ok()? == plan).then_some(read)
    };
    let field = plan.pointer(pointer).expect("a field of the plan");
    others(field)
        .into_iter()
        .find_map(read)
        .unwrap_or_else(|| panic!("there is no other value for {pointer}: {field}"))
}

/// A pointer as it is in the tables above.
fn field(pointer: &str) -> String {
    if pointer.starts_with("/image/") {
        return text("image/*");
    }
    let lists = ["arguments", "environment", "links"];
    let mut parts: Vec<&str> = Vec::new();
    for part in pointer.trim_start_matches('/').split('/') {
        let is_entry = parts.last().is_some_and(|parent| lists.contains(parent));
        let is_index = part.bytes().all(|byte| byte.is_ascii_digit());
        parts.push(if is_entry || is_index { "*" } else { part });
    }
    parts.join("/")
}

#[test]
fn every_field_is_known_to_change_the_key_or_not() {
    let mut changing = BTreeSet::new();
    let mut unchanging = BTreeSet::new();
    for plan in plans() {
        let before = plan.content_key(&content());
        let plan = serde_json::to_value(&plan).expect("a plan in JSON");
        let mut pointers = Vec::new();
        leaves(&plan, "", &mut pointers);
        for pointer in pointers {
            let after = changed(&plan, &pointer).content_key(&content());
            let fields = if after == before {
                &mut unchanging
            } else {
                &mut changing
            };
            fields.insert(field(&pointer));
        }
    }
    let unchanging: Vec<_> = unchanging.iter().map(String::as_str).collect();
    assert_eq!(unchanging, NOT_IN_THE_KEY);
    let changing: Vec<_> = changing.iter().map(String::as_str).collect();
    assert_eq!(changing, IN_THE_KEY);
}

#[test]
fn the_content_of_the_image_changes_the_key() {
    let plan = &plans()[0];
    let ImageContent {
        layers,
        environment,
        architecture,
    } = content();
    let other = |change: &str| {
        let add = |name: &str, list: &[String]| {
            let further = (name == change).then(|| text("other"));
            list.iter().cloned().chain(further).collect::<Vec<_>>()
        };
        plan.content_key(&ImageContent {
            layers: add("layers", &layers),
            environment: add("environment", &environment),
            architecture: add("architecture", std::slice::from_ref(&architecture)).concat(),
        })
    };
    let names = ["", "layers", "environment", "architecture"];
    let keys: BTreeSet<_> = names.map(other).into_iter().collect();
    assert_eq!(keys.len(), names.len());
    assert!(keys.contains(&plan.content_key(&content())));
}
