//! Many nodes, asked over SSH.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use super::documents::Documents;
use super::host::{RemoteProgram, SshHost};
use super::member::Member;
use super::ssh;

/// What every node is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Path or name of this tool on the nodes.
    pub remote: RemoteProgram,
    /// The time limit for each node.
    pub limit: Duration,
    /// How many are asked at a time.
    pub at_once: usize,
}

/// Asks all hosts and adds their documents, under the names that they were asked by. One that does not answer is a node
/// without a document, with the reason. Returns false if `cancel` was cancelled before the end; nothing that was started is
/// left running then.
pub async fn ask(
    hosts: &[SshHost],
    question: &Question,
    documents: &mut Documents,
    cancel: &CancellationToken,
) -> bool {
    let answers = stream::iter(hosts)
        .map(|host| async move {
            let answer = ssh::document(host, question.remote.as_str(), question.limit).await;
            answer.unwrap_or_else(|reason| Member::unreachable(host.as_str(), &reason))
        })
        .buffered(question.at_once.max(1));
    let mut answers = std::pin::pin!(answers);
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return false,
            answer = answers.next() => match answer {
                Some(member) => documents.take(member),
                None => return true,
            },
        }
    }
}
