//! The static build of the command under test, which pods get.

use std::path::{Path, PathBuf};

/// Where `.ci/build-static` puts it; `None` if it was not built.
pub fn static_program() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    ["gnu", "musl"].into_iter().find_map(|library| {
        let triple = format!("{}-unknown-linux-{library}", std::env::consts::ARCH);
        let program = target.join(triple).join("release/kmembuild");
        program.exists().then_some(program)
    })
}
