//! Makes cargo notice recipes and patches that are added or removed; edits of known ones it notices itself.

fn main() {
    println!("cargo::rerun-if-changed=recipes");
    println!("cargo::rerun-if-changed=patches");
}
