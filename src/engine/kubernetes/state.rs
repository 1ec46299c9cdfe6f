//! What the objects of a cluster say of a piece of work: pure.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use crate::engine::cluster::REPORT;
use crate::harmless::harmless;
use crate::transport::Digest;

/// Longest message of a cluster that is shown, in characters.
const LONGEST: usize = 600;

/// How far a piece of work is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// There is no pod yet.
    NoPod,
    /// No node has taken its pod; what the scheduler says.
    Unscheduled(Option<String>),
    /// A node has taken its pod and has not begun it.
    NotBegun {
        node: String,
        /// What the node says.
        reason: Option<String>,
        /// The image that it cannot pull.
        image: Option<String>,
    },
    /// It runs.
    Running { node: String, waited: Duration },
    /// It ended, and said what came of it.
    Reported {
        node: Option<String>,
        waited: Duration,
        output: Digest,
    },
    /// It ended in another way.
    Ended(Ending),
}

/// How work ends without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The kubelet took it away, or would not have it.
    Evicted { node: String, message: String },
    /// Pods of a higher priority took its place.
    Preempted { node: String },
    /// Its node was lost.
    NodeLost { node: String },
    /// It used more memory than it may.
    OutOfMemory { node: String },
    /// It took too long.
    TooLong,
    /// Its image has a name that nothing can have.
    ImageName { node: String, message: String },
    /// Its container could not be made.
    NotMade { node: String, message: String },
    /// Its pod said nothing.
    NoResult {
        node: String,
        code: i32,
        message: String,
    },
    /// The Job controller gave it up, and no pod says why.
    GivenUp { message: String },
}

/// What a Job and its pods, which need not all be there any more, say together.
pub(super) fn state(job: &Job, pods: &[&Pod]) -> State {
    // What one has reported is a result, whatever became of the others.
    if let Some(reported) = pods.iter().find_map(|pod| reported(pod)) {
        return reported;
    }
    let mut live: Vec<_> = pods.iter().filter(|pod| !is_going(pod)).collect();
    live.sort_by_key(|pod| created(pod));
    if let Some(pod) = live.last() {
        return of_pod(pod);
    }
    if let Some(failed) = failed(job) {
        return State::Ended(failed);
    }
    State::NoPod
}

/// Whether a pod is being removed.
fn is_going(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

fn created(pod: &Pod) -> Option<i64> {
    let time = pod.metadata.creation_timestamp.as_ref()?;
    Some(time.0.as_second())
}

fn failed(job: &Job) -> Option<Ending> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let is = |kind: &str| {
        let mut conditions = conditions.iter();
        conditions.find(|condition| condition.type_ == kind && condition.status == "True")
    };
    if is("Complete").is_some() {
        // Only its pod knew what came of it.
        let message = "it ended, and its pod is gone".to_owned();
        return Some(Ending::GivenUp { message });
    }
    let failed = is("Failed")?;
    Some(match failed.reason.as_deref() {
        Some("DeadlineExceeded") => Ending::TooLong,
        _ => Ending::GivenUp {
            message: shown(failed.message.as_deref().unwrap_or_default()),
        },
    })
}

fn node(pod: &Pod) -> String {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    node.map_or_else(|| "(none)".to_owned(), shown)
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let main = status.and_then(|status| status.container_statuses.as_ref());
    let first = status.and_then(|status| status.init_container_statuses.as_ref());
    first.into_iter().chain(main).flatten()
}

/// The container that does the work.
fn main_state(pod: &Pod) -> Option<&ContainerState> {
    let status = pod.status.as_ref()?.container_statuses.as_ref()?;
    let main = status.iter().find(|container| container.name == "build")?;
    main.state.as_ref()
}

fn reported(pod: &Pod) -> Option<State> {
    let ended = main_state(pod)?.terminated.as_ref()?;
    let message = ended.message.as_deref()?;
    let output = message.trim().strip_prefix(REPORT)?.parse().ok()?;
    let began = ended.started_at.as_ref().map(|time| time.0.as_second());
    Some(State::Reported {
        node: Some(node(pod)),
        waited: waited(pod, began),
        output,
    })
}

/// How long a pod waited until its work began.
fn waited(pod: &Pod, began: Option<i64>) -> Duration {
    let seconds = began.zip(created(pod)).map(|(began, made)| began - made);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

fn of_pod(pod: &Pod) -> State {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    let reason = status.and_then(|status| status.reason.as_deref());
    if reason == Some("NodeLost") {
        return State::Ended(Ending::NodeLost { node: node(pod) });
    }
    match phase {
        Some("Failed" | "Succeeded") => State::Ended(ending(pod, reason)),
        Some("Running") => match main_state(pod).and_then(|state| state.running.as_ref()) {
            Some(running) => {
                let began = running.started_at.as_ref().map(|time| time.0.as_second());
                State::Running {
                    node: node(pod),
                    waited: waited(pod, began),
                }
            }
            None => waiting(pod),
        },
        _ => waiting(pod),
    }
}

fn waiting(pod: &Pod) -> State {
    let is_placed = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.node_name.is_some());
    if !is_placed {
        return State::Unscheduled(unscheduled(pod));
    }
    let waiting = containers(pod).find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.as_deref()?;
        // What every container waits for at first.
        let is_usual = matches!(reason, "ContainerCreating" | "PodInitializing");
        (!is_usual).then_some((container, reason, waiting.message.as_deref()))
    });
    let Some((container, reason, message)) = waiting else {
        return State::NotBegun {
            node: node(pod),
            reason: None,
            image: None,
        };
    };
    let text = shown(&match message {
        Some(message) => format!("{reason}: {message}"),
        None => reason.to_owned(),
    });
    match reason {
        "InvalidImageName" | "ErrImageNeverPull" => State::Ended(Ending::ImageName {
            node: node(pod),
            message: text,
        }),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            State::NotBegun {
                node: node(pod),
                reason: Some(text),
                image: None,
            }
        }
        _ => {
            let is_pull = reason.contains("Image") || reason == "RegistryUnavailable";
            State::NotBegun {
                node: node(pod),
                reason: Some(text),
                image: is_pull.then(|| shown(&container.image)),
            }
        }
    }
}

/// What the scheduler says of a pod that it has not placed.
fn unscheduled(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let mut conditions = conditions.iter();
    let scheduled = conditions
        .find(|condition| condition.type_ == "PodScheduled" && condition.status != "True")?;
    scheduled.message.as_deref().map(shown)
}

fn ending(pod: &Pod, reason: Option<&str>) -> Ending {
    let node = node(pod);
    let message = pod
        .status
        .as_ref()
        .and_then(|status| status.message.as_deref());
    let message = message.map(shown).unwrap_or_default();
    match reason {
        Some("DeadlineExceeded") => return Ending::TooLong,
        Some(reason) if reason.starts_with("Preempt") => return Ending::Preempted { node },
        Some("NodeLost") => return Ending::NodeLost { node },
        // `Evicted`, `OutOfcpu`, `OutOfmemory`, `NodeAffinity`, `Shutdown`: a kubelet would not have it any more.
        Some(reason) => {
            let message = format!("{}: {message}", shown(reason));
            return Ending::Evicted { node, message };
        }
        None => {}
    }
    let ended = containers(pod).filter_map(|container| {
        let ended = container.state.as_ref()?.terminated.as_ref()?;
        (ended.exit_code != 0).then_some(ended)
    });
    let Some(ended) = ended.last() else {
        return Ending::NoResult {
            node,
            code: 0,
            message,
        };
    };
    let said = last_words(ended.message.as_deref().unwrap_or_default());
    match ended.reason.as_deref() {
        Some("OOMKilled") => Ending::OutOfMemory { node },
        Some("ContainerCannotRun" | "StartError") => Ending::NotMade {
            node,
            message: said,
        },
        _ => Ending::NoResult {
            node,
            code: ended.exit_code,
            message: said,
        },
    }
}

/// What matters of the end of a log: the tool's own error with its causes, or else the last line.
fn last_words(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let is_error = |line: &&str| line.starts_with("error: ");
    let Some(error) = lines.iter().rposition(is_error) else {
        return shown(lines.last().copied().unwrap_or_default());
    };
    let (first, after) = (lines[error], &lines[error + 1..]);
    let causes = after
        .iter()
        .filter_map(|line| line.strip_prefix("caused by: "));
    let first = first.trim_start_matches("error: ");
    let all: Vec<_> = std::iter::once(first).chain(causes).collect();
    shown(&all.join(": "))
}

/// Text of a cluster as it is shown: harmless, of one line, not endless.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.trim().chars().take(LONGEST).collect();
    harmless(&short).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::batch::v1::Job;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};

    use super::{Ending, State, last_words, state};
    use crate::transport::Digest;

    fn pod(node: Option<&str>, status: &Value) -> Pod {
        let pod = json!({
            "metadata": {"name": "one", "creationTimestamp": "2026-11-29T10:00:00Z"},
            "spec": {"nodeName": node, "containers": [{"name": "build"}]},
            "status": status,
        });
        serde_json::from_value(pod).expect("a pod")
    }

    fn of(node: Option<&str>, status: &Value) -> State {
        state(&Job::default(), &[&pod(node, status)])
    }

    fn main_container(container_state: &Value) -> Value {
        json!([{
            "name": "build", "image": "registry.example/golang@sha256:1", "imageID": "",
            "ready": false, "restartCount": 0, "state": container_state,
        }])
    }

    #[test]
    fn a_pod_waits_for_a_node_and_then_for_its_image() {
        let message = "0/3 nodes are available: 3 Insufficient memory.";
        let unscheduled = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message},
        ]});
        assert_eq!(
            of(None, &unscheduled),
            State::Unscheduled(Some(message.to_owned()))
        );
        let pulls = json!({"phase": "Pending", "containerStatuses": main_container(&json!({
            "waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"},
        }))});
        assert_eq!(
            of(Some("worker-1"), &pulls),
            State::NotBegun {
                node: "worker-1".to_owned(),
                reason: Some("ImagePullBackOff: Back-off pulling image".to_owned()),
                image: Some("registry.example/golang@sha256:1".to_owned()),
            }
        );
        let creates = json!({"phase": "Pending", "containerStatuses": main_container(&json!({
            "waiting": {"reason": "PodInitializing"},
        }))});
        let not_begun = of(Some("worker-1"), &creates);
        assert!(matches!(not_begun, State::NotBegun { reason: None, .. }));
    }

    #[test]
    fn what_a_pod_reports_counts_whatever_its_exit_code_is() {
        let output = Digest::of(b"output");
        for (code, phase) in [(0, "Succeeded"), (14, "Failed")] {
            let ended = json!({"phase": phase, "containerStatuses": main_container(&json!({
                "terminated": {
                    "exitCode": code, "message": format!("result {output}\n"),
                    "startedAt": "2026-11-29T10:00:07Z", "finishedAt": "2026-11-29T10:01:00Z",
                },
            }))});
            let expected = State::Reported {
                node: Some("worker-1".to_owned()),
                waited: Duration::from_secs(7),
                output: output.clone(),
            };
            assert_eq!(of(Some("worker-1"), &ended), expected);
            // Also that of one which is being replaced.
            let replaced = pod(Some("worker-1"), &ended);
            let next = pod(None, &json!({"phase": "Pending"}));
            assert_eq!(state(&Job::default(), &[&replaced, &next]), expected);
        }
    }

    #[test]
    fn each_way_to_end_without_a_result_is_told_from_the_others() {
        let node = || "worker-1".to_owned();
        let failed = |reason: &str, message: &str| json!({"phase": "Failed", "reason": reason, "message": message});
        let died = |reason: &str, code: i32| {
            json!({"phase": "Failed", "containerStatuses": main_container(&json!({
                "terminated": {"exitCode": code, "reason": reason, "message": "the last line"},
            }))})
        };
        let cases = [
            (
                failed("Evicted", "The node was low on resource: memory."),
                Ending::Evicted {
                    node: node(),
                    message: "Evicted: The node was low on resource: memory.".to_owned(),
                },
            ),
            (
                failed("OutOfcpu", "Pod Node didn't have enough resource: cpu"),
                Ending::Evicted {
                    node: node(),
                    message: "OutOfcpu: Pod Node didn't have enough resource: cpu".to_owned(),
                },
            ),
            (failed("Preempting", ""), Ending::Preempted { node: node() }),
            (failed("NodeLost", ""), Ending::NodeLost { node: node() }),
            (failed("DeadlineExceeded", ""), Ending::TooLong),
            (died("OOMKilled", 137), Ending::OutOfMemory { node: node() }),
            (
                died("ContainerCannotRun", 127),
                Ending::NotMade {
                    node: node(),
                    message: "the last line".to_owned(),
                },
            ),
            (
                died("Error", 12),
                Ending::NoResult {
                    node: node(),
                    code: 12,
                    message: "the last line".to_owned(),
                },
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(
                of(Some("worker-1"), &status),
                State::Ended(expected),
                "{status}"
            );
        }
    }

    #[test]
    fn of_the_end_of_a_log_the_error_counts() {
        for (log, words) in [
            (
                "a\nb\nerror: it broke\ncaused by: why\nhint: do x\n",
                "it broke: why",
            ),
            ("a\n\nb  \n", "b"),
            ("", ""),
        ] {
            assert_eq!(last_words(log), words);
        }
    }

    #[test]
    fn a_job_that_was_given_up_says_so_where_no_pod_does() {
        let given_up = |reason: &str| -> Job {
            let job = json!({"status": {"conditions": [
                {"type": "Failed", "status": "True", "reason": reason, "message": "said"},
            ]}});
            serde_json::from_value(job).expect("a job")
        };
        assert_eq!(state(&Job::default(), &[]), State::NoPod);
        let complete = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
        let complete: Job = serde_json::from_value(complete).expect("a job");
        // What came of it is not known without its pod.
        assert!(matches!(
            state(&complete, &[]),
            State::Ended(Ending::GivenUp { .. })
        ));
        assert_eq!(
            state(&given_up("DeadlineExceeded"), &[]),
            State::Ended(Ending::TooLong)
        );
        assert_eq!(
            state(&given_up("BackoffLimitExceeded"), &[]),
            State::Ended(Ending::GivenUp {
                message: "said".to_owned()
            })
        );
    }

    #[test]
    fn a_word_that_is_no_result_is_none() {
        for word in [
            "result",
            "result sha256:1",
            "sha256:00",
            "\u{1b}[2Jresult x",
        ] {
            let ended = json!({"phase": "Succeeded", "containerStatuses": main_container(&json!({
                "terminated": {"exitCode": 0, "message": word},
            }))});
            let ended = of(Some("worker-1"), &ended);
            assert!(
                matches!(ended, State::Ended(Ending::NoResult { .. })),
                "{word:?}"
            );
        }
    }
}
