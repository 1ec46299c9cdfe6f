//! Is the program that bootstraps Debian root file systems installed?

use std::path::{Path, PathBuf};

use super::line::{Half, Level, Line};
use crate::advice::INSTALL_BOOTSTRAP;
use crate::recipe::{ImageWay, Recipe};

/// The program that bootstraps Debian.
const PROGRAM: &str = "mmdebstrap";

/// The path of mmdebstrap, found in the directories of `PATH`.
pub fn find_bootstrap(search_path: &[PathBuf]) -> Option<PathBuf> {
    let mut paths = search_path.iter().map(|directory| directory.join(PROGRAM));
    paths.find(|path| path.is_file())
}

/// The line about mmdebstrap, found at `program`; `None` if none of the recipes can be built in a bootstrapped root file
/// system. If the configuration has no mirror
/// (`has_mirror`), only mmdebstrap knows which one it will use, so none is asked.
pub fn judge_bootstrap(
    recipes: &[Recipe],
    program: Option<&Path>,
    has_mirror: bool,
) -> Option<Line> {
    let recipes: Vec<_> = recipes
        .iter()
        .filter(|recipe| recipe.images.debian.is_some())
        .collect();
    if recipes.is_empty() {
        return None;
    }
    let line = |level, found: String| Line::new(Half::Build, PROGRAM, level, found);
    let names: Vec<_> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
    let names = names.join(", ");
    let Some(program) = program else {
        let is_default = |recipe: &Recipe| recipe.images.default.value == ImageWay::Debian;
        let stopped: Vec<_> = recipes
            .iter()
            .copied()
            .filter(|recipe| is_default(recipe))
            .map(|recipe| recipe.name.as_str())
            .collect();
        let level = if stopped.is_empty() {
            Level::Warn
        } else {
            Level::Fail
        };
        return Some(
            line(
                level,
                format!("not found; required for `--image debian` of {names}"),
            )
            .remedy(INSTALL_BOOTSTRAP)
            .stops(stopped),
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
