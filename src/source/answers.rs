//! Whether a repository answers.

use std::sync::Arc;

use git2::Repository;

use super::attempt::Activity;
use super::git_program::{self, Failure};
use super::remote::{connect, needs_gits_proxy};

/// Asks the repository at `url` for its references, on the way that a fetch takes.
///
/// # Errors
/// Why they cannot be had.
pub fn answers(url: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let activity = Arc::new(Activity::default());
    let by_git = |error: String| match git_program::lists(url, directory.path(), &activity) {
        Ok(()) => Ok(()),
        Err(Failure::Said(said)) => Err(said),
        Err(Failure::Missing | Failure::Other(_)) => Err(error),
    };
    if needs_gits_proxy(url) {
        return by_git(
            "the proxy for it can only be used by git, which is not installed".to_owned(),
        );
    }
    let asked = Repository::init_bare(directory.path()).and_then(|repository| {
        let mut remote = repository.remote_anonymous(url)?;
        connect(&mut remote, &activity).map(drop)
    });
    match asked {
        Err(error) if git_program::may_do_better(&error) => by_git(error.message().to_owned()),
        asked => asked.map_err(|error| error.message().to_owned()),
    }
}
