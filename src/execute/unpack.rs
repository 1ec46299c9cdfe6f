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
