//! The Debian package on a machine: given to its dpkg, and to its docker.

use super::machine::Machine;
use super::programs::{RUNC, bring_package, identity};

const KEPT: &str = "/usr/lib/kmembuild/previous/runc/usr/sbin/runc";

#[test]
fn a_package_replaces_runc_and_what_was_there_survives_power_failures() {
    let mut machine = Machine::ready();
    bring_package(&machine);
    let old = identity(&machine, RUNC);
    machine.well("docker run -d --name stays box:1 /bin/sleep 100000");
    machine
        .on("dpkg -i /root/runc.deb")
        .code(0)
        .prints(&format!(
            "runc: replacing {RUNC}; the previous file is kept as {KEPT}"
        ));
    let new = identity(&machine, RUNC);
    assert_ne!(new, old);
    // What ran goes on, and new containers start.
    assert_eq!(machine.well("docker exec stays /bin/echo here"), "here\n");
    assert_eq!(
        machine.well("docker run --rm box:1 /bin/echo started"),
        "started\n"
    );
    machine.cut_power();
    assert_eq!(identity(&machine, KEPT), old);
    assert_eq!(identity(&machine, RUNC), new);
    assert_eq!(machine.well("dpkg -V runc"), "");

    // Debian's packages need one of this name.
    machine
        .on("dpkg -r runc")
        .code(1)
        .says("dependency problems prevent removal of runc");
    machine
        .on("dpkg -r --force-depends runc")
        .code(0)
        .prints(&format!("runc: restored {RUNC}"));
    machine.cut_power();
    assert_eq!(identity(&machine, RUNC), old);
    assert_eq!(machine.on("ls /usr/lib/kmembuild").code, Some(2));
    machine.wait_for_services();
    assert_eq!(
        machine.well("docker run --rm box:1 /bin/echo started"),
        "started\n"
    );
}
