//! Fetches from a repository on this machine.

use std::path::Path;
use std::sync::Arc;

use git2::{ErrorCode, Oid, Repository};

use super::attempt::{Activity, Found, MirrorError, NO_PROGRESS};
use super::choice::{Choice, Listing, Reference, Revision};
use super::extent::measure;
use super::git_program::{self, Failure};
use super::quarantine::Quarantine;
use super::remote::{commit_of, find_by_prefix, has_commit};

/// What git says of a repository that lacks objects or has broken ones.
const DAMAGED: [&str; 7] = [
    "inflate",
    "corrupt",
    "unable to read",
    "promisor",
    "missing",
    "bad object",
    "did not send all necessary objects",
];

/// Finds `wanted` in the repository at `folder` and packs it into a quarantine below the store at `store`.
///
/// From a local path, libgit2 copies the whole history. The store needs one commit, so its objects are packed here
/// instead; objects that the store has are not packed again, except for `refresh`.
pub(super) fn fetch(
    folder: &Path,
    wanted: &Revision,
    store: &Path,
    refresh: bool,
    activity: &Arc<Activity>,
) -> Result<Found, MirrorError> {
    if !folder.is_dir() {
        return Err(MirrorError::NoFolder);
    }
    let upstream = Repository::open(folder).map_err(|error| match error.code() {
        ErrorCode::NotFound => MirrorError::NotARepository,
        _ => MirrorError::Git(error),
    })?;
    let listing = list(&upstream, activity)?;
    let (tag, tag_object, object) = match wanted.choose(&listing)? {
        Choice::Listed { listed, tag } => {
            wanted.check_pin(listed.tag(), listed.commit)?;
            let tag_object = (listed.tag() == tag.as_deref()).then_some(listed.object);
            (tag, tag_object, listed.object)
        }
        Choice::Unlisted(_) | Choice::Search => {
            let commit = find_by_prefix(&upstream, wanted)?;
            (wanted.pinned_tag(commit), None, commit)
        }
    };
    let commit = commit_of(&upstream, object)?;
    let download = if !refresh && has_commit(store, object) {
        None
    } else {
        Some(pack(&upstream, object, commit, store, activity)?)
    };
    Ok(Found {
        tag,
        tag_object,
        commit,
        download,
    })
}

fn list(upstream: &Repository, activity: &Activity) -> Result<Listing, git2::Error> {
    let mut listed = Vec::new();
    for glob in ["refs/tags/*", "refs/heads/*"] {
        for reference in upstream.references_glob(glob)? {
            let reference = reference?;
            if !activity.beat() {
                return Err(git2::Error::from_str("nobody waits for it any more"));
            }
            // References that do not point to a commit (a tag of a tree, a broken reference) cannot be built.
            if let (Ok(name), Some(object), Ok(commit)) = (
                reference.name(),
                reference.target(),
                reference.peel_to_commit(),
            ) {
                listed.push(Reference {
                    name: name.to_owned(),
                    object,
                    commit: commit.id(),
                });
            }
        }
    }
    Ok(Listing(listed))
}

fn pack(
    upstream: &Repository,
    object: Oid,
    commit: Oid,
    store: &Path,
    activity: &Arc<Activity>,
) -> Result<Quarantine, MirrorError> {
    let tree = upstream.find_commit(commit)?.tree_id();
    let quarantine = Quarantine::create(store)?;
    // git copies what is packed already, where it is installed.
    let objects = upstream.commondir().join("objects").canonicalize()?;
    let by_git = git_program::pack(&objects, object, commit, &quarantine, NO_PROGRESS, activity);
    match by_git {
        Ok(()) => {
            measure(&quarantine.repository()?, tree, || activity.beat())?;
            quarantine.flush()?;
            return Ok(quarantine);
        }
        Err(Failure::Other(error)) => return Err(error),
        // libgit2 reads some damaged objects for ever.
        Err(Failure::Said(said)) if DAMAGED.iter().any(|part| said.contains(part)) => {
            return Err(MirrorError::Damaged(said));
        }
        Err(Failure::Missing | Failure::Said(_)) => {}
    }
    // libgit2 walks through the tree by recursion.
    measure(upstream, tree, || activity.beat())?;
    let repository = quarantine.repository()?;
    let database = repository.odb()?;
    let mut builder = upstream.packbuilder()?;
    let alive = Arc::clone(activity);
    builder.set_progress_callback(move |_, _, _| alive.beat())?;
    builder.set_threads(0);
    builder.insert_commit(commit)?;
    let mut link = object;
    // A tag may point to another tag.
    while let Ok(tag) = upstream.find_tag(link) {
        builder.insert_object(link, None)?;
        link = tag.target_id();
    }
    let total = builder.object_count();
    let mut writer = database.packwriter()?;
    let mut written = Ok(());
    builder.foreach(|bytes| {
        written = std::io::Write::write_all(&mut writer, bytes);
        written.is_ok() && activity.beat()
    })?;
    written?;
    writer.commit()?;
    activity.received(total, total);
    quarantine.flush()?;
    Ok(quarantine)
}
