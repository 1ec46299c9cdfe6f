//! The script of `kmembuild node-script` on a machine: with its systemd, its docker, its reboots.

use super::machine::Machine;
use super::programs::{RUNC, bring_script, identity, new_sum};

/// Runs a container.
const CONTAINER: &str = "docker run --rm box:1 /bin/echo started";

/// What systemd says of the units that the script stops and starts.
fn services(machine: &Machine) -> String {
    machine
        .well("for unit in docker.socket docker.service containerd.service; do systemctl show -p ActiveState $unit; done")
        .replace("ActiveState=", "")
        .replace('\n', " ")
}

/// How long the services were down: by the script, and by their own stops and starts.
fn pause(machine: &Machine) -> String {
    let at = |unit: &str, moment: &str| {
        let shown = machine.well(&format!(
            "systemctl show -p {moment}TimestampMonotonic {unit}"
        ));
        let microseconds = shown.trim_end().rsplit('=').next().map(str::parse::<f64>);
        microseconds.expect("a value").expect("a number") / 1e6
    };
    let begin = at("docker.socket", "ActiveExit");
    let stopped = at("containerd.service", "InactiveEnter");
    let starting = at("containerd.service", "InactiveExit");
    let started = at("docker.service", "ActiveEnter");
    format!(
        "figure: {:.1} s from the stop of the last service to the start of the first; {:.1} s to stop them, {:.1} s to start them",
        starting - stopped,
        stopped - begin,
        started - starting
    )
}

const ACTIVE: &str = "active active active ";

#[test]
fn a_node_gets_the_new_runc_reboots_and_gets_the_old_one_back() {
    let mut machine = Machine::ready();
    bring_script(&machine);
    let old = identity(&machine, RUNC);
    machine
        .on("cd /root && sh node.sh --state")
        .code(0)
        .prints("old\n");
    machine.on("cd /root && sh node.sh --dry-run").code(0);
    assert_eq!(identity(&machine, RUNC), old);

    let run = machine.on("cd /root && sh node.sh").code(0);
    run.prints("the new runc ran a container on this node, with a memory limit")
        .prints("replaced /usr/sbin/runc\n")
        .prints("REBOOT THIS NODE");
    println!("{}", pause(&machine));
    assert!(identity(&machine, RUNC).contains(&new_sum()));
    assert_eq!(services(&machine), ACTIVE);
    assert_eq!(machine.well(CONTAINER), "started\n");
    machine
        .on("cd /root && sh node.sh --after-reboot")
        .code(1)
        .says("this node was not rebooted after the binaries were replaced");

    // It has nothing to replace any more.
    machine.on("cd /root && sh node.sh --reboot").code(0);
    machine.come_back();
    machine
        .on("cd /root && sh node.sh --after-reboot")
        .code(0)
        .prints("ok: /usr/sbin/runc is the new one\nok: this node was rebooted\n")
        .prints("running: docker containerd\n");
    machine
        .on("cd /root && sh node.sh --state")
        .code(0)
        .prints("done\n");
    assert_eq!(machine.well(CONTAINER), "started\n");

    machine
        .on("cd /root && sh node.sh --rollback")
        .code(0)
        .prints("the old binaries are restored");
    assert_eq!(identity(&machine, RUNC), old);
    assert_eq!(services(&machine), ACTIVE);
    machine.reboot();
    assert_eq!(identity(&machine, RUNC), old);
    machine
        .on("cd /root && sh node.sh --after-rollback")
        .code(0);
    assert_eq!(machine.well(CONTAINER), "started\n");
    assert_eq!(left(&machine), "");
}

/// What must not stay: parts of files, the list of stopped services, directories of trials.
fn left(machine: &Machine) -> String {
    machine.well(
        "find /var/lib/kmembuild-node -name '*.part' -o -name stopped; find /usr/sbin /var/lib /run -maxdepth 1 -name '*kmembuild*' \
         ! -path /var/lib/kmembuild-node ! -path /run/kmembuild-node.lock",
    )
}

#[test]
fn docker_starts_for_the_third_time_within_a_minute() {
    let machine = Machine::ready();
    bring_script(&machine);
    // A program that starts at once even when it is emulated; the unit and its limits are Debian's.
    machine.well(
        "mkdir -p /etc/systemd/system/docker.service.d && printf '[Service]\\nType=simple\\nExecStart=\\nExecStart=/bin/sleep infinity\\n' \
         >/etc/systemd/system/docker.service.d/quick.conf && systemctl daemon-reload && systemctl restart docker.service",
    );
    let limit =
        machine.well("systemctl show -p StartLimitBurst -p StartLimitIntervalUSec docker.service");
    assert_eq!(limit, "StartLimitIntervalUSec=1min\nStartLimitBurst=3\n");
    // All clocks of the machine are slow, so more often than within a minute.
    for _ in 0..2 {
        machine.on("cd /root && sh node.sh --no-trial").code(0);
        assert_eq!(services(&machine), ACTIVE);
        machine.on("cd /root && sh node.sh --rollback").code(0);
        assert_eq!(services(&machine), ACTIVE);
    }
}

#[test]
fn a_docker_that_is_being_started_is_started_again() {
    let machine = Machine::ready();
    bring_script(&machine);
    for order in ["restart", "start"] {
        if order == "start" {
            machine.well("systemctl stop docker.socket docker.service");
        }
        let begun = format!(
            "systemctl {order} --no-block docker.service; \
             while systemctl show -p ActiveState docker.service | grep -q =active; do :; done"
        );
        let run = format!("{begun}; cd /root && sh node.sh --no-trial");
        machine.on(&run).code(0);
        assert_eq!(services(&machine), ACTIVE);
        machine.on("cd /root && sh node.sh --rollback").code(0);
        assert_eq!(services(&machine), ACTIVE);
    }
}

#[test]
fn what_the_script_says_is_replaced_survives_a_power_failure() {
    let mut machine = Machine::ready();
    bring_script(&machine);
    let old = identity(&machine, RUNC);
    machine.on("cd /root && sh node.sh --no-services").code(0);
    machine.cut_power();
    assert!(identity(&machine, RUNC).contains(&new_sum()));
    machine
        .on("cd /root && sh node.sh --rollback --no-services")
        .code(0)
        .prints("replaced");
    machine.cut_power();
    assert_eq!(identity(&machine, RUNC), old);
    assert_eq!(left(&machine), "");
    assert_eq!(machine.well(CONTAINER), "started\n");
}
