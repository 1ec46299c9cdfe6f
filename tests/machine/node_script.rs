//! The script of `kmembuild node-script` on a node.

use std::process::Command;

use super::node::{Node, OTHER_RUNC};
use crate::support::command::Workplace;
use crate::support::node_results::{QUIET, result};

const OLD: &str = "runc version 1.0.0-rc8; runc version 1.0.0-rc2; Kubernetes v1.15.3; ";
const NEW: &str = "runc version 1.0.0-rc10; runc version 1.0.0-rc10; Kubernetes v1.15.5; ";
const STOPPED: &str = "stop kubelet.service; stop docker.socket; stop docker.service; ";
const STARTED: &str = "start docker.socket; start docker.service; start kubelet.service; ";
const SERVICES: &str = "docker.service\ndocker.socket\nkubelet.service\n";
/// Where it is written down what scripts did, and another start of the kernel, which a container cannot have.
const STATE: &str = "/var/lib/kmembuild-node";
const REBOOT: &str = "echo another >/var/lib/kmembuild-node/boot";
/// A cgroup whose accounting is off: reading fails with the error that the kernel gives, for which every process has a file.
const QUIET_POD: &str = "mkdir -p /tmp/memory/kubepods/pod1; ln -sf /proc/self/mem /tmp/memory/kubepods/pod1/memory.kmem.slabinfo";

#[test]
fn it_is_posix_and_without_the_usual_mistakes() {
    let workplace = Workplace::new();
    let dist = workplace.path().join("dist");
    let results = ["runc", "kubelet"].map(|name| {
        result(&dist, name, "v1.2.3", "some version", QUIET)
            .display()
            .to_string()
    });
    workplace
        .run(&["node-script", &results[0], &results[1], "-o", "both.sh"])
        .code(0);
    workplace
        .run(&["node-script", &results[0], "-o", "one.sh"])
        .code(0);
    for script in ["both.sh", "one.sh"] {
        for words in [&["dash", "-n"][..], &["shellcheck", "--shell", "sh"]] {
            let output = Command::new(words[0])
                .args(&words[1..])
                .arg(script)
                .current_dir(workplace.path())
                .output();
            let output = output
                .unwrap_or_else(|error| panic!("{} is needed by this test: {error}", words[0]));
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
}

#[test]
fn binaries_are_replaced_checked_after_the_reboot_and_put_back() {
    let node = Node::new("replace", "v1.15.3");
    let before = node.files();
    let dry = node.script("--dry-run").code(0);
    let dry_run = dry
        .prints("kernel 3.10.0-1127.el7.x86_64 leaks when accounting is on\n")
        .prints("new runc: runc version 1.0.0-rc10\n")
        .prints("replacing /usr/bin/runc: runc version 1.0.0-rc8\n")
        .prints("would keep /usr/bin/runc as /var/lib/kmembuild-node/kept/usr/bin/runc.")
        .prints("would run: systemctl stop kubelet.service\n")
        .prints(
            "would replace /usr/bin/kubelet with /root/new/kubelet/v1.15.5/linux-amd64/kubelet\n",
        )
        .prints(
            "\nnothing was changed; without --dry-run, this node has to be rebooted afterwards\n",
        );
    assert!(!dry_run.stdout.contains("REBOOT"), "{}", dry_run.stdout);
    assert_eq!((node.calls().as_str(), node.files()), ("", before.clone()));

    node.well(&format!("chmod 750 {OTHER_RUNC}; chown 7:8 {OTHER_RUNC}"));
    node.script("")
        .code(0)
        .prints("replaced /usr/bin/runc\n")
        .prints("REBOOT THIS NODE");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
    assert_eq!(node.versions(), NEW);
    assert_eq!(
        node.well(&format!("stat -c '%a %u:%g' {OTHER_RUNC}")),
        "750 7:8\n"
    );
    assert_eq!(
        node.well(
            "ls -A /usr/bin | grep '^[.]' || :; ls /var/lib | grep trial || :; ls /run/services"
        ),
        SERVICES
    );
    node.script("")
        .code(0)
        .prints("/usr/bin/runc is already the new one\n")
        .prints("REBOOT THIS NODE");
    assert_eq!(node.calls(), "");

    node.script("--after-reboot")
        .code(1)
        .says("problem: this node was not rebooted")
        .says("no cgroup of a pod or container shows it");
    node.well(&format!("{REBOOT}; mkdir -p /tmp/memory/kubepods/pod1"));
    let check = "--after-reboot --cgroups /tmp/memory/";
    // The services are nobody's container.
    node.well("mkdir -p /tmp/memory/docker /tmp/memory/system.slice/docker.service");
    node.well("for of in docker system.slice/docker.service; do ln -s /proc/self/mem /tmp/memory/$of/memory.kmem.slabinfo; done");
    node.script(check)
        .code(1)
        .prints("ok: this node was rebooted")
        .says("problem: could not determine whether accounting is off");
    node.well("printf 'slabinfo - version: 2.1\\n# name\\n' >/tmp/memory/kubepods/pod1/memory.kmem.slabinfo");
    node.script(check)
        .code(1)
        .prints("ok: /usr/bin/kubelet is the new one\n")
        .prints("accounting is on in /tmp/memory/kubepods/pod1 (kubelet)\n")
        .says("problem: accounting is on in 1 cgroups");
    node.well(QUIET_POD);
    let again = node
        .script("--reboot")
        .code(0)
        .prints("nothing to replace\n");
    assert!(!again.stdout.contains("REBOOT"), "{}", again.stdout);
    assert_eq!(node.calls(), "");
    node.script(check)
        .code(0)
        .prints("ok: accounting is off in 1 cgroups")
        .prints("running: kubelet docker\n");
    node.script("--rollback --dry-run")
        .code(0)
        .prints("would replace /usr/bin/runc with /var/lib/kmembuild-node/kept/usr/bin/runc.");
    assert_eq!((node.calls().as_str(), node.versions().as_str()), ("", NEW));
    node.script("--rollback")
        .code(0)
        .prints("the old binaries are restored");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
    assert_eq!(node.versions(), OLD);
    node.script("--rollback")
        .code(0)
        .prints("/usr/bin/runc is already the old one");
    assert_eq!(node.calls(), "");
    node.script("--after-reboot")
        .code(1)
        .says("problem: /usr/bin/runc is not the new one");
}

#[test]
fn each_script_puts_back_what_all_of_them_replaced() {
    let node = Node::new("several", "v1.15.3");
    node.run("sh /root/new/runc.sh --no-trial").code(0);
    node.well(&format!("{REBOOT}; {QUIET_POD}"));
    let check = "sh /root/new/runc.sh --after-reboot --cgroups /tmp/memory";
    node.run(check).code(0).prints("running: kubelet docker\n");
    // What does not run is a problem for the script that replaced it only.
    node.well("cd /run/services; rm kubelet.service");
    node.run(check).code(0);
    node.well("cd /run/services; rm docker.service; touch kubelet.service");
    node.run(check)
        .code(1)
        .says("problem: no container runtime is running\nerror: 1 problems");
    node.well("touch /run/services/docker.service");
    node.run("sh /root/new/kubelet.sh --no-trial").code(0);
    assert_eq!(node.versions(), NEW);
    node.run("sh /root/new/kubelet.sh --after-reboot")
        .code(1)
        .prints("ok: /usr/bin/runc is the new one\n")
        .prints("ok: /usr/bin/kubelet is the new one\n");

    // Another one that keeps what the first one brought, and comes no further.
    node.wrap(
        "mv",
        "case $* in */files) kill -9 $PPID; exit 1 ;; esac; exec /bin/mv \"$@\"",
    );
    let newer = "sh /root/new/newer.sh --no-trial --from /root/newer";
    node.run(newer).code(137);
    node.wait();
    node.well(&format!("rm /usr/local/sbin/mv; ls {STATE}/files.part"));
    node.run("sh /root/new/runc.sh --rollback").code(0);
    assert_eq!(node.versions(), OLD);
    // What was put back is no longer anybody's; what another one brought is put back by the next.
    node.run("sh /root/new/runc.sh --no-trial").code(0);
    node.run(newer).code(0);
    let lines = node.well(&format!("cut -d ' ' -f 3 {STATE}/files"));
    assert_eq!(lines, format!("\n/usr/bin/runc\n{OTHER_RUNC}\n"));
    assert!(
        node.versions()
            .starts_with("runc version 1.0.0-rc92; runc version 1.0.0-rc92; ")
    );
    node.run(&format!("{newer} --rollback")).code(0);
    assert_eq!(node.versions(), NEW.replace("v1.15.5", "v1.15.3"));
}

#[test]
fn what_is_gone_is_put_back_and_what_was_changed_is_left() {
    let node = Node::new("gone", "v1.15.3");
    node.well("chmod 750 /usr/bin/runc");
    node.script("").code(0);
    node.calls();
    node.well(&format!("rm /usr/bin/runc; echo x >>{OTHER_RUNC}"));
    for tool in ["selinuxenabled", "chcon", "restorecon"] {
        node.wrap(tool, "echo ${0##*/} $* >>/tmp/labels");
    }
    node.script("--rollback")
        .code(1)
        .says(&format!(
            "problem: {OTHER_RUNC} was changed by something else"
        ))
        .says("error: 1 problems");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
    assert_eq!(node.versions(), OLD.replace("1.0.0-rc2", "1.0.0-rc10"));
    assert_eq!(node.well("stat -c %a /usr/bin/runc"), "750\n");
    node.well(
        "grep '^chcon --reference=/usr/bin/kubelet -- /usr/bin/.kmembuild-kubelet$' /tmp/labels",
    );
    node.well("grep '^restorecon -- /usr/bin/runc$' /tmp/labels");
}

#[test]
fn a_node_reboots_only_when_it_is_told_to() {
    let node = Node::new("reboot", "v1.15.3");
    node.well("touch /run/services/reboot.broken");
    node.script("--reboot").code(1).says(
        "the reboot failed; reboot this node yourself\nwarning: restarting the stopped services\n",
    );
    assert_eq!(node.calls(), format!("{STOPPED}reboot; {STARTED}"));
    node.well("rm /run/services/reboot.broken");
    node.script("--rollback").code(0);
    node.calls();
    node.script("--reboot").code(0);
    assert_eq!(node.calls(), format!("{STOPPED}reboot; "));
    node.well(&format!(
        "cd /run/services; touch kubelet.service docker.service docker.socket; [ ! -e {STATE}/stopped ]"
    ));
    // Somebody at a terminal is asked while the node works, and is in no hurry.
    node.script("--rollback").code(0);
    node.calls();
    node.well("echo y | script -qec 'sh /root/new/node.sh --no-trial' /dev/null");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}reboot; "));
    let node = Node::new("no-services", "v1.15.3");
    // As where systemd is not the first process.
    let complaint = "System has not been booted with systemd as init system (PID 1).";
    node.well(&format!(
        "sed -i '2i case $1 in show | list-jobs | is-enabled) echo \"{complaint}\" >\\&2; exit 1 ;; esac' /usr/local/bin/systemctl"
    ));
    let dry_run = node.script("--dry-run").code(0).says(complaint);
    assert_eq!(dry_run.stderr.matches(complaint).count(), 1);
    node.well("rm /usr/local/bin/systemctl");
    node.script("").code(1).says("problem: systemctl not found");
    node.script("--no-services").code(0);
    assert_eq!(node.versions(), NEW);
}

#[test]
fn what_does_not_fit_the_node_changes_nothing() {
    let node = Node::new("refused", "v1.14.2");
    let before = node.files();
    let refused = node.script("").code(1);
    refused
        .says("problem: /usr/bin/kubelet is Kubernetes 1.14, but the new one is 1.15")
        .says("error: 1 problems; nothing was changed");
    for (wrong, said, right) in [
        (
            "echo x >>/root/new/runc",
            "problem: /root/new/runc is not the runc for this script",
            "truncate -s -2 /root/new/runc",
        ),
        (
            "mv /root/new/runc /root",
            "problem: the new runc is not in /root/new",
            "mv /root/runc /root/new",
        ),
        (
            "mv /usr/bin/runc /root/; cp /usr/local/bin/uname /usr/bin/runc",
            "problem: /usr/bin/runc is not a program",
            "mv /root/runc /usr/bin/runc",
        ),
        (
            "sed -i s/x86_64/aarch64/ /usr/local/bin/uname",
            "problem: the new binaries are for x86_64, but this node is aarch64",
            "sed -i s/aarch64/x86_64/ /usr/local/bin/uname",
        ),
        (
            "printf '#!/bin/sh\\necho x; echo x 1 2 3 4' >/usr/local/bin/df; chmod 755 /usr/local/bin/df",
            "KiB free, ",
            "rm /usr/local/bin/df",
        ),
        (
            "printf '#!/bin/sh\necho ----i---------e--- $4\n' >/usr/local/bin/lsattr; chmod 755 /usr/local/bin/lsattr",
            "problem: cannot replace /usr/bin/runc: the file or its directory is immutable",
            "rm /usr/local/bin/lsattr",
        ),
    ] {
        node.well(wrong);
        node.script("--other-version")
            .code(1)
            .says(said)
            .says("nothing was changed");
        node.well(right);
    }
    // A file system that is read only lets not even root write.
    node.run("chmod 555 /usr/bin; setpriv --bounding-set -dac_override sh /root/new/node.sh --no-trial --other-version")
        .code(1)
        .says("problem: cannot replace /usr/bin/runc: /usr/bin is not writable")
        .says("nothing was changed");
    node.well("chmod 755 /usr/bin");
    // The disk is full in spite of all.
    node.wrap(
        "cp",
        "case $* in */kept/*) echo half >\"$4\"; exit 1 ;; esac; exec /bin/cp \"$@\"",
    );
    node.script("--other-version")
        .code(1)
        .says("error: could not keep /usr/bin/runc");
    node.well("rm /usr/local/sbin/cp");
    assert_eq!((node.calls().as_str(), node.files()), ("", before));
    node.run("flock /run/kmembuild-node.lock sh /root/new/node.sh --no-trial")
        .code(1)
        .says("error: another such script is running on this node");
    node.script("--runc /nowhere/runc --other-version")
        .code(1)
        .says("problem: /nowhere/runc not found")
        .says("no runc found");
    node.script("--after-reboot")
        .code(1)
        .says("no such script has replaced anything on this node");
    node.script("--rollback")
        .code(1)
        .says("no such script has replaced anything on this node");
    node.script("--nonsense")
        .code(2)
        .says("error: unknown option --nonsense");
    node.script("--from")
        .code(2)
        .says("error: --from needs a value");
    node.run("setpriv --reuid=7 sh /root/new/node.sh --no-trial --from /root/new")
        .code(1)
        .says("error: root is required");
    // Only what is named is replaced then.
    node.script("--runc /usr/bin/runc --other-version").code(0);
    assert!(
        node.versions()
            .starts_with("runc version 1.0.0-rc10; runc version 1.0.0-rc2; ")
    );
}

/// One run that is killed, and what is there after a power failure: what is not on the disk has no bytes. Then another run,
/// and the way back.
const KILLED: &str = r#"
files() { find /usr/bin/runc /usr/bin/.kmembuild-runc /var/lib/kmembuild-node -type f 2>/dev/null; }
echo 0 >/tmp/count; : >/tmp/synced
files | xargs stat -c '%i %Y %s' >/tmp/first
sh -c 'echo $$ >/tmp/main; exec sh /root/new/node.sh --no-trial --runc /usr/bin/runc' >/tmp/printed 2>&1
echo $?
flock /run/kmembuild-node.lock true
PATH=${PATH#*:}
files | while read -r file; do
    grep -q -x -F "$(stat -c '%i %Y %s' $file)" /tmp/first /tmp/synced || : >$file
done
runc; kubelet
for path in /usr/bin/runc /usr/bin/kubelet; do
    read -r sum </tmp/old/${path##*/}
    for file in $path /var/lib/kmembuild-node/kept$path.$sum; do
        ! echo "$sum  $file" | sha256sum --check --status 2>/dev/null || { echo the old one is there; break; }
    done
done
grep -e interrupted -e 'starting again' /tmp/printed
echo again
sh /root/new/node.sh --no-trial --runc /usr/bin/runc >/tmp/printed 2>&1 || cat /tmp/printed
runc; kubelet; ls /run/services
ls -A /usr/bin /var/lib /var/lib/kmembuild-node /var/lib/kmembuild-node/kept/usr/bin | grep -e '^[.]' -e '[.]part$' -e trial
sh /root/new/node.sh --rollback >/tmp/printed 2>&1 || cat /tmp/printed
runc; kubelet; ls /run/services; stat -c %y /usr/bin/runc | cmp - /tmp/old/time
"#;

#[test]
fn killed_before_any_command_it_goes_on_the_next_time_and_loses_no_binary() {
    let node = Node::new("killed", "v1.15.3");
    // The shell is killed by the n-th of the commands that change something or tell what there is, before it does.
    for tool in "cp mv sync mkdir rm chmod cat touch flock systemctl".split(' ') {
        node.wrap(
            tool,
            "PATH=${PATH#*:}
case $1 in show | list-jobs) exec ${0##*/} \"$@\" ;; esac
read -r count </tmp/count
count=$((count + 1))
echo $count >/tmp/count
read -r deadly </tmp/deadly
read -r main </tmp/main
if [ $count -eq $deadly ]; then kill -9 $main; exit 1; fi
${0##*/} \"$@\" || exit
case $0 in */sync) stat -c '%i %Y %s' \"$@\" >>/tmp/synced ;; esac",
        );
    }
    node.well("mkdir /tmp/old; echo 0 >/tmp/count; echo 0 >/tmp/deadly; echo 0 >/tmp/main");
    node.well("for name in runc kubelet; do sha256sum </usr/bin/$name | cut -d ' ' -f 1 >/tmp/old/$name; done");
    node.well("stat -c %y /usr/bin/runc >/tmp/old/time");
    let mut kills = 0;
    for deadly in 1..200 {
        let told = node
            .run(&format!("echo {deadly} >/tmp/deadly; {KILLED}"))
            .stdout;
        let (killed, again) = told.split_once("again\n").expect("both parts");
        assert_eq!(
            again,
            format!(
                "runc version 1.0.0-rc10\nKubernetes v1.15.5\n{SERVICES}runc version 1.0.0-rc8\nKubernetes v1.15.3\n{SERVICES}"
            ),
            "{deadly}: {told}"
        );
        let lines: Vec<_> = killed.lines().collect();
        if lines[0] == "0" {
            break;
        }
        // Whole, whatever happened, and the old ones are where they were or kept; and it was no end of its own.
        assert_eq!(lines[0], "137", "{deadly}: {told}");
        assert!(
            ["runc version 1.0.0-rc8", "runc version 1.0.0-rc10"].contains(&lines[1])
                && ["Kubernetes v1.15.3", "Kubernetes v1.15.5"].contains(&lines[2]),
            "{deadly}: {told}"
        );
        assert_eq!(lines[3..], ["the old one is there"; 2], "{deadly}: {told}");
        kills += 1;
    }
    assert!((30..150).contains(&kills), "{kills}");
}

#[test]
fn an_interrupted_script_starts_what_it_stopped() {
    let node = Node::new("interrupted", "v1.15.3");
    // The user gives up while the runtime takes its time, and no file can be removed.
    node.well("sed -i 's/^stop)/stop) [ $service != docker.service ] || kill -INT $PPID;/' /usr/local/bin/systemctl");
    node.wrap(
        "rm",
        "case $* in *trial.*) ;; */var/lib/*) echo read-only >&2; exit 1 ;; esac; exec /bin/rm \"$@\"",
    );
    node.script("")
        .code(130)
        .says("warning: restarting the stopped services")
        .says("interrupted; run the script again");
    assert_eq!(
        (
            node.versions().as_str(),
            node.well("ls /run/services").as_str()
        ),
        (OLD, SERVICES)
    );
    node.well("/bin/rm /usr/local/sbin/rm; sed -i 's/kill -INT $PPID/:/' /usr/local/bin/systemctl; touch /run/services/kubelet.service.broken");
    node.script("")
        .code(1)
        .says("warning: could not start kubelet.service");
    node.well("rm /run/services/kubelet.service.broken");
    // It knows what the one before stopped, and that there is nothing to stop for.
    node.calls();
    node.script("").code(0);
    assert_eq!(node.calls(), STARTED);
    // What another start of the node has to do with is none of it.
    node.well(&format!(
        "printf 'another\\n crio.service\\n' >{STATE}/stopped"
    ));
    node.script("--rollback").code(0);
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
}

#[test]
fn nobody_who_reads_is_no_reason_to_leave_services_stopped() {
    for (name, shell) in [("lost", "sh"), ("lost-bash", "bash --posix")] {
        let node = Node::new(name, "v1.15.3");
        // The terminal is gone while the runtime takes its time: the kernel hangs up, and nothing can be written to it.
        node.wrap(
            "systemctl",
            "/usr/local/bin/systemctl \"$@\" || exit\n[ \"$*\" != 'stop docker.service' ] || [ ! -e /tmp/terminal ] || kill -9 $(cat /tmp/terminal)",
        );
        node.run(&format!(
            "sh -c 'echo $$ >/tmp/terminal; exec script -qec \"{shell} /root/new/node.sh --no-trial\" /dev/null'"
        ))
        .code(137);
        node.wait();
        assert_eq!(node.well("ls /run/services"), SERVICES, "{shell}");
        assert!(node.calls().ends_with(STARTED));
        // Nothing but a pipe is lost: it goes on.
        node.well("rm /tmp/terminal");
        node.run(&format!(
            "{shell} /root/new/node.sh --no-trial 2>&1 | head -n 1"
        ));
        node.wait();
        assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"), "{shell}");
        assert_eq!(node.versions(), NEW, "{shell}");
    }
}

#[test]
fn a_unit_is_more_than_active_or_not() {
    let node = Node::new("units", "v1.15.3");
    let unit = |name: &str, text: &str| node.well(&format!("echo {text} >/run/units/{name}"));
    let twice = |node: &Node| {
        let first = node.script("").code(0);
        assert_eq!(node.well("ls /run/services"), SERVICES, "{first:?}");
        node.script("--rollback").code(0);
        assert_eq!(
            node.well("ls /run/services; ls /run/units | grep state || :"),
            SERVICES
        );
        node.calls();
    };
    // As Debian's docker has it: three starts within a minute, and this is the third, fourth and so on.
    unit("docker.service.limit", "3");
    unit("docker.socket.limit", "3");
    node.well(
        "for name in service socket; do printf '\\n\\n\\n' >/run/units/docker.$name.starts; done",
    );
    twice(&node);
    twice(&node);
    // It is on its way: docker's socket takes it along when it stops.
    unit("docker.socket.RequiredBy", "docker.service");
    for (state, job) in [
        ("activating", "start"),
        ("activating", ""),
        ("deactivating", "restart"),
        ("deactivating", ""),
        ("reloading", "reload"),
        ("inactive", "start"),
    ] {
        node.well("rm /run/services/docker.service");
        unit("docker.service.state", state);
        if !job.is_empty() {
            unit("docker.service.job", job);
        }
        twice(&node);
    }
    // What somebody stops is not started, and what has failed before is named.
    for (state, job) in [("deactivating", "stop"), ("failed", "")] {
        node.well("rm /run/services/docker.service");
        unit("docker.service.state", state);
        if !job.is_empty() {
            unit("docker.service.job", job);
        }
        let told = node.script("").code(0);
        assert_eq!(
            node.well("ls /run/services"),
            SERVICES.replace("docker.service\n", "")
        );
        if state == "failed" {
            told.says("warning: docker.service has failed before and stays as it is");
        }
        node.script("--rollback").code(0);
        node.well("rm -f /run/units/docker.service.state; touch /run/services/docker.service");
    }
    // What requires docker stops with it, and is started after it; a target is no service.
    unit(
        "docker.service.RequiredBy",
        "registry.service multi-user.target",
    );
    node.well("touch /run/services/registry.service");
    node.calls();
    node.script("").code(0);
    assert_eq!(
        node.calls(),
        format!("{STOPPED}{STARTED}start registry.service; ")
    );
    node.well("rm /run/services/registry.service /run/units/docker.service.RequiredBy");

    // After the reboot: on its way, up, failed, or not started.
    node.well(&format!("{REBOOT}; {QUIET_POD}"));
    let check = "--after-reboot --cgroups /tmp/memory";
    node.well("rm /run/services/docker.service");
    unit("docker.service.state", "activating");
    node.well("sed -i 's/^start_time=120/start_time=4/' /root/new/node.sh");
    node.script(check)
        .code(1)
        .says("problem: docker is still activating after 4 s; check again later")
        .says("problem: no container runtime is running");
    node.run(&format!("(sleep 2; touch /run/services/docker.service; rm /run/units/docker.service.state) & sh /root/new/node.sh {check}"))
        .code(0)
        .prints("running: kubelet docker\n");
    node.well("rm /run/services/docker.service; touch /run/services/containerd.service");
    node.script(check)
        .code(0)
        .prints("running: kubelet containerd\n");
    node.well("touch /run/units/docker.service.enabled");
    node.script(check)
        .code(1)
        .says("problem: docker is not running, although it is enabled");
    unit("docker.service.state", "failed");
    node.script(check)
        .code(1)
        .says("problem: docker has failed; see systemctl status docker");
}

#[test]
fn what_is_not_on_the_disk_is_not_said_to_be_replaced() {
    let node = Node::new("sync", "v1.15.3");
    // As in coreutils before 8.24, and on a file system that writes no directory alone.
    for (sync, plain) in [
        (
            "[ $# -eq 0 ] || echo 'sync: ignoring all arguments' >&2; echo $# >>/tmp/syncs",
            "[1-9]",
        ),
        (
            "echo $# >>/tmp/syncs; [ $# -lt 2 ] || { echo \"sync: error syncing '/usr/bin': Invalid argument\" >&2; exit 1; }",
            "0",
        ),
    ] {
        node.wrap("sync", sync);
        node.script("").code(0).prints("replaced /usr/bin/runc\n");
        assert_eq!(node.versions(), NEW);
        node.well(&format!("grep '^{plain}' /tmp/syncs"));
        node.script("--rollback").code(0);
        assert_eq!(node.versions(), OLD);
    }
    // A disk that fails: before anything is kept, and when the new one is in its place.
    let error = "echo \"sync: error syncing '$1': Input/output error\" >&2; exit 1";
    node.wrap("sync", error);
    let told = node.script("").code(1);
    told.says("Input/output error").says("error: could not");
    assert_eq!(
        (node.calls().as_str(), node.versions().as_str()),
        (&*format!("{STOPPED}{STARTED}").repeat(4), OLD)
    );
    // Before the services stop.
    node.wrap(
        "sync",
        &format!("case $1 in /usr/bin/.kmembuild-runc) {error} ;; esac"),
    );
    node.script("")
        .code(1)
        .says("could not write /usr/bin/.kmembuild-runc to the disk; /usr/bin/runc is unchanged");
    assert_eq!((node.calls().as_str(), node.versions().as_str()), ("", OLD));
    node.wrap(
        "sync",
        &format!("case $1 in /usr/bin/runc) {error} ;; esac"),
    );
    let told = node
        .script("")
        .code(1)
        .says("could not replace /usr/bin/runc, or write it to the disk");
    assert!(!told.stdout.contains("replaced /usr/bin/runc"), "{told:?}");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
    assert_eq!(
        node.well("ls -A /usr/bin | grep '^[.]' || :; ls /run/services"),
        SERVICES
    );
    node.well("rm /usr/local/sbin/sync");
    node.script("").code(0);
    assert_eq!(node.versions(), NEW);
    // What a killed run left beside the binaries and in the state, and what stopped before another start of the node.
    node.well(&format!("echo half >/usr/bin/.kmembuild-runc; echo half >{STATE}/files.part; echo half >{STATE}/kept/x.part; printf 'another\\n docker.service\\n' >{STATE}/stopped"));
    node.script("--dry-run").code(0);
    node.well(&format!("ls /usr/bin/.kmembuild-runc {STATE}/files.part"));
    node.script("").code(0);
    assert_eq!(
        node.well(&format!(
            "ls -A /usr/bin | grep '^[.]' || :; find {STATE} -name '*.part' -o -name stopped"
        )),
        ""
    );
}

#[test]
fn every_runc_of_the_node_is_replaced_or_named() {
    let node = Node::new("places", "v1.15.3");
    let places = [
        "/opt/kube/bin/runc",
        "/usr/libexec/crio/runc",
        "/usr/lib/cri-o-runc/sbin/runc",
        "/usr/lib/docker/docker-runc",
        "/home/kubernetes/bin/runc",
        // Only what runs or is configured tells these.
        "/srv/beside/runc",
        "/srv/path/runc",
        "/srv/containerd/runc-of-containerd",
        "/srv/crio/special",
        "/srv/dockerd/runtime",
        "/srv/argument/docker-runc",
        "/srv/own/runc",
    ];
    for place in places {
        node.well(
            &format!("mkdir -p ${{p%/*}}; cp /usr/bin/runc {place}").replace(
                "${p%/*}",
                place.rsplit_once('/').map_or("/", |(folder, _)| folder),
            ),
        );
    }
    node.well(
        "mkdir -p /etc/containerd /etc/crio/crio.conf.d /etc/docker /srv/etc
cat >/etc/containerd/config.toml <<'EOF'
version = 2
[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]
  BinaryName = \"/srv/containerd/runc-of-containerd\"
# BinaryName = \"/srv/none/runc\"
[plugins.\"io.containerd.internal.v1.opt\"]
  path = \"/opt/containerd\"
EOF
cat >/etc/crio/crio.conf.d/10-runc.conf <<'EOF'
[crio.runtime.runtimes.runc]
runtime_path = '/srv/crio/special'
EOF
echo '{\"runtimes\": {\"a\": {\"path\": \"/srv/dockerd/runtime\"}, \"b\": {\"path\":\"/srv/other\"}}}' >/etc/docker/daemon.json
echo 'options = { BinaryName = \"/srv/own/runc\" }' >/srv/etc/containerd.toml
cp /usr/bin/kubelet /srv/other
cp /bin/sleep /srv/beside/containerd; cp /bin/sleep /srv/dockerd/dockerd",
    );
    // Processes that are called what the runtimes are called, with their arguments and their PATH. A stranger's is not asked.
    node.well(
        "mkdir -p /srv/stranger; cp /usr/bin/runc /srv/stranger/runc
PATH=/srv/path:$PATH setsid perl -e '$0 = \"x\"; exec {\"/srv/beside/containerd\"} \"containerd\", \"600\"' </dev/null >/dev/null 2>&1 &
cp $(command -v bash) /srv/beside/dockerd
setsid /srv/beside/dockerd -c 'sleep 600; :' dockerd --add-runtime old=/srv/argument/docker-runc --config=/srv/etc/containerd.toml </dev/null >/dev/null 2>&1 &
cp /bin/sleep /srv/stranger/containerd; chmod 755 /srv/stranger
setpriv --reuid=7 --clear-groups env PATH=/srv/stranger setsid /srv/stranger/containerd 600 </dev/null >/dev/null 2>&1 &
sleep 1",
    );
    let found = node.script("").code(0);
    let found = found.says(
        "warning: a container runtime is configured with /srv/other, which is not runc, and stays as it is (Kubernetes v1.15.3)",
    );
    for place in places {
        assert!(
            found.stdout.contains(&format!("replaced {place}\n")),
            "{place}: {found:?}"
        );
        assert_eq!(node.well(place), "runc version 1.0.0-rc10\n", "{place}");
    }
    assert_eq!(node.well("/srv/stranger/runc"), "runc version 1.0.0-rc8\n");
    // What is not chosen is named.
    node.script("--rollback").code(0);
    let chosen = node.script("--runc /usr/bin/runc").code(0);
    for place in places {
        assert!(
            chosen.stderr.contains(&format!(
                "warning: {place} is on this node, too, and stays as it is"
            )),
            "{place}: {chosen:?}"
        );
    }
    node.script("--rollback").code(0);
    // A directory that others may write to is no place for root's files, and a hyperkube is no kubelet.
    node.well("chmod 777 /opt/kube/bin; cp /usr/bin/kubelet /usr/bin/hyperkube");
    node.script("")
        .code(0)
        .says("warning: /opt/kube/bin/runc stays as it is, because users other than root can write to its directory")
        .says("warning: /usr/bin/hyperkube contains a kubelet and stays as it is");
    assert_eq!(node.well("/opt/kube/bin/runc"), "runc version 1.0.0-rc8\n");
}

#[test]
fn what_is_summed_is_what_is_run_and_installed() {
    for words in ["--dry-run", ""] {
        let node = Node::new("race", "v1.15.3");
        node.well("cp /usr/bin/kubelet /root/evil");
        // Somebody else changes the binary when it was read.
        node.wrap(
            "head",
            "/usr/bin/head \"$@\"; code=$?; case $* in */root/new/runc) /bin/cp -f /root/evil /root/new/runc ;; esac; exit $code",
        );
        let told = node.script(words).code(0);
        node.well("rm /usr/local/sbin/head; cmp /root/evil /root/new/runc");
        told.prints("new runc: runc version 1.0.0-rc10\n");
        let expected = if words.is_empty() { NEW } else { OLD };
        assert_eq!(node.versions(), expected);
        node.script("--dry-run")
            .code(1)
            .says("problem: /root/new/runc is not the runc for this script");
    }
    // It is in a place of the script's own, which nobody else can enter.
    let node = Node::new("private", "v1.15.3");
    node.wrap(
        "sha256sum",
        "ls -ld /var/lib/kmembuild-node.trial.* >>/tmp/modes; exec /usr/bin/sha256sum \"$@\"",
    );
    node.script("--dry-run").code(0);
    node.well(
        "grep -q '^drwx------ .* root root ' /tmp/modes; ! grep -v '^drwx------ ' /tmp/modes",
    );
    node.well("rm /usr/local/sbin/sha256sum; chmod 777 /var/lib");
    node.script("")
        .code(1)
        .says("error: users other than root can write to /var/lib");
}

#[test]
fn after_the_reboot_every_cgroup_counts_unless_the_kernel_accounts_by_itself() {
    let node = Node::new("owners", "v1.15.3");
    node.script("").code(0);
    node.well(REBOOT);
    let check = "--after-reboot --cgroups /tmp/memory";
    // On this kernel every cgroup counts, whoever made it.
    node.well(QUIET_POD);
    node.well("mkdir -p /tmp/memory/slurm/uid_7/job_1 /tmp/memory/batch");
    node.well("for of in slurm/uid_7/job_1 batch; do printf 'slabinfo - version: 2.1\\n# name\\n' >/tmp/memory/$of/memory.kmem.slabinfo; done");
    let found = node.script(check).code(1);
    let found = found
        .prints("accounting is on in /tmp/memory/slurm/uid_7/job_1 (Slurm)\n")
        .prints("accounting is on in /tmp/memory/batch (unknown owner)\n");
    for owner in ["Slurm", "unknown owner"] {
        assert!(found.stderr.contains(owner), "{found:?}");
    }
    // A later kernel does it by itself, and the one that was told not to does not.
    for release in [
        "4.6.0-1-amd64",
        "4.19.0-26-amd64",
        "5.4.278-1.el7.elrepo.x86_64",
        "6.1.0",
    ] {
        let uname = "/usr/local/bin/uname";
        node.well(&format!(
            "cp {uname} /root/uname; sed -i 's/3[.]10[^ ]*/{release}/' {uname}"
        ));
        node.script(check).code(0).prints(&format!(
            "ok: kernel {release} itself accounts in every cgroup, as all do from 4.6 on; it does not leak by it\n"
        ));
        node.well(&format!("cp /root/uname {uname}"));
    }
}
