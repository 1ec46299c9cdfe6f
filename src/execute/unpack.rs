//! Puts the source into the session.

use super::archive::one_file_archive;
use super::ask::ask;
use super::context::Context;
use super::error::ExecuteError;
use super::image::patch_texts;
use crate::engine::{ByteStream, GuestPath, Session};
use crate::plan::{Plan, PlannedSource};

/// Puts the source into the session. Returns the id of the tree if patches changed it.
pub(super) async fn unpack_source(
    plan: &Plan,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<Option<String>, ExecuteError> {
    match (&plan.source, context.store) {
        (
            PlannedSource::Git {
                tree,
                modified,
                patches,
                ..
            },
            Some(store),
        ) => {
            let patched = store
                .patch(tree, &patch_texts(patches, context))
                .map_err(ExecuteError::Source)?;
            clear_workdir(plan, session).await?;
            let archive = store.archive(&patched, *modified);
            upload(&plan.build.workdir, archive, session).await?;
            for file in &plan.build.files {
                let modified = u64::try_from(*modified).unwrap_or_default();
                let archive = one_file_archive(&file.path, &file.text, modified);
                upload(&plan.build.workdir, archive, session).await?;
            }
            Ok((patched != *tree).then_some(patched))
        }
        (PlannedSource::Directory { path, package }, _) => {
            let found = ask(session, &["test", "-d", path]).await;
            if found.is_ok_and(|(exit, _)| exit.code == 0) {
                return Ok(None);
            }
            Err(ExecuteError::SourceFolderMissing {
                path: path.clone(),
                package: package.clone(),
            })
        }
        (PlannedSource::Git { .. }, None) => unreachable!("a git source comes with its store"),
    }
}

async fn upload(
    folder: &str,
    archive: ByteStream,
    session: &dyn Session,
) -> Result<(), ExecuteError> {
    let uploaded = session.put(&GuestPath::new(folder), archive).await;
    uploaded.map_err(ExecuteError::engine("build"))
}

/// Removes the files that the image has in the working directory: upstream's own image has a copy of its source there,
/// and files beside the source would be compiled too. An engine that makes the working directory an empty volume has none.
/// The caches below it are left alone; they are excluded by path because they are not different file systems where all
/// volumes are on one disk.
async fn clear_workdir(plan: &Plan, session: &dyn Session) -> Result<(), ExecuteError> {
    let path = plan.build.workdir.as_str();
    let caches: Vec<_> = plan
        .build
        .caches
        .iter()
        .map(|cache| format!("{}/*", literal_pattern(&cache.path)))
        .collect();
    let mut command = vec!["find", path, "-xdev"];
    for cache in &caches {
        command.extend(["!", "-path", cache]);
    }
    command.extend(["!", "-type", "d", "-delete"]);
    let cleared = ask(session, &command).await;
    let (exit, lines) = cleared.map_err(ExecuteError::engine("build"))?;
    if exit.code == 0 {
        return Ok(());
    }
    Err(ExecuteError::WorkdirNotCleared {
        path: path.to_owned(),
        reason: lines.join("; "),
    })
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
