//! A place for local builds: a recipe of one step, its upstream, and a directory for the step to work in.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::build_place::manifest;
use crate::support::command::{Finished, Workplace};
use crate::support::running::Running;
use crate::support::step_recipe::write_recipe;

/// The command line of a build.
pub const BUILD: [&str; 7] = [
    "tool",
    "--recipe-dir",
    "recipes",
    "--tag",
    "v1.0.0",
    "--engine",
    "local",
];

/// One recipe and the directories of its builds.
pub struct Place {
    pub workplace: Workplace,
}

impl Place {
    /// One whose only step is this script of a shell; `$PLACE` in it is the working directory of the command.
    pub fn new(script: &str) -> Self {
        let workplace = Workplace::new();
        let place = workplace.path().display().to_string();
        write_recipe(
            &workplace,
            "tool",
            &place,
            &script.replace("$PLACE", &place),
        );
        Self { workplace }
    }

    /// Builds to the end.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.workplace.run(&[&BUILD, further].concat())
    }

    /// Starts to build.
    pub fn start(&self, further: &[&str]) -> Running {
        self.workplace.start(&[&BUILD, further].concat())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workplace.path().join(name)
    }

    /// Directory of the result.
    pub fn result(&self) -> PathBuf {
        let versions = self.path("dist/tool/v1.0.0");
        let platform = fs::read_dir(versions).expect("a result").flatten().next();
        platform.expect("a platform").path()
    }

    /// The manifest of the result.
    pub fn manifest(&self) -> Value {
        manifest(&self.result())
    }

    /// Asserts that nothing of any build is left: no directory, no session, no registration.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        for gone in ["work", "cached"] {
            assert!(!self.path(gone).exists(), "{gone} was left");
        }
        for empty in ["cache/local/sessions", "cache/runs"] {
            let left = fs::read_dir(self.path(empty))
                .into_iter()
                .flatten()
                .flatten();
            let left: Vec<_> = left.map(|entry| entry.path()).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}
