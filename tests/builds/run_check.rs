//! Programs that are run on the engine to be judged by what they write; the real runcs are in `runc_debian`, the real
//! kubelets in `kubelet`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::build_place::BuildPlace;
use crate::support::command::{Finished, Workplace};
use crate::support::docker_command::{containers_of, docker_succeeds};
use crate::support::preflight::installed;
use crate::support::run_check::assert_run;
use crate::support::running::Running;
use crate::support::scripted_engine::{Script, ScriptedEngine};
use crate::support::toolchain_image::{alone, toolchain_image};
use rustix::process::Signal;

/// Compiles a program that says its version, and does this when it is asked for anything else.
fn compile(place: &Workplace, name: &str, version: &str, code: &str) -> PathBuf {
    let path = place.path().join(name);
    let text = format!(
        "#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n#include <fcntl.h>\n#include <sys/stat.h>\n\
         #include <sys/mount.h>\n#include <sys/sysmacros.h>\n#include <signal.h>\n\
         static void put(const char *file, const char *text) {{\n\
           int fd = open(file, O_WRONLY);\n\
           if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(file);\n\
           close(fd);\n\
         }}\n\
         int main(int count, char **words) {{\n\
           if (count == 2 && !strcmp(words[1], \"--version\")) {{ puts(\"{version}\"); return 0; }}\n\
           {code}\n\
           return 0;\n\
         }}\n"
    );
    let source = place.write(&format!("{name}.c"), &text);
    let compiled = installed("cc")
        .args(["-static", "-o"])
        .args([&path, &source])
        .output();
    let compiled = compiled.expect("a C compiler is needed, as for the tool itself");
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    path
}

/// Judges a program by running it.
fn run(place: &Workplace, file: &Path) -> Finished {
    let file = file.display().to_string();
    place.run(&["verify", "--run", &file, "--format", "json"])
}

const GROUP: &str = "/sys/fs/cgroup/memory/kmembuild-test";
const MARK: &str = "static const char *mark __attribute__((used)) = \
     \"kernel memory accounting disabled in this runc build\";";

#[test]
fn what_a_program_writes_weighs_more_than_what_is_in_it() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    // Its marks are those of a quiet build, and it accounts all the same. The file's name is put together as it runs.
    let liar = format!(
        "{MARK} mkdir(\"{GROUP}\", 0755); put(\"{GROUP}/memory.limit_in_bytes\", \"67108864\"); \
         char file[200]; sprintf(file, \"%s/memory.%s.limit_in_bytes\", \"{GROUP}\", \"kmem\"); put(file, \"1\"); \
         rmdir(\"{GROUP}\");"
    );
    let liar = compile(&place, "liar", "runc version 1.0.0-rc10", &liar);
    let finished = run(&place, &liar).code(16);
    assert!(
        finished.stdout.contains("off by the nokmem tag"),
        "{}",
        finished.stdout
    );
    assert_run(
        &finished,
        "on: it turned kernel-memory accounting on",
        "/memory.kmem.limit_in_bytes>, \"1\", 1",
    );
    let idle = format!("{MARK} puts(\"nothing to do\");");
    let idle = compile(&place, "idle", "runc version 1.0.0-rc10", &idle);
    assert_run(
        &run(&place, &idle).code(16),
        "inconclusive: it never set the memory limit of the container",
        "nothing to do",
    );
    let failing = format!(
        "{MARK} mkdir(\"{GROUP}\", 0755); put(\"{GROUP}/memory.limit_in_bytes\", \"67108864\"); \
         rmdir(\"{GROUP}\"); puts(\"this is why\"); return 3;"
    );
    let failing = compile(&place, "failing", "runc version 1.0.0-rc10", &failing);
    assert_run(
        &run(&place, &failing).code(16),
        "inconclusive: it ended with exit code 3",
        "this is why",
    );
    assert_eq!(containers_of("run-check"), "");
    assert_eq!(
        fs::read_dir(place.path().join("cache/runs"))
            .expect("runs")
            .count(),
        0
    );
}

#[test]
fn what_joined_its_cgroup_is_worth_what_it_showed() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    // As runc rc7 does where the kernel has no SELinux: it fails after the container is in its cgroup.
    let failing = format!(
        "{MARK} mkdir(\"{GROUP}\", 0755); put(\"{GROUP}/cgroup.procs\", \"0\"); puts(\"this is why\"); return 1;"
    );
    let failing = compile(&place, "failing", "runc version 1.0.0-rc7", &failing);
    assert_run(
        &run(&place, &failing).code(0),
        "off: it put the container into its memory cgroup",
        "this is why",
    );
}

/// What root can do to its host unless a user namespace keeps it from that: each line says so if it works.
const ATTACKS: &str = r#"
    mkdir("/run-check/state/proc", 0755);
    if (!mount("proc", "/run-check/state/proc", "proc", 0, 0)) {
        int fd = open("/run-check/state/proc/sys/kernel/core_pattern", O_WRONLY);
        if (fd >= 0) puts("can write the host's settings");
    }
    mount(0, "/proc/sys", 0, MS_REMOUNT | MS_BIND, 0);
    if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0) puts("can write settings");
    if (open("/proc/sysrq-trigger", O_WRONLY) >= 0) puts("can trigger");
    if (open("/proc/1/environ", O_RDONLY) >= 0) puts("can look into processes");
    if (open("/trace", O_WRONLY) >= 0) puts("can write its trace");
    if (!kill(1, 0)) puts("can end the container");
    mkdir("/run-check/state/cgroup", 0755);
    if (!mount("cgroup", "/run-check/state/cgroup", "cgroup", 0, "memory")) puts("can mount all cgroups");
    if (open("/sys/fs/cgroup/memory/release_agent", O_WRONLY) >= 0) puts("can name a release agent");
    if (open("/sys/fs/cgroup/memory/memory.limit_in_bytes", O_WRONLY) >= 0) puts("can raise its limits");
    if (open("/sys/fs/cgroup/devices/devices.allow", O_WRONLY) >= 0) puts("can allow devices");
    if (!mknod("/run-check/state/disk", S_IFBLK | 0600, makedev(8, 0)) && open("/run-check/state/disk", O_RDONLY) >= 0)
        puts("can read the disk");
    if (setuid(1) == 0) puts("can become others");
    if (!sethostname("mine", 4)) puts("can name the container");
    if (open("/etc/passwd", O_WRONLY) >= 0) puts("can write the container's files");
    puts("tried all");
"#;

#[test]
fn a_runc_has_no_power_over_the_engines_host() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    let code = format!("{MARK} {ATTACKS} return 1;");
    let hostile = compile(&place, "hostile", "runc version 1.0.0-rc10", &code);
    let finished = run(&place, &hostile).code(16);
    assert_run(&finished, "inconclusive: ", "tried all");
    assert!(!finished.stdout.contains("can "), "{}", finished.stdout);
    assert!(!finished.stderr.contains("as root on"), "{finished:?}");
}

#[test]
fn what_shows_nothing_is_not_published() {
    toolchain_image();
    let _alone = (alone("toolchain"), alone("run-check"));
    let build = BuildPlace::shaped_itself();
    // It says that it is a runc, and makes no containers.
    let words = ["--image", "debian", "--verify-run"];
    build
        .build("v1.0.0-rc10", &words)
        .code(16)
        .prints("inconclusive: ")
        .says("is not published: runc")
        .says("the whole log is");
    assert!(!build.result("v1.0.0-rc10").exists());
    // Neither is it proven for those who do not ask for it.
    let again = build.build("v1.0.0-rc10", &["--image", "debian"]).code(0);
    assert!(!again.stderr.contains("taken from the cache"), "{again:?}");
    // A release refuses what turns accounting on, and notes what shows nothing.
    let options = format!(
        "{{image: debian, source: ['{}'], unpinned: true}}",
        build.project.url()
    );
    let release = format!(
        "format: 1\ntargets: [{{recipe: shaped, versions: [v1.0.0-rc10], options: {options}}}]\n"
    );
    build.place.write("release.yaml", &release);
    let released = ["release", "--recipe-dir", "recipes", "--output", "released"];
    build
        .place
        .run(&released)
        .code(0)
        .says("runc was not judged by running it: inconclusive");
    let again = build.place.run(&released).code(0);
    assert!(again.stderr.contains("unchanged in"), "{again:?}");
}

#[test]
fn what_cannot_be_shown_by_running_it_is_refused_with_the_reason() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    let script = place.write("script", "#!/bin/sh\necho runc version 1\n");
    run(&place, &script).code(16).says("it is a script");
    let kubelet = compile(&place, "kubelet", "Kubernetes v1.24.0", "");
    run(&place, &kubelet)
        .code(11)
        .says("it is Kubernetes v1.24.0")
        .says("which kubelet 1.24 and later do not support");
    let other = compile(&place, "other", "tool 1", "");
    run(&place, &other)
        .code(16)
        .says("with --version it prints: tool 1");
    place
        .run(&["verify", "--run", "."])
        .code(2)
        .says("--run requires programs, not directories");
    place.run(&["verify", "--run", "--no-run", "other"]).code(2);
    place
        .run(&["verify", "--run", "other", "--host", "unix:///nowhere.sock"])
        .code(12);

    let unified = ScriptedEngine::start(Script {
        unified_cgroups: true,
        ..Script::default()
    });
    let address = unified.address();
    let words = ["verify", "--run", "other", "--host", &address];
    place.run(&words).code(11).says("uses cgroup v2");
}

#[test]
fn a_kubelet_is_started_until_its_pods_have_their_cgroups() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    let pods = "/sys/fs/cgroup/memory/kubepods";
    // What a kubelet does there, and what it must not find of its host.
    let quiet = format!(
        "mkdir(\"{pods}\", 0755); put(\"{pods}/memory.limit_in_bytes\", \"67108864\"); \
         put(\"/proc/sys/vm/overcommit_memory\", \"1\"); \
         if (access(\"/var/run/docker.sock\", W_OK)) return 4; \
         mkdir(\"{pods}/burstable\", 0755); mkdir(\"{pods}/besteffort\", 0755); sleep(300);"
    );
    let before = fs::read("/proc/sys/vm/overcommit_memory").expect("a setting");
    let quiet = compile(
        &place,
        "quiet",
        "Kubernetes v1.15.5",
        &format!("{MARK} {quiet}"),
    );
    assert_run(
        &run(&place, &quiet).code(0),
        "off: it set the memory limit of kubepods",
        "/kubepods/memory.limit_in_bytes>, \"67108864\", 8",
    );
    assert_eq!(
        fs::read("/proc/sys/vm/overcommit_memory").expect("a setting"),
        before
    );
    let failing = format!("{MARK} puts(\"F1126 10:00:00 this is why\"); return 255;");
    let failing = compile(&place, "failing", "Kubernetes v1.15.5", &failing);
    assert_run(
        &run(&place, &failing).code(16),
        "inconclusive: it ended with exit code 1",
        "this is why",
    );
    // Another kubelet's pods would be ended by this one.
    let name = format!("k8s_test_{}", std::process::id());
    docker_succeeds(&["create", "--name", &name, toolchain_image(), "true"]);
    let refused = run(&place, &quiet);
    docker_succeeds(&["rm", &name]);
    refused
        .code(11)
        .says(&name)
        .says("which the check would kill");
}

#[test]
fn an_interrupted_check_leaves_no_container() {
    let _alone = alone("run-check");
    let place = Workplace::new();
    let slow = compile(&place, "slow", "runc version 1.0.0-rc10", "sleep(300);");
    let mut command = place.command(&["verify", "--run", &slow.display().to_string()]);
    let run = Running::start(&mut command);
    run.until_says("step run-check");
    run.send(Signal::INT);
    run.finish().code(130);
    let runs = place.path().join("cache/runs");
    assert_eq!(fs::read_dir(runs).expect("runs").count(), 0);
    assert_eq!(containers_of("run-check"), "");
}
