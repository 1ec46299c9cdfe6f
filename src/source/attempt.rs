use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use git2::Oid;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::quarantine::Quarantine;
use crate::events::{Event, Sink};

/// How often an attempt is looked after, which also bounds how many events it makes.
const TICK: Duration = Duration::from_millis(100);

/// What an attempt brought.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) tag: Option<String>,
    /// What the mirror itself names by that tag: a tag object or a commit. `None` when only a pin names the tag.
    pub(super) tag_object: Option<Oid>,
    pub(super) commit: Oid,
    /// The download; `None` when the store had the objects already.
    pub(super) download: Option<Quarantine>,
}

/// Why one mirror did not serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum MirrorError {
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
    #[error("no such tag{}", near(nearest))]
    TagMissing { nearest: Vec<String> },
    #[error("no such commit")]
    CommitMissing,
    #[error("short for several commits: {}", commits.join(", "))]
    CommitAmbiguous { commits: Vec<String> },
    #[error("{tag} is commit {served}, but {pinned} is pinned")]
    Pin {
        tag: String,
        pinned: String,
        served: Oid,
    },
    #[error("it does not lead to a commit")]
    NotACommit,
    #[error("no such folder")]
    NoFolder,
    #[error("not a git repository")]
    NotARepository,
    #[error("no byte for {}", humantime::format_duration(*.0))]
    Stalled(Duration),
    #[error("cannot write the download: {0}")]
    Write(#[from] std::io::Error),
    #[error("the attempt broke off by a defect of this program")]
    Panicked,
}

fn near(tags: &[String]) -> String {
    if tags.is_empty() {
        String::new()
    } else {
        format!("; near: {}", tags.join(", "))
    }
}

/// How an attempt ended without bringing anything.
#[derive(Debug)]
pub(super) enum Ended {
    Failed(MirrorError),
    Cancelled,
    NoThread(std::io::Error),
}

/// What the thread of an attempt and its watcher tell each other.
#[derive(Debug, Default)]
pub(super) struct Activity {
    abandoned: AtomicBool,
    beats: AtomicU64,
    received: AtomicU32,
    total: AtomicU32,
}

impl Activity {
    /// Notes a sign of life. `false` when the attempt is to end because nobody waits for it any more.
    pub(super) fn beat(&self) -> bool {
        self.beats.fetch_add(1, Ordering::Relaxed);
        !self.abandoned.load(Ordering::Relaxed)
    }

    /// Notes how many objects have come, of how many.
    pub(super) fn received(&self, received: usize, total: usize) -> bool {
        let clamp = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.total.store(clamp(total), Ordering::Relaxed);
        self.received.store(clamp(received), Ordering::Relaxed);
        self.beat()
    }
}

/// Runs `work` on a thread of its own until it ends, is silent for `stall`, or `cancel` fires.
///
/// libgit2 blocks in `recv` without calling back, so a silent attempt can only be left behind. A detached
/// thread, unlike one of tokio's, does not hold up the end of the process.
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
            // Nobody minds if the watcher has gone meanwhile; then the download is dropped with the result.
            let _ = thread_sender.send(ThreadClock::of_this_thread());
            let _ = sender.send(work(&shared));
        })
        .map_err(Ended::NoThread)?;

    let mut clock = None;
    let mut last_seen = (0, None);
    let mut last_life = Instant::now();
    let mut last_shown = (0, 0);
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
        if clock.is_none() {
            clock = thread_receiver.try_recv().ok();
        }
        let seen = (
            activity.beats.load(Ordering::Relaxed),
            clock.as_ref().and_then(ThreadClock::read),
        );
        if seen != last_seen {
            last_seen = seen;
            last_life = Instant::now();
        } else if let Some(stall) = stall.filter(|stall| last_life.elapsed() >= *stall) {
            return Err(Ended::Failed(MirrorError::Stalled(stall)));
        }
    }
}

/// Tells the attempt to end when its watcher goes, for whatever reason: a dropped future is one.
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

/// The time that a thread has run, as Linux counts it.
///
/// While a server sends its list of references (10 MB for Kubernetes) libgit2 calls nobody. A thread that gets
/// bytes runs, one that waits for them does not: that tells a slow mirror from a dead one. Without it every mirror that
/// sends less than 2.7 Mbit/s would be given up after the usual 30 seconds. Where the system does not count, only
/// libgit2's calls count as signs of life.
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
