//! What is in the namespace: one watch of Jobs and one of pods for all targets. Where a watch expires or its connection is lost,
//! everything is listed again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher;
use kube::runtime::watcher::{Config, Error, Event};
use kube::{Api, Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::failure::{Asked, failed, is_transient};
use super::names::{MANAGED_BY, MANAGER, OF_JOB};
use super::state::{State, state};
use crate::engine::cluster_error::ClusterError;

/// How long an API server that does not answer is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long it is asked again for what it has granted before: an API server that starts refuses everything at first.
const SETTLING: Duration = Duration::from_mins(1);
/// Shortest and longest pause before everything is listed again.
const PAUSES: [Duration; 2] = [Duration::from_millis(800), Duration::from_secs(30)];

/// The objects of the namespace that the tool made, as they are now.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<u64>,
    tasks: Vec<JoinHandle<()>>,
}

/// What was seen last.
#[derive(Debug, Default)]
struct Seen {
    jobs: Kind<Job>,
    pods: Kind<Pod>,
    /// Pods that said what came of their work and are gone, by the name of their Job.
    gone: BTreeMap<String, Pod>,
}

/// The objects of one kind, by their names.
#[derive(Debug)]
struct Kind<K> {
    known: BTreeMap<String, K>,
    /// What is being listed.
    listing: BTreeMap<String, K>,
    /// How many lists were begun.
    begun: u64,
    /// The number of the last list that is whole; 0 if there is none.
    lists: u64,
    /// Since when it cannot be asked, and why.
    trouble: Option<(Instant, Arc<Error>)>,
}

impl<K> Default for Kind<K> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            listing: BTreeMap::new(),
            begun: 0,
            lists: 0,
            trouble: None,
        }
    }
}

/// A Job that is followed.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its identity.
    pub(super) uid: String,
    /// The run that made it.
    pub(super) run: Option<String>,
    /// Whether it is being removed.
    pub(super) is_going: bool,
    /// How far it is.
    pub(super) state: State,
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Watch {
    pub(super) fn begin(client: &Client, namespace: &str) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (sender, changed) = watch::channel(0);
        let sender = Arc::new(sender);
        let jobs = {
            let (seen, sender) = (Arc::clone(&seen), Arc::clone(&sender));
            follow(
                Api::<Job>::namespaced(client.clone(), namespace),
                move |event| {
                    let _ = locked(&seen).jobs.take(event);
                    sender.send_modify(|number| *number += 1);
                },
            )
        };
        let pods = {
            let seen = Arc::clone(&seen);
            follow(
                Api::<Pod>::namespaced(client.clone(), namespace),
                move |event| {
                    let mut now = locked(&seen);
                    for pod in now.pods.take(event) {
                        let job = pod.labels().get(OF_JOB).cloned();
                        let has_ended =
                            matches!(state(&Job::default(), &[&pod]), State::Reported { .. });
                        if let (Some(job), true) = (job, has_ended) {
                            now.gone.insert(job, pod);
                        }
                    }
                    drop(now);
                    sender.send_modify(|number| *number += 1);
                },
            )
        };
        let tasks = vec![tokio::spawn(jobs), tokio::spawn(pods)];
        Self {
            seen,
            changed,
            tasks,
        }
    }

    /// What is told of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changed.clone();
        changes.mark_unchanged();
        changes
    }

    /// The number of the last whole list of Jobs: 0 as long as it is not known which Jobs and pods are there.
    pub(super) fn lists(&self) -> u64 {
        let seen = locked(&self.seen);
        if seen.pods.lists == 0 {
            return 0;
        }
        seen.jobs.lists
    }

    /// How many lists of Jobs were begun: a list with a greater number sees everything that is there now.
    pub(super) fn begun(&self) -> u64 {
        locked(&self.seen).jobs.begun
    }

    /// The Job of that name.
    pub(super) fn job(&self, name: &str) -> Option<Found> {
        let seen = locked(&self.seen);
        let job = seen.jobs.known.get(name)?;
        let uid = job.uid().unwrap_or_default();
        let is_of = |pod: &&Pod| {
            let owners = pod.owner_references().iter();
            pod.labels().get(OF_JOB).is_some_and(|of| of == name)
                && owners.clone().any(|owner| owner.uid == uid)
        };
        let pods = seen.pods.known.values().chain(seen.gone.get(name));
        let pods: Vec<_> = pods.filter(is_of).collect();
        let run = job.labels().get(crate::engine::leftover::LABEL_RUN);
        Some(Found {
            run: run.cloned(),
            is_going: job.metadata.deletion_timestamp.is_some(),
            state: match state(job, &pods) {
                // A pod that was not seen may have said otherwise: that is known when pods are listed again.
                State::Ended(_) if pods.is_empty() && seen.pods.trouble.is_some() => State::NoPod,
                known => known,
            },
            uid,
        })
    }

    /// What a pod of a Job that is gone said of its work.
    pub(super) fn last_word(&self, name: &str, uid: &str) -> Option<State> {
        let seen = locked(&self.seen);
        let pods = seen.pods.known.values().chain(seen.gone.get(name));
        let pods: Vec<_> = pods
            .filter(|pod| pod.owner_references().iter().any(|owner| owner.uid == uid))
            .collect();
        match state(&Job::default(), &pods) {
            reported @ State::Reported { .. } => Some(reported),
            _ => None,
        }
    }

    /// The identity of the pod of a Job that was made last, for its events.
    pub(super) fn pod_of(&self, name: &str) -> Option<String> {
        let seen = locked(&self.seen);
        let mut pods: Vec<_> = seen.pods.known.values().collect();
        pods.retain(|pod| pod.labels().get(OF_JOB).is_some_and(|of| of == name));
        pods.sort_by_key(|pod| pod.creation_timestamp().map(|time| time.0.as_second()));
        pods.last().and_then(|pod| pod.uid())
    }

    /// Why nothing is seen any more: what will not be over in a moment, or lasts too long.
    pub(super) fn trouble(&self, namespace: &str, address: &str) -> Option<ClusterError> {
        let seen = locked(&self.seen);
        let jobs = seen.jobs.trouble.clone().map(|trouble| ("jobs", trouble));
        let pods = seen.pods.trouble.clone().map(|trouble| ("pods", trouble));
        let (resource, (since, error)) = jobs.or(pods)?;
        let was_listed = match resource {
            "jobs" => seen.jobs.lists > 0,
            _ => seen.pods.lists > 0,
        };
        let (verb, source) = match &*error {
            Error::InitialListFailed(source) => ("list", Some(source)),
            Error::WatchStartFailed(source) | Error::WatchFailed(source) => ("watch", Some(source)),
            Error::WatchError(_) | Error::NoResourceVersion => ("watch", None),
        };
        let is_final = source.is_some_and(|source| !is_transient(source));
        let patience = match (is_final, was_listed) {
            (false, _) => PATIENCE,
            (true, true) => SETTLING,
            (true, false) => Duration::ZERO,
        };
        if since.elapsed() < patience {
            return None;
        }
        let asked = Asked {
            verb,
            resource,
            what: resource,
            namespace,
            address,
        };
        Some(match source {
            Some(kube::Error::Api(status)) => failed(kube::Error::Api(status.clone()), asked),
            _ => ClusterError::Unreachable {
                address: address.to_owned(),
                source: error.to_string().into(),
            },
        })
    }

    /// When somebody has to look again although nothing changed: the trouble may have lasted too long.
    pub(super) fn patience() -> Duration {
        PATIENCE
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow<K>(api: Api<K>, mut take: impl FnMut(watcher::Result<Event<K>>))
where
    K: kube::Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let labelled = Config::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
    let [shortest, longest] = PAUSES;
    let mut pause = shortest;
    loop {
        let mut events = std::pin::pin!(watcher::watcher(api.clone(), labelled.clone()));
        while let Some(event) = events.next().await {
            let has_failed = event.is_err();
            if !has_failed && !matches!(event, Ok(Event::Init | Event::InitApply(_))) {
                pause = shortest;
            }
            take(event);
            if has_failed {
                // A watch that is resumed says nothing until something changes; a list tells at once that it works.
                break;
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

impl<K: kube::ResourceExt> Kind<K> {
    /// Takes what the watch says, and returns what is gone.
    fn take(&mut self, event: watcher::Result<Event<K>>) -> Vec<K> {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let since = self.trouble.take();
                let since = since.map_or_else(Instant::now, |(since, _)| since);
                self.trouble = Some((since, Arc::new(error)));
                return Vec::new();
            }
        };
        match event {
            Event::Init => {
                self.listing.clear();
                self.begun += 1;
            }
            Event::InitApply(object) => {
                self.listing.insert(object.name_any(), object);
            }
            Event::InitDone => {
                self.trouble = None;
                self.lists = self.begun;
                let listed = std::mem::take(&mut self.listing);
                let before = std::mem::replace(&mut self.known, listed);
                let gone = before
                    .into_iter()
                    .filter(|(name, _)| !self.known.contains_key(name));
                return gone.map(|(_, object)| object).collect();
            }
            Event::Apply(object) => {
                self.trouble = None;
                self.known.insert(object.name_any(), object);
            }
            Event::Delete(object) => {
                self.trouble = None;
                self.known.remove(&object.name_any());
                return vec![object];
            }
        }
        Vec::new()
    }
}
