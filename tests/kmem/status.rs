//! `kmembuild kmem status`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::Value;

use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::{Finished, Workplace};
use crate::support::kernel_release::CENTOS_7;
use crate::support::terminal::Terminal;

const ID: &str = "0af50af50af50af50af50af50af50af50af50af50af50af50af50af50af50af5";

/// On the kernel of `CentOS` 7, where accounting is on only if a program turned it on.
fn status(cgroups: &CgroupFolder, words: &[&str]) -> Finished {
    status_on(CENTOS_7, cgroups, words)
}

fn status_on(kernel: &str, cgroups: &CgroupFolder, words: &[&str]) -> Finished {
    let root = cgroups.argument();
    let words = [&["kmem", "status", "--root", &root], words].concat();
    Workplace::new().run_on_kernel(kernel, &words)
}

fn json(cgroups: &CgroupFolder, words: &[&str], code: i32) -> Value {
    let finished = status(cgroups, &[words, &["--format", "json"]].concat()).code(code);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one document");
    assert_eq!(document["format"], 1);
    document["status"].clone()
}

/// A node whose kubelet and runc turn accounting on.
fn accounted() -> CgroupFolder {
    let cgroups = CgroupFolder::new();
    let slabinfo = format!("{HEAD}{CACHE}");
    for path in ["kubepods", "kubepods/burstable", "kubepods/burstable/pod12"] {
        cgroups.cgroup(path, &slabinfo, "");
    }
    cgroups.cgroup(&format!("kubepods/burstable/pod12/{ID}"), &slabinfo, "77\n");
    cgroups.cgroup("kubepods/besteffort", &slabinfo, "");
    cgroups.cgroup(&format!("docker/{ID}"), &slabinfo, "78\n");
    cgroups.cgroup("docker", "", "");
    cgroups.write("system.slice/cgroup.procs", "");
    cgroups.write("system.slice/sshd.service/cgroup.procs", "9\n");
    cgroups.write("kubepods/memory.kmem.usage_in_bytes", "8192\n");
    cgroups.write("kubepods/burstable/memory.kmem.usage_in_bytes", "8192\n");
    cgroups.write("docker/memory.kmem.usage_in_bytes", "4096\n");
    cgroups
}

#[test]
fn accounting_that_is_on_is_told_by_level_with_what_to_do() {
    let cgroups = accounted();
    status(&cgroups, &[])
        .code(3)
        .prints(
            "/kubepods/burstable/pod12 (kubelet): memory.kmem.slabinfo lists slab caches of this cgroup\n",
        )
        .prints("accounting         ON\n")
        .prints("turned on for      kubelet (4), docker (1), a container runtime (1)\n")
        .prints("kernel memory      12.0 KiB charged")
        .says("error: kernel-memory accounting is on in 6 cgroups")
        .says("hint: kubelet turned it on")
        .says("hint: runc turned it on for containers")
        .says("reboot the node");
    let found = json(&cgroups, &[], 3);
    assert_eq!(found["verdict"], "on");
    let counts = |level: &str| {
        let levels = found["levels"].as_array().expect("levels");
        let counts = levels
            .iter()
            .find(|counts| counts["level"] == level)
            .expect("the level");
        ["cgroups", "on", "without-processes"].map(|key| counts[key].as_u64().expect("a number"))
    };
    assert_eq!(counts("kubepods"), [1, 1, 0]);
    assert_eq!(counts("qos"), [2, 2, 1]);
    assert_eq!(counts("pod"), [1, 1, 0]);
    assert_eq!(counts("pod-container"), [1, 1, 0]);
    assert_eq!(counts("container"), [1, 1, 0]);
    assert_eq!(counts("runtime"), [1, 0, 0]);
    assert_eq!(counts("other"), [2, 0, 0]);
    assert_eq!(counts("root"), [1, 0, 0]);
    assert_eq!(
        (&found["cgroups"], &found["without-processes"]),
        (&10.into(), &1.into())
    );
    assert_eq!(found["kernel-memory"], 12288);
    // Not all cgroups of the machine are here, so nothing is said of those that the kernel keeps.
    assert_eq!(found["removed"], Value::Null);
}

#[test]
fn a_named_cgroup_is_judged_as_what_it_is() {
    let cgroups = accounted();
    let root = cgroups
        .root()
        .join("kubepods/burstable")
        .display()
        .to_string();
    let words = ["kmem", "status", "--root", &root, "--format", "json"];
    let finished = Workplace::new().run_on_kernel(CENTOS_7, &words);
    let document: Value = serde_json::from_str(&finished.code(3).stdout).expect("one document");
    assert_eq!(document["status"]["levels"][0]["level"], "qos");
    assert_eq!(document["status"]["shown"][0]["cgroup"], "/");
    // Also by a name that does not say it.
    let words = ["kmem", "status", "--root", ".", "--format", "json"];
    let mut command = Workplace::new().command(&words);
    let output = command.current_dir(&root).output().expect("started");
    let document: Value =
        serde_json::from_str(&Finished::from(output).stdout).expect("one document");
    assert_eq!(document["status"]["levels"][0]["level"], "qos");
    assert_eq!(document["status"]["root"], Value::from(root));
}

#[test]
fn what_the_kernel_does_not_tell_is_not_guessed() {
    const UBUNTU_16: &str = "4.4.0-210-generic";
    const FEDORA_22: &str = "4.3.6-201.fc22.x86_64";
    let cgroups = CgroupFolder::new();
    cgroups.cgroup("kubepods", "", "1\n");
    status_on(FEDORA_22, &cgroups, &[])
        .code(4)
        .prints("/kubepods: memory.kmem.slabinfo is empty, as always from kernel 5.9 on")
        .says("error: could not determine whether");
    // Where it does not leak, what nobody can tell is no failure: the doctor says the same.
    status_on(UBUNTU_16, &cgroups, &[]).code(0).prints(
        "accounting         unknown, but it does not matter: kernel memory does not leak here",
    );

    // This kernel prints the head in any case, so that other files have to tell.
    let cgroups = CgroupFolder::new();
    cgroups.cgroup("kubepods", HEAD, "1\n");
    cgroups.write("kubepods/memory.kmem.usage_in_bytes", "0\n");
    status_on(FEDORA_22, &cgroups, &[])
        .code(4)
        .prints("only a header");
    cgroups.write("kubepods/memory.kmem.usage_in_bytes", "40960\n");
    status_on(UBUNTU_16, &cgroups, &[])
        .code(3)
        .says("hint: this kernel does not leak by accounting")
        .prints("memory.kmem.usage_in_bytes is not 0");

    let cgroups = CgroupFolder::new();
    cgroups.write("kubepods/cgroup.procs", "");
    let found = json(&cgroups, &["--all"], 4);
    assert_eq!(found["shown"][0]["accounting"], "no-controller");
    cgroups.write("kubepods/memory.kmem.slabinfo", "something else\n");
    assert_eq!(json(&cgroups, &[], 4)["shown"][0]["reason"], "strange");

    // Off in nobody's cgroups is no proof.
    let cgroups = CgroupFolder::new();
    cgroups.cgroup("system.slice", HEAD, "1\n");
    status_on(FEDORA_22, &cgroups, &[])
        .code(4)
        .prints("there are no cgroups of kubelet");
}

#[test]
fn bad_input_costs_a_line() {
    let workplace = Workplace::new();
    let file = workplace.write("file", "").display().to_string();
    for (root, said) in [
        (file.as_str(), "Not a directory"),
        ("/nowhere", "No such file"),
    ] {
        workplace
            .run(&["kmem", "status", "--root", root])
            .code(4)
            .prints(&format!("problem: could not open {root} as a cgroup"))
            .prints(said);
    }

    // Not one of cgroups: the whole file system could be below.
    let folder = workplace.path().display().to_string();
    workplace
        .run(&["kmem", "status", "--root", &folder])
        .code(4)
        .prints(&format!(
            "problem: {folder} is not a cgroup (it has no cgroup.procs)"
        ));

    let cgroups = accounted();
    let pod = cgroups.root().join("kubepods/burstable/pod12");
    fs::remove_file(pod.join("cgroup.procs")).expect("removed");
    // Something that is no file, which reading would wait for or fail at, and names that move the cursor.
    let slabinfo = cgroups
        .cgroup("kubepods/pod\u{1b}[2J", "", "")
        .join("memory.kmem.slabinfo");
    fs::remove_file(&slabinfo).expect("removed");
    assert!(
        Command::new("mkfifo")
            .arg(&slabinfo)
            .status()
            .expect("mkfifo")
            .success()
    );
    fs::create_dir(
        cgroups
            .cgroup("kubepods/pod3", "", "")
            .join("memory.kmem.failcnt"),
    )
    .expect("made");
    symlink("..", cgroups.root().join("kubepods/pod4")).expect("a loop");
    // A name that would be a line of its own.
    cgroups.cgroup("kubepods/pod5\naccounting         off", "", "");
    let found = status(&cgroups, &["--all"]).code(3);
    let found = found
        .prints("problem: /kubepods/burstable/pod12: could not read cgroup.procs: No such file");
    assert!(
        found
            .stdout
            .contains("/kubepods/pod\u{fffd}[2J: memory.kmem.slabinfo is empty")
    );
    assert!(!found.stdout.contains("/kubepods/pod4"));
    let lines = found.stdout.lines();
    let told: Vec<_> = lines
        .filter(|line| line.starts_with("accounting"))
        .collect();
    assert_eq!(told, ["accounting         ON"]);
    let forged = "/kubepods/pod5\u{fffd}accounting         off: memory.kmem.slabinfo is empty";
    assert!(found.stdout.contains(forged), "{}", found.stdout);
}

#[test]
fn only_a_few_cgroups_are_named_unless_all_are_wanted() {
    let cgroups = CgroupFolder::new();
    for number in 0..300 {
        cgroups.cgroup(
            &format!("kubepods/pod{number:03}"),
            &format!("{HEAD}{CACHE}"),
            "",
        );
    }
    cgroups.cgroup("kubepods", "", "");
    let found = status(&cgroups, &[])
        .code(3)
        .prints("and 290 more; use --all to show them\n");
    assert!(found.stdout.lines().count() < 40, "{}", found.stdout);
    let all = json(&cgroups, &["--all"], 3);
    let shown = all["shown"].as_array().expect("a list");
    assert_eq!(shown.len(), 301);
    assert_eq!(all["without-processes"], 301);
    assert_eq!(shown[299]["cgroup"], "/kubepods/pod299");
}

#[test]
fn metrics_are_printed_and_written_whole() {
    let cgroups = accounted();
    let workplace = Workplace::new();
    let root = cgroups.argument();
    let words = ["kmem", "status", "--root", &root, "--textfile", "kmem.prom"];
    workplace.write("kmem.prom", "what was there before");
    let before = fs::metadata(workplace.path().join("kmem.prom"))
        .expect("a file")
        .ino();
    workplace
        .run_on_kernel(CENTOS_7, &words)
        .code(3)
        .prints("accounting         ON\n");
    let path = workplace.path().join("kmem.prom");
    let written = fs::read_to_string(&path).expect("the metrics");
    for line in [
        "# TYPE kmembuild_kmem_accounting gauge",
        "kmembuild_kmem_accounting{state=\"on\"} 1",
        "kmembuild_kmem_accounting{state=\"off\"} 0",
        "kmembuild_kmem_cgroups{level=\"qos\",state=\"on\"} 2",
        "kmembuild_kmem_accounting{state=\"by-kernel\"} 0",
        "kmembuild_kmem_cgroups_on{owner=\"kubelet\"} 4",
        "kmembuild_kmem_cgroups_without_processes{level=\"qos\"} 1",
        "kmembuild_kmem_memory_cgroups_limit 65535",
        "kmembuild_kmem_memory_cgroups_found 10",
        "kmembuild_kmem_charged_bytes 12288",
        "kmembuild_kmem_problems 0",
    ] {
        assert!(
            written.lines().any(|found| found == line),
            "{line} is not in\n{written}"
        );
    }
    let metadata = fs::metadata(&path).expect("a file");
    // Another file in its place, that others may read.
    assert_ne!(metadata.ino(), before);
    assert_eq!(metadata.permissions().mode() & 0o777, 0o644);
    let left = fs::read_dir(workplace.path()).expect("a folder").flatten();
    assert_eq!(
        left.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .count(),
        0
    );

    let words = ["kmem", "status", "--root", &root, "--format", "prometheus"];
    let printed = workplace.run_on_kernel(CENTOS_7, &words).code(3);
    let without_time = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("timestamp"));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    // The kernel's own figures may have changed in between.
    assert_eq!(
        without_time(&printed.stdout).lines().count(),
        without_time(&written).lines().count()
    );

    workplace
        .run(&["kmem", "status", "--root", &root, "--textfile", "kmem.txt"])
        .code(2)
        .says("only reads files whose names end in .prom");
    workplace
        .run(&[
            "kmem",
            "status",
            "--root",
            &root,
            "--textfile",
            "nowhere/kmem.prom",
        ])
        .code(15)
        .says("could not write the metrics to nowhere/kmem.prom: ");
    for words in [
        ["kmem", "status", "--format", "yaml"],
        ["recipes", "list", "--format", "prometheus"],
    ] {
        workplace.run(&words).code(2);
    }
}

#[test]
fn more_cgroups_than_a_kernel_has_room_for_are_all_counted() {
    let cgroups = CgroupFolder::in_memory();
    let on = format!("{HEAD}{CACHE}");
    cgroups.cgroup("kubepods", &on, "");
    cgroups.cgroup("kubepods/burstable", &on, "");
    for pod in 0..25_000 {
        let pod = format!("kubepods/burstable/pod{pod:08}-7a2b-11e9-8d0e-525400c8e5f9");
        cgroups.cgroup(&pod, &on, "");
        for container in 0..3 {
            let processes = if container == 0 { "" } else { "1\n" };
            cgroups.cgroup(&format!("{pod}/{container:064}"), &on, processes);
        }
    }
    let status = json(&cgroups, &[], 3);
    // Its root is one as well.
    assert_eq!(status["cgroups"], 100_003);
    // Those of pods have some in the cgroups below them.
    assert_eq!(status["without-processes"], 25_000);
    assert_eq!(status["problem-count"], 0);
    let levels = status["levels"].as_array().expect("levels");
    let on = |level: &str| {
        let found = levels.iter().find(|found| found["level"] == level);
        let found = found.unwrap_or_else(|| panic!("no {level} in {status}"));
        assert_eq!(found["cgroups"], found["on"], "{found}");
        found["on"].as_u64()
    };
    assert_eq!(on("pod"), Some(25_000));
    assert_eq!(on("pod-container"), Some(75_000));
}

#[test]
fn nobody_is_blamed_for_what_the_kernel_does_by_itself() {
    let cgroups = accounted();
    let slabinfo = format!("{HEAD}{CACHE}");
    cgroups.cgroup("system.slice", &slabinfo, "");
    cgroups.cgroup("slurm/uid_1000/job_7", &slabinfo, "80\n");
    for kernel in [
        "4.6.0-1-amd64",
        "4.14.35-1902.el7uek.x86_64",
        "4.19.0-26-amd64",
        "5.4.278-1.el7.elrepo.x86_64",
        "5.8.18",
    ] {
        let found = status_on(kernel, &cgroups, &[]).code(0);
        let found = found.prints("accounting         by the kernel itself in every cgroup");
        assert_eq!(found.stderr, "", "{kernel}");
        assert!(!found.stdout.contains("turned on"), "{}", found.stdout);
    }
    // These show nothing in the file, and account all the same.
    let empty = CgroupFolder::new();
    empty.cgroup("kubepods/pod1", "", "1\n");
    status_on("5.10.0-30-amd64", &empty, &[])
        .code(0)
        .prints("accounting         by the kernel itself in every cgroup");
    for kernel in ["3.10.0-1160.el7.x86_64", "4.4.0-210-generic", "4.5.7"] {
        status_on(kernel, &cgroups, &[])
            .code(3)
            .says("hint: kubelet turned it on");
    }
    let root = cgroups.argument();
    let words = ["kmem", "status", "--root", &root, "--format", "json"];
    let found = Workplace::new().run_on_kernel("4.19.0", &words).code(0);
    let document: Value = serde_json::from_str(&found.stdout).expect("one document");
    assert_eq!(document["status"]["verdict"], "by-kernel");
    let words = ["kmem", "status", "--root", &root, "--format", "prometheus"];
    Workplace::new()
        .run_on_kernel("4.19.0", &words)
        .code(0)
        .prints("kmembuild_kmem_accounting{state=\"by-kernel\"} 1\n")
        .prints("kmembuild_kmem_accounting{state=\"on\"} 0\n");
}

#[test]
fn every_cgroup_counts_and_its_owner_is_named() {
    let slabinfo = format!("{HEAD}{CACHE}");
    let id = ID;
    for (path, owner, title) in [
        ("slurm/uid_1000/job_77/step_0", "slurm", "Slurm"),
        ("slurm_node7/uid_0/job_1", "slurm", "Slurm"),
        ("default/redis", "containerd", "containerd"),
        ("system.slice/slurmd.service", "slurm", "Slurm"),
        (
            "system.slice/postgresql.service",
            "systemd",
            "a systemd unit",
        ),
        ("user.slice/user-0.slice", "systemd", "a systemd unit"),
        ("lxc.payload.web", "lxc", "LXC"),
        ("lxc/web", "lxc", "LXC"),
        ("htcondor/condor_slot1", "ht-condor", "HTCondor"),
        (
            "machine.slice/machine-qemu-1-db.scope",
            "libvirt",
            "libvirt",
        ),
        ("machine/db.libvirt-qemu", "libvirt", "libvirt"),
        ("UGE/4711.1", "grid-engine", "Grid Engine"),
        ("mesos/0c3e", "mesos", "Mesos"),
        ("buildkit/x1", "build-kit", "BuildKit"),
        ("crio-build", "cri-o", "CRI-O"),
        ("batch/7", "unknown", "unknown owner"),
        ("slurmy", "unknown", "unknown owner"),
        (&format!("docker/{id}/inner"), "docker", "docker"),
        (&format!("system.slice/crio-{id}.scope"), "cri-o", "CRI-O"),
        (&format!("myns/{id}"), "runtime", "a container runtime"),
    ] {
        let cgroups = CgroupFolder::new();
        cgroups.cgroup(path, &slabinfo, "7\n");
        let found = json(&cgroups, &[], 3);
        assert_eq!(found["verdict"], "on", "{path}");
        assert_eq!(found["shown"][0]["owner"], owner, "{path}");
        assert_eq!(found["owners"][0]["owner"], owner, "{path}");
        status(&cgroups, &[])
            .code(3)
            .says("error: kernel-memory accounting is on in 1 cgroup\n")
            .prints(&format!("turned on for      {title} (1)\n"))
            .prints(&format!("/{path} ({title}): "));
        let root = cgroups.argument();
        let words = ["kmem", "status", "--root", &root, "--format", "prometheus"];
        Workplace::new()
            .run_on_kernel(CENTOS_7, &words)
            .code(3)
            .prints("kmembuild_kmem_accounting{state=\"on\"} 1\n")
            .prints(&format!(
                "kmembuild_kmem_cgroups_on{{owner=\"{owner}\"}} 1\n"
            ));
    }
    let slurm = CgroupFolder::new();
    slurm.cgroup("slurm/uid_1/job_2", &slabinfo, "7\n");
    let found = status(&slurm, &[]).code(3).says("ConstrainKmemSpace=no");
    assert!(
        !found.stderr.contains("replace the runc"),
        "{}",
        found.stderr
    );
    assert!(
        !found.stderr.contains("replace kubelet"),
        "{}",
        found.stderr
    );
    // A cgroup that is named is judged as what it is, also without its root.
    let root = slurm.root().join("slurm/uid_1");
    slurm.cgroup("slurm", HEAD, "");
    slurm.cgroup("slurm/uid_1", &slabinfo, "");
    let words = ["kmem", "status", "--root", root.to_str().expect("text")];
    Workplace::new()
        .run_on_kernel(CENTOS_7, &words)
        .code(3)
        .prints("turned on for      Slurm (2)\n");
}

#[test]
fn on_a_small_terminal_every_line_fits_and_the_answer_is_in_colour() {
    let (cgroups, workplace) = (accounted(), Workplace::new());
    let root = cgroups.argument();
    let line = Workplace::line_on_kernel(CENTOS_7, &["kmem", "status", "--root", &root]);
    let (code, terminal) = Terminal::run(&workplace, 80, &line);
    let (shown, marked) = (terminal.plain(), terminal.marked());
    assert_eq!(code, 3, "{shown}");
    assert!(
        marked.contains("accounting         <red bold:ON>"),
        "{marked}"
    );
    // What is broken between words has no line that goes on without an indent.
    let names = [
        "memory hierarchy",
        "kernel",
        "memory cgroups",
        "slab caches",
        "turned on for",
    ];
    for name in names {
        assert!(shown.contains(&format!("\n{name}")), "{name}\n{shown}");
    }
}
