//! Makes cargo notice recipes and patches that are added or removed; edits of known ones it notices itself. Adds to a
//! program with a static GNU C library what it needs on other systems.

use std::env;

/// What a program with a static GNU C library must do before anything else.
const STATIC_NAMES: &str = "src/static_names.c";

fn main() {
    println!("cargo::rerun-if-changed=recipes");
    println!("cargo::rerun-if-changed=patches");
    println!("cargo::rerun-if-changed={STATIC_NAMES}");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let is_static = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if is_static && target("ENV") == "gnu" {
        // As an object: out of a library the linker would take only what something asks for.
        for object in cc::Build::new().file(STATIC_NAMES).compile_intermediates() {
            println!("cargo::rustc-link-arg-bins={}", object.display());
        }
    }
}
