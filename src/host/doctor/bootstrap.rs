//! Is there what bootstraps root file systems of Debian?

use std::path::Path;

use super::line::{Half, Level, Line};

/// A recipe that can be built in a bootstrapped root file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstraps {
    /// The recipe.
    pub recipe: String,
    /// A build that is told nothing else does so.
    pub is_default: bool,
}

/// The line about mmdebstrap, which was found as `program`; none where no recipe has a use for it. Which mirror it takes
/// when `has_mirror` does not hold it alone knows, so that none is asked.
pub fn judge_bootstrap(
    recipes: &[Bootstraps],
    program: Option<&Path>,
    has_mirror: bool,
) -> Option<Line> {
    if recipes.is_empty() {
        return None;
    }
    let line = |level, found: String| Line::new(Half::Build, "mmdebstrap", level, found);
    let names: Vec<_> = recipes.iter().map(|one| one.recipe.as_str()).collect();
    let names = names.join(", ");
    let Some(program) = program else {
        let level = if recipes.iter().any(|recipe| recipe.is_default) {
            Level::Fail
        } else {
            Level::Warn
        };
        let remedy = "install it: apt-get install mmdebstrap, on Debian or Ubuntu; or build with another --image";
        return Some(
            line(
                level,
                format!("not found; `--image debian` of {names} needs it"),
            )
            .remedy(remedy),
        );
    };
    let program = program.display();
    Some(if has_mirror {
        line(Level::Ok, program.to_string())
    } else {
        line(
            Level::Ok,
            format!(
                "{program}; the mirror that it takes by itself is not asked here, one that is named in the configuration (`debian-mirror`) is"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_needed_where_a_recipe_builds_in_debian() {
        let recipe = |is_default| Bootstraps {
            recipe: "tool".to_owned(),
            is_default,
        };
        assert_eq!(judge_bootstrap(&[], None, false), None);
        let level = |is_default, program| {
            let line = judge_bootstrap(&[recipe(is_default)], program, true);
            line.expect("a line").level
        };
        assert_eq!(level(true, None), Level::Fail);
        assert_eq!(level(false, None), Level::Warn);
        assert_eq!(
            level(true, Some(Path::new("/usr/bin/mmdebstrap"))),
            Level::Ok
        );
    }
}
