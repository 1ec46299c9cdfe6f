//! Has a piece of work done: makes its Job, or finds it, and follows it to its end.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt as _};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::engine::KubernetesEngine;
use super::failure::{exceeds_quota, failed, has_code, is_transient};
use super::job::{JobContext, job};
use super::names::job_name;
use super::state::State;
use super::told::{Told, Waiting};
use super::watch::{Found, Watch};
use crate::engine::cluster::{ClusterReport, ClusterWork};
use crate::engine::cluster_error::ClusterError;
use crate::engine::error::EngineError;
use crate::events::{Note, Sink, Stage, Warning};

/// How often work is begun that the cluster takes away.
const ATTEMPTS: u32 = 3;
/// How long an API server that restarts is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// Longest pause before it is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Longest time for one answer. The API server itself gives up after a minute.
const ANSWER: Duration = Duration::from_secs(75);
/// How long the API is given to remove a Job of a run that is stopped.
const REMOVAL: Duration = Duration::from_secs(10);

/// The Job that is followed.
struct Begun {
    name: String,
    uid: String,
    /// Whether this run made it.
    is_own: bool,
    /// How often Jobs had been listed when it was made.
    lists: u64,
}

/// How following it ended.
enum Followed {
    Reported(ClusterReport),
    /// The cluster took it away: it may be begun again.
    Lost(ClusterError),
    /// It has ended for good.
    Failed(ClusterError),
}

impl KubernetesEngine {
    /// As [`crate::engine::ClusterApi::carry_out`].
    pub(super) async fn have_done(
        &self,
        work: &ClusterWork,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<ClusterReport>, EngineError> {
        let mut attempt = 1;
        loop {
            let begun = tokio::select! {
                begun = self.begin(work, attempt, sink) => begun?,
                () = cancel.cancelled() => return self.stop_unbegun(work).await,
            };
            let followed = tokio::select! {
                followed = self.follow(work, &begun, attempt, sink) => followed?,
                () = cancel.cancelled() => {
                    self.stop(&begun, sink).await?;
                    return Ok(None);
                }
            };
            match followed {
                Followed::Reported(report) => return Ok(Some(report)),
                Followed::Failed(error) => {
                    self.clear(&begun, sink, cancel).await;
                    return Err(error.into());
                }
                Followed::Lost(error) => {
                    self.clear(&begun, sink, cancel).await;
                    if cancel.is_cancelled() {
                        return Ok(None);
                    }
                    if attempt >= ATTEMPTS {
                        return Err(error.into());
                    }
                    let warning = Warning::WorkAgain(error.to_string());
                    sink.event(&warning.into());
                    attempt += 1;
                }
            }
        }
    }

    /// The Job of the work: the one that is there, unless it is of no use any more, or a new one.
    async fn begin(
        &self,
        work: &ClusterWork,
        attempt: u32,
        sink: &dyn Sink,
    ) -> Result<Begun, EngineError> {
        let (watch, name) = (self.watch(), job_name(work));
        let images = self.images_of_work(work, sink).await?;
        let context = JobContext {
            settings: &self.settings,
            minor: self.minor,
            tool: &images.tool,
            image: &images.image,
            input: &images.input,
            pending: i64::try_from(self.pending.as_secs()).unwrap_or(i64::MAX),
        };
        let mut changes = watch.changes();
        let mut pause = Duration::from_millis(250);
        let started = Instant::now();
        let of = name.clone();
        let mut told = Told::new(&of, sink);
        let (mut going, mut taken, mut full) = (None, None, None);
        let for_so_long =
            |since: &mut Option<Instant>| since.get_or_insert_with(Instant::now).elapsed();
        loop {
            if let Some(error) = watch.trouble(&self.namespace, &self.info.address) {
                return Err(error.into());
            }
            let lists = watch.lists();
            match watch.job(&name) {
                // What is there is not known yet, or is going.
                _ if lists == 0 => {
                    self.wait(&mut changes).await;
                    continue;
                }
                Some(found) if found.is_going => {
                    let message = "the one before it is still being removed".to_owned();
                    if for_so_long(&mut going) >= self.pending {
                        return Err(ClusterError::Refused {
                            verb: "create",
                            what: name,
                            message,
                        }
                        .into());
                    }
                    told.waits(Some(message));
                    let _ = timeout(LONGEST_PAUSE, changes.changed()).await;
                    continue;
                }
                Some(found) if matches!(found.state, State::Ended(_)) => {
                    self.remove(&name, &found.uid).await?;
                    // The watch will show that it is gone.
                    let _ = timeout(LONGEST_PAUSE, changes.changed()).await;
                    continue;
                }
                Some(Found { uid, run, .. }) => {
                    let is_own = run.as_ref() == Some(&work.run);
                    if !is_own {
                        sink.event(&Note::FollowsJob(name.clone()).into());
                    }
                    return Ok(Begun {
                        name,
                        uid,
                        is_own,
                        lists,
                    });
                }
                None => {}
            }
            let wanted = job(work, &context, attempt);
            let jobs = self.jobs();
            match answered(jobs.create(&PostParams::default(), &wanted)).await {
                Ok(made) => {
                    return Ok(Begun {
                        uid: made.uid().unwrap_or_default(),
                        name,
                        is_own: true,
                        lists: watch.begun(),
                    });
                }
                // Somebody was quicker, and the watch will show it; or an earlier one is going. One that the tool did not make
                // is never shown.
                Err(error) if has_code(&error, 409) => {
                    if for_so_long(&mut taken) >= PATIENCE {
                        return Err(failed(error, self.asked("create", "jobs", &name)).into());
                    }
                    let _ = timeout(LONGEST_PAUSE, changes.changed()).await;
                }
                Err(error) if exceeds_quota(&error) => {
                    let error = failed(error, self.asked("create", "jobs", &name));
                    if for_so_long(&mut full) >= self.pending {
                        return Err(error.into());
                    }
                    told.waits(Some(error.to_string()));
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) if is_transient(&error) && started.elapsed() < PATIENCE => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    let asked = self.asked("create", "jobs", &name);
                    return Err(failed(error, asked).into());
                }
            }
        }
    }

    async fn wait(&self, changes: &mut tokio::sync::watch::Receiver<u64>) {
        let _ = timeout(Watch::patience(), changes.changed()).await;
    }

    /// Follows a Job to its end.
    async fn follow(
        &self,
        work: &ClusterWork,
        begun: &Begun,
        attempt: u32,
        sink: &dyn Sink,
    ) -> Result<Followed, EngineError> {
        let name = &begun.name;
        let place = format!("{name} in namespace {}", self.namespace);
        let mut wait = Some(Stage::begin(
            sink,
            "wait",
            format!("for a node, for {place}"),
        ));
        let mut stage = None;
        let mut told = Told::new(name, sink);
        let mut waiting = Waiting::new(self.pending);
        let watch = self.watch();
        let mut changes = watch.changes();
        let mut was_seen = false;
        loop {
            if let Some(error) = watch.trouble(&self.namespace, &self.info.address) {
                return Err(error.into());
            }
            let found = watch.job(name).filter(|found| found.uid == begun.uid);
            was_seen |= found.is_some();
            let is_gone = found.is_none() && (was_seen || watch.lists() > begun.lists);
            let now = match found {
                Some(found) => Some(found.state),
                None => watch.last_word(name, &begun.uid),
            };
            let limit = match now {
                Some(State::Reported {
                    node,
                    waited,
                    output,
                }) => {
                    let report = ClusterReport {
                        job: name.clone(),
                        uid: begun.uid.clone(),
                        node,
                        waited,
                        output,
                    };
                    if let Some(wait) = wait.take() {
                        wait.end("it has ended already".to_owned());
                    }
                    let stage = stage.take();
                    let stage = stage.unwrap_or_else(|| Stage::begin(sink, "job", place));
                    stage.end(told.end(&report));
                    return Ok(Followed::Reported(report));
                }
                Some(State::Ended(ending)) => {
                    let (error, may_again) = self.ended(work, name, attempt, ending);
                    return Ok(if may_again {
                        Followed::Lost(error)
                    } else {
                        Followed::Failed(error)
                    });
                }
                None if is_gone => {
                    return Ok(Followed::Lost(ClusterError::Removed {
                        job: name.clone(),
                        attempts: attempt,
                    }));
                }
                None => None,
                Some(now) => {
                    if let State::Running { node, .. } = &now
                        && let Some(wait) = wait.take()
                    {
                        wait.end(format!("it runs on {node}"));
                        stage = Some(Stage::begin(sink, "job", place.clone()));
                    }
                    told.state(&now);
                    waiting.limit(&now)
                }
            };
            match limit {
                None => self.wait(&mut changes).await,
                Some(limit) if Instant::now() >= limit => {
                    let of = (name.as_str(), begun.uid.as_str());
                    let error = self.too_long(of, told.last.as_ref()).await;
                    return Ok(Followed::Failed(error));
                }
                Some(limit) => {
                    self.wait_until(limit, &begun.uid, &mut told, &mut changes)
                        .await;
                }
            }
        }
    }

    /// Waits for a change, or until it has waited too long. Where there is no pod, it is looked once why.
    async fn wait_until(
        &self,
        limit: Instant,
        uid: &str,
        told: &mut Told<'_>,
        changes: &mut tokio::sync::watch::Receiver<u64>,
    ) {
        let look = told.looks_at().filter(|look| *look < limit);
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(look.unwrap_or(limit)) => {
                if look.is_some() {
                    let reason = self.events_of(uid).await;
                    told.waits(reason);
                    told.has_looked = true;
                }
            }
        }
    }

    /// Removes the Job of work that has ended without a result. That it cannot be removed is told; it is not what the work
    /// failed by.
    async fn clear(&self, begun: &Begun, sink: &dyn Sink, cancel: &CancellationToken) {
        let stopped = async {
            cancel.cancelled().await;
            sleep(REMOVAL).await;
        };
        tokio::select! {
            removed = self.remove(&begun.name, &begun.uid) => if let Err(error) = removed {
                let causes = crate::failure::with_causes(&error);
                sink.event(&Warning::LeftBehind(begun.name.clone(), causes).into());
            },
            () = stopped => sink.event(&Warning::JobLeft(begun.name.clone()).into()),
        }
    }

    /// Removes the Job of a run that is stopped, if this run made it.
    async fn stop(&self, begun: &Begun, sink: &dyn Sink) -> Result<(), EngineError> {
        if !begun.is_own {
            sink.event(&Warning::JobLeft(begun.name.clone()).into());
            return Ok(());
        }
        let removing = self.remove(&begun.name, &begun.uid);
        if !matches!(timeout(REMOVAL, removing).await, Ok(Ok(()))) {
            sink.event(&Warning::JobLeft(begun.name.clone()).into());
        }
        Ok(())
    }

    /// A run was stopped while its Job was being made: it may be there, with this run's label.
    async fn stop_unbegun(&self, work: &ClusterWork) -> Result<Option<ClusterReport>, EngineError> {
        let name = job_name(work);
        let removing = async {
            if let Ok(job) = self.jobs().get(&name).await
                && job.labels().get(crate::engine::leftover::LABEL_RUN) == Some(&work.run)
            {
                let uid = job.uid().unwrap_or_default();
                let _ = self.remove(&name, &uid).await;
            }
        };
        let _ = timeout(REMOVAL, removing).await;
        Ok(None)
    }

    /// Removes a Job with its pods, unless another one has its name by now.
    pub(super) async fn remove(&self, name: &str, uid: &str) -> Result<(), EngineError> {
        let only = Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        };
        let parameters = DeleteParams::background().preconditions(only);
        let mut pause = Duration::from_millis(250);
        let started = Instant::now();
        loop {
            let jobs = self.jobs();
            match answered(jobs.delete(name, &parameters)).await {
                Ok(_) => return Ok(()),
                // Gone, or another one.
                Err(error) if has_code(&error, 404) || has_code(&error, 409) => return Ok(()),
                Err(error) if is_transient(&error) && started.elapsed() < PATIENCE => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    let asked = self.asked("delete", "jobs", name);
                    return Err(failed(error, asked).into());
                }
            }
        }
    }

    fn jobs(&self) -> Api<Job> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

/// The answer to a request, or the error of a connection over which none comes.
async fn answered<T>(request: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    match timeout(ANSWER, request).await {
        Ok(answer) => answer,
        Err(_) => Err(kube::Error::Service("no answer came".into())),
    }
}
