//! Is the program that bootstraps Debian root file systems installed?

use std::path::{Path, PathBuf};

use super::line::{Half, Level, Line};
use crate::advice::INSTALL_BOOTSTRAP;
use crate::recipe::{ImageWay, Recipe};

/// The program that bootstraps Debian.
const PROGRAM: &str = "mmdebstrap";

/// A recipe that can be built in a bootstrapped root file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstraps {
    /// The recipe.
    pub recipe: String,
    /// Whether a build with default options does so.
    pub is_default: bool,
}

impl Bootstraps {
    /// `None` for a recipe without such a root file system.
    pub fn of(recipe: &Recipe) -> Option<Self> {
        recipe.images.debian.as_ref().map(|_| Self {
            recipe: recipe.name.to_string(),
            is_default: recipe.images.default.value == ImageWay::Debian,
        })
    }
}

/// The path of mmdebstrap, found in the directories of `PATH`.
pub fn find_bootstrap(search_path: &[PathBuf]) -> Option<PathBuf> {
    let mut paths = search_path.iter().map(|directory| directory.join(PROGRAM));
    paths.find(|path| path.is_file())
}

/// The line about mmdebstrap, found at `program`; `None` if no recipe can use it. If the configuration has no mirror
/// (`has_mirror`), only mmdebstrap knows which one it will use, so none is asked.
pub fn judge_bootstrap(
    recipes: &[Bootstraps],
    program: Option<&Path>,
    has_mirror: bool,
) -> Option<Line> {
    if recipes.is_empty() {
        return None;
    }
    let line = |level, found: String| Line::new(Half::Build, PROGRAM, level, found);
    let names: Vec<_> = recipes.iter().map(|one| one.recipe.as_str()).collect();
    let names = names.join(", ");
    let Some(program) = program else {
        let level = if recipes.iter().any(|recipe| recipe.is_default) {
            Level::Fail
        } else {
            Level::Warn
        };
        return Some(
            line(
                level,
                format!("not found; required for `--image debian` of {names}"),
            )
            .remedy(INSTALL_BOOTSTRAP),
        );
    };
    let program = program.display();
    Some(if has_mirror {
        line(Level::Ok, program.to_string())
    } else {
        line(
            Level::Ok,
            format!(
                "{program}; its default mirror was not checked, only a configured one is (`debian-mirror`)"
            ),
        )
    })
}
