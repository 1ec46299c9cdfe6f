//! Errors of facts and of plans.

use kmembuild::facts::FactsError;
use kmembuild::library::Library;
use kmembuild::plan::{PlanError, RequestedImage, RequestedOption, ScriptLimit, refusal};
use kmembuild::recipe::{ImageWay, parse_recipe};
use kmembuild::source::SourceError;

use super::{Message, system, text};

pub(super) fn messages() -> Vec<Message> {
    let facts = samples!("facts", explained FactsError:
        Tree (SourceError::TreeRead {
            tree: text("2a1f9c3"),
            source: git2::Error::from_str("object not found"),
        }),
        ArchiveUnreadable { file: text("image.tar"), source: system() },
        NotAnArchive { file: text("image.tar"), reason: text("it must contain exactly one image") },
    );
    let plan = samples!("plan", explained PlanError:
        Architecture {
            recipe: text("runc"),
            architecture: text("s390x"),
            known: text("amd64, arm64"),
        },
        CrossBuild { recipe: text("runc-debian"), target: text("arm64"), engine: text("amd64") },
        ArchitectureOfTree {
            version: text("v1.8.0"),
            architecture: text("s390x"),
            looked_for: text("\"linux/s390x\" in hack/lib/golang.sh"),
        },
        CrossVersion {
            version: text("v1.20.15"),
            architecture: text("arm64"),
            versions: text("<1.20"),
        },
        Option {
            recipe: text("runc-debian"),
            option: RequestedOption::Static,
            reason: "its binaries are always linked statically",
        },
        Target
            {
                version: text("v1.20.15"),
                target: text("hyperkube"),
                looked_for: Some(text("cmd/hyperkube")),
                known: text("kubeadm, kubelet"),
            }
            {
                version: text("v1.20.15"),
                target: text("kubelte"),
                looked_for: None,
                known: text("kubeadm, kubelet"),
            },
        InContainer
            { asked: RequestedImage::Way(ImageWay::Lean) }
            { asked: RequestedImage::Name(text("golang:1.13")) }
            { asked: RequestedImage::Archive(text("sha256:0123")) },
        DebianImage {
            suite: text("bullseye"),
            recipe: text("kubelet"),
            version: text("v1.10.0"),
            versions: text(">=1.17, <1.21"),
        },
        ImageName
            { version: text("v1.15.5"), reason: text("the recipe does not define it") }
            {
                version: text("v1.15.5"),
                reason: text("\"kube-cross:$TAG\" expands to \"kube-cross:\", and \"kube-cross:\" is not an image name"),
            },
        ScriptOfTree { version: text("v1.8.0"), looked_for: text("build/run.sh") },
        OutputPath {
            output: text("kubelet"),
            reason: text("\"../kubelet\" is not a relative path that stays inside its directory"),
        },
        LimitOfScript { limit: ScriptLimit::Memory } { limit: ScriptLimit::Cpus },
        UnknownVersion
            {
                commit: text("12644e614e25b05da6fd08a38ffa0cfe1903fdec"),
                looked_for: text("no known tag points to it, and the tree has no version file"),
            },
        NoClass {
            recipe: text("runc"),
            version: text("v1.0.0"),
            looked_for: text("\n  build-tag requires a source tree with libcontainer/cgroups/fs/kmem.go\n  ignored requires a source tree with no \"KernelMemory\" in memory.go"),
        },
        NoPatch { recipe: text("runc"), version: text("v1.0.0-rc4"), class: text("source-patch") },
        NoOutputs { recipe: text("runc"), version: text("v0.1.1") },
        NotNeeded {
            recipe: text("runc"),
            version: text("v1.0.0"),
            reason: text("since rc94 runc ignores all kernel-memory settings"),
        },
        ImageWay { recipe: text("runc-debian"), way: text("lean"), known: text("debian") },
        NoBaseImage { version: text("v1.0.0"), dockerfile: text("Dockerfile") },
        Unset {
            place: text("the registry image's name"),
            version: text("v1.15.5"),
            names: text("cross_from (no line of build/build-image/Dockerfile matches ^FROM (.*))"),
        },
    );
    facts.into_iter().chain(plan).chain(refused()).collect()
}

/// What is said about each option by a recipe that does not support it.
fn refused() -> Vec<Message> {
    let own = include_str!("../fixtures/small-recipe.yaml");
    let own = parse_recipe("small.yaml", own, &[]).expect("a recipe");
    let library = Library::new(Vec::new());
    let debian = library.load("runc-debian").expect("a recipe").recipe;
    let refused = RequestedOption::ALL.into_iter().map(|option| {
        let error = refusal(&own, option).or_else(|| refusal(&debian, option));
        let error = error.unwrap_or_else(|| panic!("no recipe refuses {option}"));
        Message::explained("plan", "PlanError", "Option", error)
    });
    refused.collect()
}
