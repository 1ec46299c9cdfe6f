//! Warnings and notes.

use std::time::Duration;

use kmembuild::events::{Note, Warning};

use super::{Message, text};

const COMMIT: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

pub(super) fn messages() -> Vec<Message> {
    let mut all = samples!("warnings", remark Warning:
        Planned(text("a warning of the plan")),
        NotNeeded(text("v1.0.0"), text("since rc94 runc ignores all kernel-memory settings")),
        RunAsHostRoot(text("/usr/bin/runc"), text("unshare: unshare failed: No space left on device")),
        MemoryLimit(text("1.0 GiB"), text("4.0 GiB"), true)(text("1.0 GiB"), text("4.0 GiB"), false),
        Memory(text("1.9 GiB"), text("4.0 GiB"), true)(text("1.9 GiB"), text("4.0 GiB"), false),
        Disk(text("3.0 GiB"), text("20.0 GiB")),
        Vendor(text("v1.15.5-gke.1"), text("a build of Google"), text("v1.15.5")),
        CommitUnchecked(text("v1.0.0-rc10"), text("unknown")),
        ChangedSource(text("its commit is marked -dirty"), text("v1.0.0-rc10")),
        KnownHoles(text("v1.0.0-rc93 has a known hole: CVE-2021-30465; use upstream's newest release")),
        Unpinned(text("v1.16.5"), text("https://gitee.com/mirrors/Kubernetes.git")),
        ImageBuild(text("the package repository is not signed")),
        NoCredentials(text("registry.example.com"), text("docker-credential-desktop could not be run: No such file or directory")),
        RegistryAgain(text("registry.example"), text("answered 429"), text("push blob 0123456789ab"), Duration::from_secs(2)),
        NetworkOpen(text("local engine (Debian GNU/Linux 11 (bullseye))")),
        NoLimits(text("crun 1.8.1")),
        OutOfMemory(text("make")),
        LeftBehind(text("container 3f4a5b6c7d8e"), text("the engine did not answer for 1m")),
        BuilderLeft(text("the engine did not answer")),
        VendoredUnknown(text("line 3 names no module")),
        DebianLeftOut(text("kmembuild/runc-debian-bullseye:0123456789ab"), text("updates and security fixes")),
        NotNoted(text("No space left on device")),
        NotCached(text("No space left on device")),
        CacheTooLarge(text("Permission denied")),
        SharedCacheLeft(text("registry.example/team/cache"), text("could not fetch manifest 0123: registry.example stalled, no data for 30s")),
        SharedRefused(text("registry.example/team/cache"), text("it is signed as result 0123, not as result 4567")),
        NotShared(text("registry.example/team/cache"), text("interrupted")),
        JobWaits(text("kmembuild-runc-0123456789abcdef01234567"), text("0/3 nodes are available: 3 Insufficient memory.")),
        WorkAgain(text("the node of kmembuild-runc-0123456789abcdef01234567 was lost once, last worker-1")),
        JobLeft(text("kmembuild-runc-0123456789abcdef01234567")),
        CacheCorrupt(text("runc does not have the size that it was stored with")),
        CorruptKept(text("Permission denied")),
        RefutedKept(text("Permission denied")),
        OtherRecipe(text("runc")),
        OtherImage(text("image golang:1.13 was not found anywhere")),
        ExposedKey("release.key".into(), 0o644),
        NotForOldRpm,
        NoLongerSigned,
        ForeignResult("dist/runc/v1.0.0-rc9/linux-amd64".into()),
        ForeignFailure("dist/runc/v1.0.0-rc9/linux-amd64.failed".into()),
        ForeignRepository("dist/repositories/yum/el7".into()),
        ForeignFile(text("/root/.cache/kmembuild/results/notes.txt is not a directory")),
        Unreadable(text("the results in /root/.cache/kmembuild/results"), text("Permission denied")),
        EngineUnlisted(text("cannot reach the engine at unix:///var/run/docker.sock")),
        SizesUnknown(text("the engine did not answer")),
        InUse(text("3f4a5b6c7d8e")),
        NotRemoved(text("3f4a5b6c7d8e"), text("Permission denied")),
    );
    all.extend(samples!("notes", remark Note:
        Remark(text("a remark of the recipe on this version")),
        Waiting(text("run 5f3a (process 4711)"), text("builds into dist/runc/v1.0.0-rc10/linux-amd64")),
        GivenBuild(format!("version 1.0.0-rc10, commit {COMMIT}, amd64")),
        NotCompared(text("golang-github-opencontainers-runc-dev")),
        OtherArchitecture(text("arm64"), text("amd64")),
        EngineInstead(text("local engine (Debian GNU/Linux 11 (bullseye))"), text("no container engine answers at unix:///var/run/docker.sock: the socket does not exist")),
        ImagePresent(text("golang:1.13-buster")),
        MakingImage(text("kmembuild-run-check"), text("bookworm")),
        InsteadOf(text("https://github.com/opencontainers/runc"), text("https://git.example.com/mirrors/runc")),
        Client(text("docker:20.10")),
        Credentials(text("index.docker.io"), text("entry https://index.docker.io/v1/ of /root/.docker/config.json")),
        ImageBuild(text("the package repository is archived; using it without its expired signature")),
        Kept,
        Run(text("runc"), text("wrote no kernel-memory limit")),
        NotRun(text("runc"), text("the engine's machine has cgroup v2")),
        Cached(text("2026-11-28T13:08:39Z")),
        FromShared(text("registry.example/team/cache"), text("0123456789abcdef")),
        ToShared(text("registry.example/team/cache")),
        Pruned("dist/runc/v1.0.0-rc9/linux-amd64".into()),
        Pushed(text("registry.example/team/runc:v1.0.0-rc10"), format!("sha256:{}", "1".repeat(64))),
        FollowsJob(text("kmembuild-runc-0123456789abcdef01234567")),
        OnNode { node: text("worker-1"), waited: Duration::from_secs(3) },
        Unchanged,
    ));
    all
}
