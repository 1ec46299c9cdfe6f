//! The shipped recipe `kubelet`, as tests use it.

use super::command::Workplace;

/// What it takes to build in Debian's images.
pub const DEBIAN: [&str; 4] = ["--image", "debian", "--allow-toolchain", "1.15"];

/// Writes the recipe to `own`, without its pins: the commits of the tests' own repositories are others.
pub fn export_without_pins(place: &Workplace) {
    place.run(&["recipes", "export", "kubelet", "own"]).code(0);
    let path = place.path().join("own/kubelet.yaml");
    let text = std::fs::read_to_string(&path).expect("the recipe");
    let (before, pins) = text.split_once("    tags:\n").expect("pins");
    let (_, after) = pins.split_once("    read:\n").expect("the end of the pins");
    place.write("own/kubelet.yaml", &format!("{before}    read:\n{after}"));
}
