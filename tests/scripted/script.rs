//! Engines that upstream's own script cannot drive.

use super::place::{Place, good_script};
use crate::support::scripted_engine::{Refusal, Script};

#[test]
fn podman_is_refused_before_anything_is_made() {
    let place = Place::with(Script {
        podman: true,
        images: Vec::new(),
        ..good_script()
    });
    place
        .build(&["--via", "run-sh"])
        .code(12)
        .says("cannot run upstream's script: the script requires Docker, but this is Podman Engine 20.10.24")
        .says("hint: use --via make to build the same on any engine");
    let made = place.engine.requests();
    let made: Vec<_> = made
        .iter()
        .filter(|request| request.method == "POST")
        .collect();
    assert!(made.is_empty(), "{made:?}");
    place.nothing_is_left();
}

#[test]
fn an_engine_without_a_socket_on_its_host_is_named() {
    let place = Place::with(Script {
        create: Some(Refusal {
            status: 400,
            message: "invalid mount config for type \"bind\": bind source path does not exist: /x",
        }),
        ..good_script()
    });
    place
        .build(&["--via", "run-sh"])
        .code(12)
        .says("cannot run upstream's script: socket /")
        .says("hint: use --via make to build the same on any engine");
    place.nothing_is_left();
}
