//! Fetches from a repository by git's protocols.

use std::path::Path;
use std::sync::Arc;

use git2::{
    AutotagOption, Config, Cred, CredentialType, Direction, FetchOptions, Oid, ProxyOptions,
    RemoteCallbacks, RemoteConnection, Repository,
};

use super::attempt::{Activity, Found, MirrorError};
use super::choice::{Choice, Listing, Revision};
use super::location::has_control_characters;
use super::no_delay::send_at_once;
use super::quarantine::Quarantine;
use crate::environment::Proxies;

/// Largest download in bytes; Kubernetes with its whole history has 1.5 GB.
const MOST_BYTES: usize = 32 << 30;
/// Most objects in a download; Kubernetes with its whole history has 2 million.
const MOST_OBJECTS: usize = 100_000_000;

/// Finds `wanted` at `url` and downloads it into a quarantine below the store at `store`.
///
/// Both use one connection. Objects that the store has are not downloaded again, except for `refresh`.
pub(super) fn fetch(
    url: &str,
    wanted: &Revision,
    store: &Path,
    refresh: bool,
    activity: &Arc<Activity>,
) -> Result<Found, MirrorError> {
    let quarantine = Quarantine::create(store)?;
    let repository = quarantine.repository()?;
    let (tag, tag_object, commit) = {
        let mut remote = repository.remote_anonymous(url)?;
        let mut connection = connect(&mut remote, activity)?;
        let listing = list(&connection)?;
        match wanted.choose(&listing)? {
            Choice::Listed { listed, tag } => {
                // The server says what a tag points to, so a refused one is not downloaded.
                wanted.check_pin(listed.tag(), listed.commit)?;
                let tag_object = (listed.tag() == tag.as_deref()).then_some(listed.object);
                if !refresh && has_commit(store, listed.object) {
                    return Ok(Found {
                        tag,
                        tag_object,
                        commit: listed.commit,
                        download: None,
                    });
                }
                download(&mut connection, &[&listed.name], 1, activity)?;
                let commit = commit_of(&repository, listed.object)?;
                wanted.check_pin(listed.tag(), commit)?;
                (tag, tag_object, commit)
            }
            Choice::Unlisted(commit) => {
                let id = commit.to_string();
                let alone = download(&mut connection, &[&id], 1, activity);
                drop(connection);
                // Most servers serve any commit by its id; others serve it among all others.
                if alone.is_err() || repository.find_commit(commit).is_err() {
                    download_all(&repository, url, activity)?;
                }
                let commit = repository
                    .find_commit(commit)
                    .map_err(|_| MirrorError::CommitMissing)?
                    .id();
                (wanted.pinned_tag(commit), None, commit)
            }
            Choice::Search => {
                drop(connection);
                download_all(&repository, url, activity)?;
                let commit = find_by_prefix(&repository, wanted)?;
                (wanted.pinned_tag(commit), None, commit)
            }
        }
    };
    quarantine.flush()?;
    Ok(Found {
        tag,
        tag_object,
        commit,
        download: Some(quarantine),
    })
}

/// The commit of `repository` that starts with the wanted digits.
pub(super) fn find_by_prefix(
    repository: &Repository,
    wanted: &Revision,
) -> Result<Oid, MirrorError> {
    let prefix = wanted.commit().ok_or(MirrorError::CommitMissing)?;
    match repository.find_commit_by_prefix(prefix) {
        Ok(commit) => Ok(commit.id()),
        Err(error) if error.code() == git2::ErrorCode::Ambiguous => {
            let mut commits = Vec::new();
            repository.odb()?.foreach(|id| {
                let id = *id;
                if id.to_string().starts_with(prefix) && repository.find_commit(id).is_ok() {
                    commits.push(id.to_string());
                }
                true
            })?;
            commits.sort();
            match commits.as_slice() {
                [only] => Ok(Oid::from_str(only)?),
                _ => Err(MirrorError::CommitAmbiguous { commits }),
            }
        }
        Err(_) => Err(MirrorError::CommitMissing),
    }
}

/// The commit that `object` of `repository` points to.
pub(super) fn commit_of(repository: &Repository, object: Oid) -> Result<Oid, MirrorError> {
    let object = repository.find_object(object, None)?;
    let commit = object
        .peel_to_commit()
        .map_err(|_| MirrorError::NotACommit)?;
    Ok(commit.id())
}

/// Whether the store has `object` with its commit and tree: only complete packs enter it.
pub(super) fn has_commit(store: &Path, object: Oid) -> bool {
    Repository::open_bare(store).is_ok_and(|repository| {
        repository
            .find_object(object, None)
            .and_then(|object| object.peel_to_commit())
            .is_ok_and(|commit| commit.tree().is_ok())
    })
}

pub(super) fn connect<'repository, 'connection>(
    remote: &'connection mut git2::Remote<'repository>,
    activity: &Arc<Activity>,
) -> Result<RemoteConnection<'repository, 'connection, 'static>, git2::Error> {
    let url = remote.url().unwrap_or_default().to_owned();
    let connection = remote.connect_auth(
        Direction::Fetch,
        Some(callbacks(activity)),
        Some(proxy(&url)),
    )?;
    send_at_once();
    Ok(connection)
}

fn list(connection: &RemoteConnection<'_, '_, '_>) -> Result<Listing, git2::Error> {
    let heads = connection.list()?;
    Ok(Listing::from_advertised(
        heads.iter().map(|head| (head.name(), head.oid())),
    ))
}

fn download(
    connection: &mut RemoteConnection<'_, '_, '_>,
    refspecs: &[&str],
    depth: i32,
    activity: &Arc<Activity>,
) -> Result<(), git2::Error> {
    let activity_of_transfer = Arc::clone(activity);
    let mut callbacks = callbacks(activity);
    callbacks.transfer_progress(move |progress| {
        let is_bounded =
            progress.received_bytes() <= MOST_BYTES && progress.total_objects() <= MOST_OBJECTS;
        activity_of_transfer.received(progress.received_objects(), progress.total_objects())
            && is_bounded
    });
    let url = connection.remote().url().unwrap_or_default().to_owned();
    let mut options = FetchOptions::new();
    options
        .depth(depth)
        .download_tags(AutotagOption::None)
        .update_fetchhead(false)
        .proxy_options(proxy(&url))
        .remote_callbacks(callbacks);
    connection.remote().download(refspecs, Some(&mut options))
}

/// Downloads every branch and tag with its history, over a new connection: the old one may be used up.
fn download_all(
    repository: &Repository,
    url: &str,
    activity: &Arc<Activity>,
) -> Result<(), git2::Error> {
    let mut remote = repository.remote_anonymous(url)?;
    let mut connection = connect(&mut remote, activity)?;
    let all = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];
    download(&mut connection, &all, 0, activity)
}

fn callbacks(activity: &Arc<Activity>) -> RemoteCallbacks<'static> {
    let activity = Arc::clone(activity);
    let mut callbacks = RemoteCallbacks::new();
    callbacks
        .credentials(credentials())
        .sideband_progress(move |_| activity.beat());
    callbacks
}

/// The proxy for requests to a URL: git's own configuration first, then the proxies of the environment as doctor and every
/// other program use them. libgit2 leaves `all_proxy` out.
fn proxy_address(url: &str) -> Option<String> {
    let configured = Config::open_default().and_then(|config| config.get_string("http.proxy"));
    match configured {
        Ok(address) => Some(address).filter(|address| !address.is_empty()),
        Err(_) => Proxies::of_process().address_for(url),
    }
}

/// Whether libgit2 cannot use the proxy for that URL: one for SOCKS, and any for `http://`, where it connects to the server
/// itself.
pub(super) fn needs_gits_proxy(url: &str) -> bool {
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    let address = proxy_address(url).filter(|_| is_web);
    address.is_some_and(|address| address.starts_with("socks") || url.starts_with("http://"))
}

fn proxy(url: &str) -> ProxyOptions<'static> {
    let mut proxy = ProxyOptions::new();
    match proxy_address(url) {
        Some(address) => proxy.url(&address),
        // For what git's configuration says of single hosts.
        None => proxy.auto(),
    };
    proxy
}

/// Offers credentials without asking anyone: a key of the ssh-agent, an entry of git's credential helper.
fn credentials() -> impl FnMut(&str, Option<&str>, CredentialType) -> Result<Cred, git2::Error> {
    // git asks again after a refusal, endlessly if it gets the same answer.
    let mut tried = CredentialType::empty();
    move |url, user, allowed| {
        let ssh_user = user.unwrap_or("git");
        let untried = allowed.difference(tried);
        if untried.contains(CredentialType::USERNAME) {
            tried |= CredentialType::USERNAME;
            return Cred::username(ssh_user);
        }
        if untried.contains(CredentialType::SSH_KEY) {
            tried |= CredentialType::SSH_KEY;
            return Cred::ssh_key_from_agent(ssh_user);
        }
        if untried.contains(CredentialType::USER_PASS_PLAINTEXT) {
            tried |= CredentialType::USER_PASS_PLAINTEXT;
            // A redirect, or the user's `insteadOf`, may have led here; a helper reads what it is asked line by line.
            if has_control_characters(url) || user.is_some_and(has_control_characters) {
                return Err(git2::Error::from_str(
                    "the address contains a control character, so git's credential helper is not asked",
                ));
            }
            if let Ok(found) = Cred::credential_helper(&Config::open_default()?, url, user) {
                return Ok(found);
            }
        }
        Err(git2::Error::from_str(
            "access refused: neither the ssh-agent nor git's credential helper has credentials that the server accepts",
        ))
    }
}
