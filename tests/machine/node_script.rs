//! The script of `kmembuild node-script` on a node.

use std::process::Command;

use super::node::{Node, OTHER_RUNC};
use crate::support::command::Workplace;
use crate::support::node_results::{QUIET, result};

const OLD: &str = "runc version 1.0.0-rc8; runc version 1.0.0-rc2; Kubernetes v1.15.5; ";
const NEW: &str = "runc version 1.0.0-rc10; runc version 1.0.0-rc10; Kubernetes v1.15.5; ";
const STOPPED: &str = "stop kubelet.service; stop docker.socket; stop docker.service; ";
const STARTED: &str = "start docker.service; start docker.socket; start kubelet.service; ";

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
    let node = Node::new("replace", "v1.15.5");
    let before = node.files();
    let dry = node.script("--dry-run").code(0);
    dry.prints("kernel 3.10.0-1127.el7.x86_64: it leaks where accounting is on\n")
        .prints("new runc: runc version 1.0.0-rc10\n")
        .prints("/usr/bin/runc is replaced: runc version 1.0.0-rc8\n")
        .prints("would keep /usr/bin/runc as /var/lib/kmembuild-node/kept/usr/bin/runc\n")
        .prints("would run: systemctl stop kubelet.service\n")
        .prints("would replace /usr/bin/kubelet by /root/new/kubelet/v1.15.5/linux-amd64/kubelet\n")
        .prints("REBOOT THIS NODE");
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
        "docker.service\ndocker.socket\nkubelet.service\n"
    );

    node.script("--after-reboot")
        .code(1)
        .says("problem: this node was not rebooted")
        .says("no cgroup of a pod");
    // Another start of the kernel, which a container cannot have.
    node.well("echo another >/var/lib/kmembuild-node/boot; mkdir -p /tmp/memory/kubepods/pod1");
    let check = "--after-reboot --cgroups /tmp/memory";
    // The services are nobody's container.
    node.well("mkdir -p /tmp/memory/docker /tmp/memory/system.slice/docker.service");
    node.well("for of in docker system.slice/docker.service; do ln -s /proc/self/mem /tmp/memory/$of/memory.kmem.slabinfo; done");
    node.script(check)
        .code(1)
        .prints("ok: this node was rebooted")
        .says("problem: no cgroup of a pod or container tells");
    node.well("printf 'slabinfo - version: 2.1\\n# name\\n' >/tmp/memory/kubepods/pod1/memory.kmem.slabinfo");
    node.script(check)
        .code(1)
        .prints("ok: /usr/bin/kubelet is the new one\n")
        .prints("accounting is on in /tmp/memory/kubepods/pod1\n")
        .says("problem: accounting is on in 1 cgroups");
    // A file that fails with the error that the kernel gives: every process has one.
    node.well("ln -sf /proc/self/mem /tmp/memory/kubepods/pod1/memory.kmem.slabinfo");
    node.script(check)
        .code(0)
        .prints("ok: accounting is off in 1 cgroups")
        .prints("running: kubelet docker\n");

    let again = node
        .script("")
        .code(0)
        .prints("/usr/bin/runc is the new one already\n");
    assert!(!again.stdout.contains("replaced /"), "{}", again.stdout);
    node.calls();
    node.script("--rollback --dry-run")
        .code(0)
        .prints("would replace /usr/bin/runc by /var/lib/kmembuild-node/kept/usr/bin/runc\n");
    assert_eq!((node.calls().as_str(), node.versions().as_str()), ("", NEW));
    node.script("--rollback")
        .code(0)
        .prints("the old binaries are in their places");
    assert_eq!(node.calls(), format!("{STOPPED}{STARTED}"));
    assert_eq!(node.versions(), OLD);
    node.script("--rollback")
        .code(0)
        .prints("/usr/bin/runc is the old one already");
    node.script("--after-reboot")
        .code(1)
        .says("problem: /usr/bin/runc is not the new one");
}

#[test]
fn a_node_reboots_only_when_it_is_told_to() {
    let node = Node::new("reboot", "v1.15.5");
    node.script("--reboot").code(0);
    assert_eq!(node.calls(), format!("{STOPPED}reboot; "));
    let node = Node::new("no-services", "v1.15.5");
    node.well("rm /usr/local/bin/systemctl");
    node.script("")
        .code(1)
        .says("problem: systemctl is missing");
    node.script("--no-services").code(0);
    assert_eq!(node.versions(), NEW);
}

#[test]
fn what_does_not_fit_the_node_changes_nothing() {
    let node = Node::new("refused", "v1.14.2");
    let before = node.files();
    let refused = node.script("").code(1);
    refused
        .says("problem: /usr/bin/kubelet is of Kubernetes 1.14, and the new one of 1.15")
        .says("error: 1 problems; nothing was changed");
    for (wrong, said, right) in [
        (
            "echo x >>/root/new/runc",
            "problem: /root/new/runc is not the runc that this script is for",
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
            "problem: the new binaries are for x86_64, and this node is aarch64",
            "sed -i s/aarch64/x86_64/ /usr/local/bin/uname",
        ),
        (
            "printf '#!/bin/sh\\necho x; echo x 1 2 3 4' >/usr/local/bin/df; chmod 755 /usr/local/bin/df",
            "KiB of room, and",
            "rm /usr/local/bin/df",
        ),
    ] {
        node.well(wrong);
        node.script("--other-version")
            .code(1)
            .says(said)
            .says("nothing was changed");
        node.well(right);
    }
    assert_eq!((node.calls().as_str(), node.files()), ("", before));
    node.script("--runc /nowhere/runc --other-version")
        .code(1)
        .says("problem: /nowhere/runc is not there")
        .says("no runc is found");
    node.script("--after-reboot")
        .code(1)
        .says("nothing was replaced on this node");
    node.script("--rollback")
        .code(1)
        .says("nothing was replaced on this node");
    node.script("--nonsense")
        .code(2)
        .says("error: unknown option --nonsense");
    node.script("--from")
        .code(1)
        .says("error: --from needs a value");
    node.run("setpriv --reuid=7 sh /root/new/node.sh --from /root/new")
        .code(1)
        .says("problem: this needs root");
    // Only what is named is replaced then.
    node.script("--runc /usr/bin/runc --other-version").code(0);
    assert!(
        node.versions()
            .starts_with("runc version 1.0.0-rc10; runc version 1.0.0-rc2; ")
    );
}

#[test]
fn killed_anywhere_it_goes_on_the_next_time_and_loses_no_binary() {
    let node = Node::new("killed", "v1.15.5");
    // The n-th of the commands that change something is the last that the script lives to see.
    node.well(
        "for tool in cp mv sync mkdir ln rm; do cat >/usr/local/bin/$tool <<'EOF'
#!/bin/sh
tool=/bin/${0##*/}
count=$(($(cat /tmp/count) + 1))
echo $count >/tmp/count
if [ $count -eq \"$(cat /tmp/deadly)\" ]; then kill -9 $PPID; exit 1; fi
# The disks of the whole machine are none of this test's.
[ $tool = /bin/sync ] || exec $tool \"$@\"
EOF
chmod 755 /usr/local/bin/$tool; done",
    );
    let mut kills = 0;
    for deadly in 1..100 {
        node.well(&format!(
            "echo 0 >/tmp/count; echo {deadly} >/tmp/deadly; touch /run/services/kubelet.service"
        ));
        let killed = node.script("").code == Some(137);
        // Whole, whatever happened, and the old ones are where they were or kept.
        for part in node
            .versions()
            .split("; ")
            .zip(OLD.split("; ").zip(NEW.split("; ")))
        {
            let (found, (old, new)) = part;
            assert!(found == old || found == new, "{deadly}: {found}");
        }
        let kept = "for old in /usr/bin/runc /usr/bin/kubelet; do for file in $old /var/lib/kmembuild-node/kept$old; do [ ! -f $file ] || grep -l kmem.go $file; done; done";
        let kept = node.well(kept);
        assert!(
            kept.contains("runc") && kept.contains("kubelet"),
            "{deadly}: {kept}"
        );
        if !killed {
            break;
        }
        kills += 1;
        node.well("echo 1000 >/tmp/deadly");
        node.script("").code(0);
        assert_eq!(node.versions(), NEW);
        assert_eq!(
            node.well("ls /run/services"),
            "docker.service\ndocker.socket\nkubelet.service\n"
        );
        node.script("--rollback").code(0);
        assert_eq!(node.versions(), OLD);
    }
    assert!((10..90).contains(&kills), "{kills}");
}

#[test]
fn an_interrupted_script_starts_what_it_stopped() {
    let node = Node::new("interrupted", "v1.15.5");
    // The user gives up while the runtime takes its time.
    node.well("sed -i 's/^stop)/stop) [ $service != docker.service ] || kill -INT $PPID;/' /usr/local/bin/systemctl");
    node.script("")
        .code(130)
        .says("warning: starting again what was stopped")
        .says("interrupted; run it again");
    assert_eq!(
        (
            node.versions().as_str(),
            node.well("ls /run/services").as_str()
        ),
        (OLD, "docker.service\ndocker.socket\nkubelet.service\n")
    );
    node.well("sed -i 's/kill -INT $PPID/:/' /usr/local/bin/systemctl; touch /run/services/kubelet.service.broken");
    node.script("")
        .code(1)
        .says("warning: kubelet.service does not start");
    node.well("rm /run/services/kubelet.service.broken");
    // It knows what the one before stopped.
    node.calls();
    node.script("").code(0);
    assert!(node.calls().ends_with("start kubelet.service; "));
}
