//! One attempt to fetch from a mirror, watched for stalls.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use git2::Oid;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::extent::MeasureError;
use super::quarantine::Quarantine;
use crate::events::{Event, Sink};

/// How often an attempt is checked, which also limits how many events it emits.
const TICK: Duration = Duration::from_millis(100);

/// Longest time without progress in a repository of this machine.
pub(super) const NO_PROGRESS: Duration = Duration::from_secs(30);
/// Most memory in bytes that may be taken while a server sends its list of references; that of Kubernetes has 10 MB.
const MOST_LISTING: u64 = 1 << 30;

/// The result of an attempt.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) tag: Option<String>,
    /// The object of that tag on the mirror: a tag object or a commit. `None` if only a pin has the tag.
    pub(super) tag_object: Option<Oid>,
    pub(super) commit: Oid,
    /// The download; `None` if the store already had the objects.
    pub(super) download: Option<Quarantine>,
}

/// Why a mirror did not serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum MirrorError {
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
    #[error("tag not found{}", near(nearest))]
    TagMissing { nearest: Vec<String> },
    #[error("commit not found")]
    CommitMissing,
    #[error("ambiguous; it matches commits: {}", commits.join(", "))]
    CommitAmbiguous { commits: Vec<String> },
    #[error("{tag} is commit {served}, which does not match the pinned {pinned}")]
    Pin {
        tag: String,
        pinned: String,
        served: Oid,
    },
    #[error("its source is refused: {0}")]
    Measure(#[from] MeasureError),
    #[error("it does not point to a commit")]
    NotACommit,
    #[error("no such directory")]
    NoFolder,
    #[error("not a git repository")]
    NotARepository,
    #[error("no data for {}", humantime::format_duration(*.0))]
    Stalled(Duration),
    #[error(
        "no progress for {}; it may be damaged: try `git fsck`",
        humantime::format_duration(NO_PROGRESS)
    )]
    NoProgress,
    #[error("its list of references has no end")]
    Endless,
    #[error("{}; git itself could serve this, but is not installed: install it", .0.message())]
    NeedsGit(git2::Error),
    #[error("{}; git itself says: {said}", .error.message())]
    GitToo { error: git2::Error, said: String },
    #[error("it is damaged, or a partial clone that lacks objects; git says: {0}")]
    Damaged(String),
    #[error("it is a file; only git itself reads bundles{}", .0.as_ref().map_or("; install it".to_owned(), |said| format!(", and says: {said}")))]
    NotABundle(Option<String>),
    #[error("could not write the download: {0}")]
    Write(#[from] std::io::Error),
    #[error("internal error: the attempt panicked")]
    Panicked,
}

fn near(tags: &[String]) -> String {
    if tags.is_empty() {
        String::new()
    } else {
        format!("; similar tags: {}", tags.join(", "))
    }
}

/// How an attempt ended without a result.
#[derive(Debug)]
pub(super) enum Ended {
    Failed(MirrorError),
    /// The list of references takes memory without end; libgit2 goes on reading it as long as this process lives.
    Endless,
    Cancelled,
    NoThread(std::io::Error),
}

/// What the thread of an attempt and its watcher exchange.
#[derive(Debug, Default)]
pub(super) struct Activity {
    abandoned: AtomicBool,
    beats: AtomicU64,
    received: AtomicU32,
    total: AtomicU32,
}

impl Activity {
    /// Records a sign of life. Returns `false` if the attempt should end because nobody waits for it any more.
    pub(super) fn beat(&self) -> bool {
        self.beats.fetch_add(1, Ordering::Relaxed);
        !self.abandoned.load(Ordering::Relaxed)
    }

    /// Records how many objects have arrived, of how many.
    pub(super) fn received(&self, received: usize, total: usize) -> bool {
        let clamp = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.total.store(clamp(total), Ordering::Relaxed);
        self.received.store(clamp(received), Ordering::Relaxed);
        self.beat()
    }
}

/// Runs `work` on a thread of its own until it ends, is silent for `stall`, or `cancel` is cancelled. Without `stall` it reads
/// from this machine: then it is given up when it makes no progress for [`NO_PROGRESS`], as libgit2 reads a damaged object of
/// a repository for ever.
///
/// libgit2 blocks in `recv` without calling back, so a silent attempt can only be abandoned. Unlike one of tokio's, a
/// detached thread does not delay the end of the process.
pub(super) async fn run(
    work: impl FnOnce(&Arc<Activity>) -> Result<Found, MirrorError> + Send + 'static,
    stall: Option<Duration>,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<Found, Ended> {
    let activity = Arc::new(Activity::default());
    let (thread_sender, thread_receiver) = std::sync::mpsc::channel();
    let (sender, mut receiver) = oneshot::channel();
    let shared = Arc::clone(&activity);
    std::thread::Builder::new()
        .name("git-fetch".to_owned())
        .spawn(move || {
            // If the watcher has gone, the download is dropped with the result.
            let _ = thread_sender.send(ThreadClock::of_this_thread());
            let _ = sender.send(work(&shared));
        })
        .map_err(Ended::NoThread)?;

    let mut clock = None;
    let mut last_seen = (0, None);
    let mut last_life = Instant::now();
    let mut last_shown = (0, 0);
    let memory = resident_memory();
    let mut ticks = tokio::time::interval(TICK);
    let _abandon = AbandonOnDrop(&activity);
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Ended::Cancelled),
            result = &mut receiver => {
                show(&activity, &mut last_shown, sink);
                return result.unwrap_or(Err(MirrorError::Panicked)).map_err(Ended::Failed);
            }
            _ = ticks.tick() => {}
        }
        show(&activity, &mut last_shown, sink);
        // Only while nothing was received: what comes then goes to disk.
        if last_shown == (0, 0)
            && resident_memory().saturating_sub(memory) > MOST_LISTING
            && stall.is_some()
        {
            return Err(Ended::Endless);
        }
        if clock.is_none() {
            clock = thread_receiver.try_recv().ok();
        }
        let clock = clock.as_ref().filter(|_| stall.is_some());
        let seen = (
            activity.beats.load(Ordering::Relaxed),
            clock.and_then(ThreadClock::read),
        );
        if seen != last_seen {
            last_seen = seen;
            last_life = Instant::now();
        } else if last_life.elapsed() >= stall.unwrap_or(NO_PROGRESS) {
            let silent = stall.map_or(MirrorError::NoProgress, MirrorError::Stalled);
            return Err(Ended::Failed(silent));
        }
    }
}

/// Memory that this process has in use, in bytes; 0 where the system does not say.
fn resident_memory() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// Makes the attempt end when its watcher is dropped, for whatever reason.
struct AbandonOnDrop<'a>(&'a Activity);

impl Drop for AbandonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
    }
}

fn show(activity: &Activity, last_shown: &mut (u32, u32), sink: &dyn Sink) {
    let total = activity.total.load(Ordering::Relaxed);
    let now = (activity.received.load(Ordering::Relaxed), total);
    if now != *last_shown {
        *last_shown = now;
        sink.event(&Event::Transfer {
            item: "objects".to_owned(),
            action: "receiving".to_owned(),
            current: now.0.into(),
            total: total.into(),
        });
    }
}

/// The time that a thread has run, as counted by Linux.
///
/// While a server sends its list of references (10 MB for Kubernetes), libgit2 makes no callbacks. A thread that receives
/// bytes runs, one that waits for them does not: this distinguishes a slow mirror from a dead one. If the system does not
/// count, only libgit2's callbacks are signs of life.
struct ThreadClock(Option<PathBuf>);

impl ThreadClock {
    fn of_this_thread() -> Self {
        let thread = fs::read_link("/proc/thread-self").ok();
        Self(thread.map(|thread| PathBuf::from("/proc").join(thread).join("schedstat")))
    }

    fn read(&self) -> Option<String> {
        fs::read_to_string(self.0.as_ref()?).ok()
    }
}
