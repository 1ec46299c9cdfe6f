//! Why work has no result, in this tool's terms.

use super::engine::KubernetesEngine;
use super::state::{Ending, State};
use crate::engine::cluster::ClusterWork;
use crate::engine::cluster_error::ClusterError;

impl KubernetesEngine {
    /// What it is that work which has not begun in time waits for.
    pub(super) async fn too_long(
        &self,
        (name, uid): (&str, &str),
        last: Option<&String>,
    ) -> ClusterError {
        let (job, limit) = (name.to_owned(), self.pending);
        let state = self.watch().job(name).map(|found| found.state);
        let pod = self.watch().pod_of(name);
        let of_pod = match &pod {
            Some(pod) => self.events_of(pod).await,
            None => None,
        };
        let of_job = self.events_of(uid).await;
        let last = last.cloned();
        let said =
            |one: Option<String>| one.or(last).unwrap_or_else(|| "nothing is said".to_owned());
        match state {
            Some(State::NotBegun {
                node,
                reason,
                image: Some(image),
            }) => ClusterError::ImagePull {
                job,
                node,
                image,
                reason: of_pod.or(reason).unwrap_or_default(),
            },
            Some(State::NotBegun {
                node,
                reason: Some(reason),
                ..
            }) => ClusterError::NotMade { job, node, reason },
            Some(State::NotBegun { node, .. }) => ClusterError::NotBegun {
                job,
                node,
                reason: said(of_pod),
                limit,
            },
            Some(State::NoPod) => {
                let message = said(of_job);
                if message.contains("exceeded quota") {
                    let namespace = self.namespace.clone();
                    ClusterError::Quota {
                        namespace,
                        job,
                        message,
                    }
                } else {
                    ClusterError::Unscheduled {
                        job,
                        reason: message,
                        limit,
                    }
                }
            }
            _ => ClusterError::Unscheduled {
                job,
                reason: said(of_pod),
                limit,
            },
        }
    }

    /// The error of work that ended without a result, and whether it may be begun again.
    pub(super) fn ended(
        &self,
        work: &ClusterWork,
        job: &str,
        attempts: u32,
        ending: Ending,
    ) -> (ClusterError, bool) {
        let job = job.to_owned();
        match ending {
            Ending::Evicted { node, message } => (
                ClusterError::Evicted {
                    job,
                    node,
                    message,
                    attempts,
                },
                true,
            ),
            Ending::Preempted { node } => (
                ClusterError::Preempted {
                    job,
                    node,
                    attempts,
                },
                true,
            ),
            Ending::NodeLost { node } => (
                ClusterError::NodeLost {
                    job,
                    node,
                    attempts,
                },
                true,
            ),
            Ending::NoResult {
                node,
                code,
                message,
            } => (
                ClusterError::NoResult {
                    job,
                    node,
                    code,
                    message,
                },
                true,
            ),
            Ending::GivenUp { message } => (
                ClusterError::NoResult {
                    job,
                    node: "(none)".to_owned(),
                    code: 0,
                    message,
                },
                true,
            ),
            Ending::OutOfMemory { node } => (
                ClusterError::OutOfMemory {
                    job,
                    node,
                    limit: work.memory.or(self.settings.memory),
                },
                false,
            ),
            Ending::TooLong => (
                ClusterError::TooLong {
                    job,
                    limit: work.lifetime + self.pending,
                },
                false,
            ),
            Ending::ImageName { node, message } => (
                ClusterError::ImagePull {
                    job,
                    node,
                    image: work.image.clone(),
                    reason: message,
                },
                false,
            ),
            Ending::NotMade { node, message } => (
                ClusterError::NotMade {
                    job,
                    node,
                    reason: message,
                },
                false,
            ),
        }
    }
}
