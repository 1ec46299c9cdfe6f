//! The recipes and patches in the binary.

use include_dir::{Dir, include_dir};

/// The shipped recipes, `NAME.yaml` each.
pub(super) static RECIPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/recipes");

/// The shipped patches.
pub(super) static PATCHES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/patches");
