//! Every form that Kubernetes' releases have had, read from small trees of the same form.

use std::collections::BTreeMap;

use kmembuild::checksum::sha256_hex;
use kmembuild::facts::{Facts, GitFacts, SourceFacts, read_tree};
use kmembuild::plan::{PlanError, Request, RequestedOption, ScriptLimit, Via};
use kmembuild::recipe::{BuildOption, ImageWay};
use kmembuild::source::{FetchRequest, Store};
use tokio_util::sync::CancellationToken;

use super::case::{Case, shipped};
use crate::support::golden::assert_golden;
use crate::support::kubernetes_project::KubernetesProject;
use crate::support::recorder::Recorder;

/// A case and a change of one of its inputs.
type Change = (&'static str, fn(&mut Case));

/// kubelet at `tag` of the small project, for the engine's own architecture, amd64.
pub(super) fn kubelet(tag: &str) -> Case {
    let project = KubernetesProject::serve();
    let loaded = shipped("kubelet");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(folder.path()).expect("a store");
    let request = FetchRequest {
        urls: vec![project.path().display().to_string()],
        wanted: tag.to_owned(),
        pins: [].into(),
        upstream: None,
        unpinned: true,
        stall: std::time::Duration::from_mins(1),
        refresh: false,
        offline: false,
        skip_moved: false,
    };
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let served = tokio::runtime::Runtime::new()
        .expect("a runtime starts")
        .block_on(store.fetch(&request, &recorder, &cancel))
        .expect("the tag is there");
    let tree = store.tree(&served.tree).expect("the tree is there");
    let patches = loaded.patches.iter();
    Case {
        facts: Facts {
            recipe_sha256: loaded.sha256.clone(),
            patches: patches
                .map(|(file, text)| (file.clone(), sha256_hex(text.as_bytes())))
                .collect(),
            source: SourceFacts::Git(GitFacts {
                tag: served.tag,
                commit: served.commit,
                tree: served.tree,
                commit_time: served.commit_time,
                files: read_tree(&loaded.recipe, &tree).expect("the tree can be read"),
            }),
            engine_architecture: "amd64".to_owned(),
            image_archive: None,
            container: None,
        },
        recipe: loaded.recipe,
        request: Request::default(),
    }
}

#[track_caller]
fn golden(name: &str, case: &Case) {
    assert_golden("plans", &format!("kubelet-{name}"), &case.golden());
}

#[test]
fn releases_without_a_switch_are_patched() {
    golden("v1.8.15", &kubelet("v1.8.15"));
    golden("v1.13.12", &kubelet("v1.13.12"));
}

#[test]
fn releases_with_the_build_tag_are_built_unchanged() {
    for tag in ["v1.15.5", "v1.17.17", "v1.19.0", "v1.20.15", "v1.21.1"] {
        golden(tag, &kubelet(tag));
    }
}

#[test]
fn a_candidate_says_that_it_is_one() {
    golden("v1.20.0-rc.0", &kubelet("v1.20.0-rc.0"));
}

#[test]
fn releases_that_ignore_kernel_memory_need_no_build() {
    let case = kubelet("v1.23.0");
    let refusal = case.refusal().to_string();
    assert!(
        refusal.contains("since 1.21.2 its libcontainer ignores"),
        "{refusal}"
    );
    let forced = case.asking(|request| request.force = true);
    golden("v1.23.0-forced", &forced);
}

#[test]
fn a_tree_of_no_known_form_is_refused_with_what_was_looked_for() {
    let refusal = kubelet("v1.99.0").refusal();
    let PlanError::NoClass { looked_for, .. } = &refusal else {
        panic!("{refusal}");
    };
    for class in [
        "build-tag requires",
        "source-patch requires",
        "ignored requires",
    ] {
        assert!(looked_for.contains(class), "{looked_for}");
    }
}

#[test]
fn an_image_whose_name_cannot_be_told_is_refused_with_what_was_looked_for() {
    let mut case = kubelet("v1.15.5");
    case.git().files.read.remove("cross_from");
    let refusal = case.refusal().to_string();
    assert!(
        refusal.contains("no line of build/build-image/Dockerfile matches ^FROM"),
        "{refusal}"
    );

    let mut case = kubelet("v1.15.5");
    let read = &mut case.git().files.read;
    read.insert("cross_from".to_owned(), "${KUBE_NEW_NAME}:1".to_owned());
    let refusal = case.refusal().to_string();
    assert!(refusal.contains("\"${KUBE_NEW_NAME}:1\""), "{refusal}");
}

#[test]
fn upstreams_own_script_is_driven_with_the_same_environment() {
    let script = |case: Case| case.asking(|request| request.via = Via::RunSh);
    golden("v1.15.5-run-sh", &script(kubelet("v1.15.5")));
    let debian = script(kubelet("v1.20.15")).asking(|request| {
        request.image = Some(ImageWay::Debian);
        request.allow_toolchain = Some("1.15".to_owned());
    });
    golden("v1.20.15-run-sh-debian", &debian);
    let limited = script(kubelet("v1.15.5")).asking(|request| request.memory = Some(1 << 30));
    assert!(matches!(
        limited.refusal(),
        PlanError::LimitOfScript {
            limit: ScriptLimit::Memory
        }
    ));
}

#[test]
fn every_option_reaches_the_plan() {
    let case = kubelet("v1.15.5").asking(|request| {
        request.architecture = Some("arm64".parse().expect("an architecture"));
        request.targets = ["hyperkube", "kubelet", "hyperkube"]
            .map(|name| name.parse().expect("a name"))
            .to_vec();
        request.options = [
            BuildOption::Static,
            BuildOption::LowMemory,
            BuildOption::AllOutputs,
        ]
        .into();
        request.goflags = Some("-race -x".to_owned());
        request.allow_toolchain = Some("1.12".to_owned());
        request.jobs = Some(3);
        request.mirrors = vec!["mirror.example/k8s".parse().unwrap()];
    });
    golden("v1.15.5-options", &case);
}

#[test]
fn what_a_release_cannot_do_is_refused() {
    let arm64 = |tag: &str| {
        kubelet(tag).asking(|request| {
            request.architecture = Some("arm64".parse().expect("an architecture"));
        })
    };
    arm64("v1.13.12").plan();
    let refusal = arm64("v1.8.15").refusal();
    assert!(
        matches!(refusal, PlanError::CrossVersion { .. }),
        "{refusal}"
    );
    let mut unsupported = arm64("v1.13.12");
    unsupported.git().files.texts.remove("hack/lib/golang.sh");
    let refusal = unsupported.refusal().to_string();
    assert!(
        refusal.contains("\"linux/arm64\" in hack/lib/golang.sh"),
        "{refusal}"
    );

    let script = |tag: &str| kubelet(tag).asking(|request| request.via = Via::RunSh);
    script("v1.20.15").plan();
    let refusal = script("v1.21.1").refusal().to_string();
    assert!(
        refusal.contains("no \"buildx\" in build/common.sh"),
        "{refusal}"
    );
}

#[test]
fn targets_are_those_of_the_tree() {
    let asking = |tag: &str, target: &str| {
        let target = target.parse().expect("a name");
        kubelet(tag).asking(|request| request.targets = vec![target])
    };
    asking("v1.15.5", "hyperkube").plan();
    let refusal = asking("v1.20.15", "hyperkube").refusal().to_string();
    assert_eq!(
        refusal,
        "v1.20.15 has no target hyperkube (its source tree has no cmd/hyperkube); available targets: kubeadm, kubelet"
    );
    let refusal = asking("v1.20.15", "kubelte").refusal().to_string();
    assert_eq!(
        refusal,
        "v1.20.15 has no target kubelte; available targets: kubeadm, kubelet"
    );
}

#[test]
fn a_debian_image_is_for_the_releases_that_its_go_is_upstreams_for() {
    let debian = |tag: &str| kubelet(tag).asking(|request| request.image = Some(ImageWay::Debian));
    debian("v1.20.15").plan();
    for tag in ["v1.17.17", "v1.21.1"] {
        let refusal = debian(tag).refusal();
        assert!(
            matches!(refusal, PlanError::DebianImage { .. }),
            "{tag}: {refusal}"
        );
    }
}

#[test]
fn what_a_recipe_does_not_heed_is_refused() {
    let runc = || Case::runc("v1.0.0-rc10");
    for (case, option) in [
        (
            runc().asking(|request| request.options = [BuildOption::Static].into()),
            RequestedOption::Static,
        ),
        (
            runc().asking(|request| request.options = [BuildOption::LowMemory].into()),
            RequestedOption::LowMemory,
        ),
        (
            runc().asking(|request| request.options = [BuildOption::AllOutputs].into()),
            RequestedOption::AllOutputs,
        ),
        (
            runc().asking(|request| request.goflags = Some("-x".to_owned())),
            RequestedOption::GoFlags,
        ),
        (
            runc().asking(|request| request.allow_toolchain = Some("1".to_owned())),
            RequestedOption::Toolchain,
        ),
        (
            runc().asking(|request| request.via = Via::RunSh),
            RequestedOption::RunSh,
        ),
        (
            runc().asking(|request| request.targets = vec!["runc".parse().expect("a name")]),
            RequestedOption::Targets,
        ),
    ] {
        let refusal = case.refusal();
        assert!(
            matches!(&refusal, PlanError::Option { option: found, .. } if *found == option),
            "{option:?}: {refusal}"
        );
    }
}

#[test]
fn every_input_that_matters_changes_the_digest() {
    let changes: [Change; 10] = [
        ("nothing", |_| {}),
        ("the tag of the image", |case| {
            let read = &mut case.git().files.read;
            read.insert("cross_tag".to_owned(), "v1.12.11-1".to_owned());
        }),
        ("the Go of the image", |case| {
            let read = &mut case.git().files.read;
            read.insert("cross_go".to_owned(), "1.12.11".to_owned());
        }),
        ("targets", |case| {
            case.request.targets = vec!["kubeadm".parse().expect("a name")];
        }),
        ("static", |case| {
            case.request.options = [BuildOption::Static].into();
        }),
        ("low memory", |case| {
            case.request.options = [BuildOption::LowMemory].into();
        }),
        ("all outputs", |case| {
            case.request.options = [BuildOption::AllOutputs].into();
        }),
        ("flags", |case| case.request.goflags = Some("-x".to_owned())),
        ("toolchain", |case| {
            case.request.allow_toolchain = Some("1.15".to_owned());
        }),
        ("script", |case| case.request.via = Via::RunSh),
    ];
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let unchanged = kubelet("v1.15.5");
    for (name, change) in changes {
        let mut case = unchanged.clone();
        change(&mut case);
        if let Some(same) = seen.insert(case.plan().digest(), name) {
            panic!("{name} and {same} give one plan");
        }
    }
}
