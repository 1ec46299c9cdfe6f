//! The session's own working directory, which begins empty.

use std::collections::BTreeMap;

use super::session::DockerSession;
use crate::engine::{Command, EngineError, GuestPath, Session as _, SessionSpec};
use crate::events::Silent;

impl DockerSession {
    /// Removes the files that podman copies from the image into a new volume: of what the API has to prevent that
    /// (`NoCopy`), podman 4.3 takes no notice.
    ///
    /// The caches below it are left alone; they are excluded by path because they are not different file systems where all
    /// volumes are on one disk.
    pub(super) async fn clear_workdir(&self, spec: &SessionSpec) -> Result<(), EngineError> {
        let path = spec.workdir.path().to_string();
        let words = ["find", &path, "-xdev"].map(str::to_owned);
        let caches = spec.caches.iter().flat_map(|cache| {
            let pattern = format!("{}/*", literal_pattern(cache.path.as_str()));
            ["!".to_owned(), "-path".to_owned(), pattern]
        });
        // `-delete` is missing in smaller ones.
        let what = ["!", "-type", "d", "-exec", "rm", "-f", "{}", "+"].map(str::to_owned);
        let command = Command {
            step: "empty the working directory".to_owned(),
            command: words.into_iter().chain(caches).chain(what).collect(),
            environment: BTreeMap::new(),
            workdir: GuestPath::new("/"),
            counts_kills: false,
        };
        match self.run(&command, &Silent).await?.code {
            0 => Ok(()),
            code => Err(EngineError::NotEmptied { path, code }),
        }
    }
}

/// A pattern for `find` that matches only this path.
fn literal_pattern(path: &str) -> String {
    let mut pattern = String::new();
    for character in path.chars() {
        if "*?[\\".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
