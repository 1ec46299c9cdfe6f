//! The image with Go that the shaped project is compiled in.

use std::fs::File;
use std::sync::OnceLock;

use super::build_place::BuildPlace;

/// Name of the image, made by the tool itself in its `--image debian` way when the engine does not have it. It stays
/// there for the next run of the tests.
pub fn toolchain_image() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let _alone = alone("toolchain");
        let build = BuildPlace::shaped_itself();
        build
            .build("v1.0.0-rc10", &["--image", "debian"])
            .code(0)
            .prints("ok");
        let manifest = build.manifest("v1.0.0-rc10");
        let name = manifest["image"]["name"].as_str();
        name.expect("the image has a name").to_owned()
    })
}

/// Keeps every other test of this machine out that asks for the same thing, until dropped.
pub fn alone(thing: &str) -> File {
    let path = std::env::temp_dir().join(format!("kmembuild-test-{thing}.lock"));
    let lock = File::create(path).expect("the lock file can be made");
    lock.lock().expect("the lock can be taken");
    lock
}
