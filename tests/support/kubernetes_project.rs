//! A small Go project with the outline of Kubernetes, in a bare repository on a real git server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::git_server::GitServer;
use super::shaped_project::{copy, git, remove_content};

/// How a release's libcontainer turns accounting on.
#[derive(Clone, Copy)]
enum Libcontainer {
    /// Always, as in runc v1.0.0-rc4.
    Always,
    /// Unless a build tag leaves it out.
    ByTag,
    /// Never.
    Ignored,
    /// No libcontainer at all.
    Missing,
}

/// How a release's scripts differ from those before.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Scripts {
    /// The linker's flags are passed on, set or not.
    First,
    /// Only when they are set, and flags for Go do not reach `go version`.
    FlagsAreMinded,
    /// The registry of the cross image has a default.
    RegistryHasDefault,
    /// buildx makes the image.
    Buildx,
}

/// A release: tag, libcontainer, VERSION of the cross image, scripts, whether it has hyperkube, and the FROM line with
/// what stands before it.
type Release = (
    &'static str,
    Libcontainer,
    &'static str,
    Scripts,
    bool,
    &'static str,
);

/// One release for every form that Kubernetes' own have had.
const RELEASES: [Release; 10] = [
    (
        "v1.8.15",
        Libcontainer::Always,
        "v1.8.3-2",
        Scripts::First,
        true,
        "FROM gcr.io/google_containers/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.13.12",
        Libcontainer::Always,
        "v1.11.13-1",
        Scripts::First,
        true,
        "FROM k8s.gcr.io/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.15.5",
        Libcontainer::ByTag,
        "v1.12.10-1",
        Scripts::First,
        true,
        "FROM k8s.gcr.io/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.17.17",
        Libcontainer::ByTag,
        "v1.13.15-1",
        Scripts::FlagsAreMinded,
        false,
        "FROM us.gcr.io/k8s-artifacts-prod/build-image/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.19.0",
        Libcontainer::ByTag,
        "v1.15.0-1",
        Scripts::First,
        false,
        "FROM k8s.gcr.io/build-image/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.20.0-rc.0",
        Libcontainer::ByTag,
        "v1.15.5-1",
        Scripts::FlagsAreMinded,
        false,
        "FROM k8s.gcr.io/build-image/kube-cross:KUBE_BUILD_IMAGE_CROSS_TAG",
    ),
    (
        "v1.20.15",
        Libcontainer::ByTag,
        "v1.15.15-legacy-1",
        Scripts::RegistryHasDefault,
        false,
        "ARG KUBE_BASE_IMAGE_REGISTRY\nARG KUBE_BUILD_IMAGE_CROSS_TAG\nFROM ${KUBE_BASE_IMAGE_REGISTRY}/kube-cross:${KUBE_BUILD_IMAGE_CROSS_TAG}",
    ),
    (
        "v1.21.1",
        Libcontainer::ByTag,
        "v1.16.4-1",
        Scripts::Buildx,
        false,
        "ARG KUBE_BASE_IMAGE_REGISTRY\nARG KUBE_BUILD_IMAGE_CROSS_TAG\nFROM ${KUBE_BASE_IMAGE_REGISTRY}/kube-cross:${KUBE_BUILD_IMAGE_CROSS_TAG}",
    ),
    (
        "v1.23.0",
        Libcontainer::Ignored,
        "v1.23.0-go1.17.3-bullseye.0",
        Scripts::Buildx,
        false,
        "ARG KUBE_CROSS_IMAGE\nARG KUBE_CROSS_VERSION\nFROM \"${KUBE_CROSS_IMAGE}:${KUBE_CROSS_VERSION}\"",
    ),
    (
        "v1.99.0",
        Libcontainer::Missing,
        "later",
        Scripts::Buildx,
        false,
        "FROM scratch AS nothing",
    ),
];

/// The project on its server, until dropped. Commits are the same whenever and wherever it is made.
pub struct KubernetesProject {
    folder: TempDir,
    server: GitServer,
}

impl KubernetesProject {
    /// Commits and tags the releases and serves them.
    pub fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("served");
        fs::create_dir(&root).expect("a folder to serve");
        let work = folder.path().join("work");
        git(folder.path(), &["init", "-q", "-b", "main", "work"]);
        for release in RELEASES {
            commit(&work, release);
        }
        let bare = ["clone", "-q", "--bare", "work", "served/kubernetes.git"];
        git(folder.path(), &bare);
        let server = GitServer::start(&root);
        Self { folder, server }
    }

    /// URL of the repository.
    pub fn url(&self) -> String {
        self.server.url("kubernetes.git")
    }

    /// Folder of the repository.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("served/kubernetes.git")
    }

    /// The commit behind a tag.
    pub fn commit(&self, tag: &str) -> String {
        git(&self.path(), &["rev-parse", &format!("{tag}^{{commit}}")])
    }
}

fn commit(work: &Path, (tag, libcontainer, version, scripts, hyperkube, from): Release) {
    remove_content(work);
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    copy(&fixtures.join("kubernetes/every-release"), work);
    if hyperkube {
        copy(&fixtures.join("kubernetes/hyperkube"), work);
    }
    let vendored = work.join("vendor/github.com/opencontainers/runc");
    match libcontainer {
        Libcontainer::Always => {
            copy(&fixtures.join("shaped/kmem-in-memory"), &vendored);
            let memory = vendored.join("libcontainer/cgroups/fs/memory.go");
            fs::write(memory, always_on()).expect("a written file");
        }
        Libcontainer::ByTag => copy(&fixtures.join("shaped/kmem-by-tag"), &vendored),
        Libcontainer::Ignored => copy(&fixtures.join("shaped/kmem-ignored"), &vendored),
        Libcontainer::Missing => {}
    }
    let image = work.join("build/build-image");
    let dockerfile = image.join("Dockerfile");
    let text = fs::read_to_string(&dockerfile).expect("the Dockerfile");
    fs::write(dockerfile, text.replace("@FROM@", from)).expect("a written file");
    fs::write(work.join("build/common.sh"), common_sh(scripts)).expect("a written file");
    let golang = work.join("hack/lib/golang.sh");
    let mut text = fs::read_to_string(&golang).expect("the script");
    if scripts >= Scripts::FlagsAreMinded {
        text += "go_version() { GOFLAGS='' go version; }\n";
    }
    fs::write(golang, text).expect("a written file");
    fs::create_dir_all(image.join("cross")).expect("a folder");
    fs::write(image.join("cross/VERSION"), format!("{version}\n")).expect("a written file");
    git(work, &["add", "-A"]);
    git(work, &["commit", "-q", "-m", tag]);
    git(work, &["tag", "-a", "-m", tag, tag]);
}

/// The lines of a common.sh that tell what the release's build script does.
fn common_sh(scripts: Scripts) -> String {
    let mut text = String::new();
    if scripts >= Scripts::RegistryHasDefault {
        text +=
            "KUBE_BASE_IMAGE_REGISTRY=\"${KUBE_BASE_IMAGE_REGISTRY:-k8s.gcr.io/build-image}\"\n";
    }
    if scripts >= Scripts::Buildx {
        text += "build() { docker buildx build --load \"$@\"; }\n";
    }
    let passed_on = "options+=(--env \"GOLDFLAGS=${GOLDFLAGS:-}\")\n";
    if scripts >= Scripts::FlagsAreMinded {
        text += &format!("if [[ -v GOLDFLAGS ]]; then {passed_on}fi\n");
    } else {
        text += passed_on;
    }
    text
}

/// A memory.go in which the shipped patch finds its lines where the real one has them.
fn always_on() -> String {
    let mut lines = vec![String::new(); 120];
    for (number, text) in [
        (1, "// Package fs writes to the files of a cgroup."),
        (2, "package fs"),
        (
            4,
            "import (\"io/ioutil\"; \"fmt\"; \"path/filepath\"; \"strconv\")",
        ),
        (
            6,
            "// Apply puts a process into a cgroup whose memory is limited.",
        ),
        (7, "func Apply(path string, pid int64) error {"),
        (
            8,
            "\tif err := EnableKernelMemoryAccounting(path); err != nil {",
        ),
        (9, "\t\treturn err"),
        (10, "\t}"),
        (
            11,
            "\ttcp := filepath.Join(path, \"memory.kmem.tcp.limit_in_bytes\")",
        ),
        (
            12,
            "\treturn ioutil.WriteFile(tcp, []byte(strconv.FormatInt(pid, 10)), 0700)",
        ),
        (13, "}"),
        (70, "func EnableKernelMemoryAccounting(path string) error {"),
        (71, "\t// Check if kernel memory is enabled"),
        (72, "\treturn setKernelMemory(path, 1)"),
        (73, "}"),
        (
            83,
            "func setKernelMemory(path string, kernelMemoryLimit int64) error {",
        ),
        (84, "\tif path == \"\" {"),
        (
            85,
            "\t\treturn fmt.Errorf(\"no path for %d\", kernelMemoryLimit)",
        ),
        (86, "\t}"),
        (
            87,
            "\tfile := filepath.Join(path, \"memory.kmem.limit_in_bytes\")",
        ),
        (
            88,
            "\treturn ioutil.WriteFile(file, []byte(strconv.FormatInt(kernelMemoryLimit, 10)), 0700)",
        ),
        (89, "}"),
    ] {
        text.clone_into(&mut lines[number - 1]);
    }
    lines.join("\n")
}
