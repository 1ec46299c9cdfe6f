//! Collects the outputs from the session.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::ask::ask;
use super::error::ExecuteError;
use crate::artifacts::{COMPANION_FILES, CollectedFile, collect};
use crate::engine::{EngineError, GuestPath, Session};
use crate::plan::{Plan, PlannedOutput};
use crate::recipe::Name;
use crate::verify::{Expectations, VersionRun};

/// Time limit for a question to the session, such as `--version`.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What was collected.
pub(super) struct TakenOut {
    /// The files, each with its expectations: the plan's outputs first, in its order.
    pub(super) files: Vec<(CollectedFile, Expectations)>,
    /// What outputs printed about their version in the session, by file name.
    pub(super) version_runs: BTreeMap<String, VersionRun>,
}

/// Collects the plan's outputs, and asks those that can run in the session for their version.
pub(super) async fn take_all_out(
    plan: &Plan,
    engine_architecture: &str,
    session: &dyn Session,
    staging: &Path,
) -> Result<TakenOut, ExecuteError> {
    let mut files = Vec::new();
    let mut version_runs = BTreeMap::new();
    for output in &plan.outputs {
        let asking = async {
            let expected = output.expectations.version.as_ref()?;
            Some(if plan.architecture == engine_architecture {
                ask_version(&output.path, &expected.arguments, session).await
            } else {
                VersionRun::NotRun {
                    reason: format!(
                        "it is for {}, but the engine runs {engine_architecture}",
                        plan.architecture
                    ),
                }
            })
        };
        // Concurrently: they are independent, and the version of a file that cannot be collected is not needed.
        let (run, file) = tokio::join!(asking, take_out(output, session, staging));
        files.push((file?, output.expectations.clone()));
        if let Some(run) = run {
            version_runs.insert(output.name.clone(), run);
        }
    }
    for output in further_outputs(plan, session).await? {
        let file = take_out(&output, session, staging).await?;
        files.push((file, output.expectations));
    }
    Ok(TakenOut {
        files,
        version_runs,
    })
}

/// The files in the plan's further directories that are not outputs already. They have no expectations. A directory that
/// the build did not make has none.
async fn further_outputs(
    plan: &Plan,
    session: &dyn Session,
) -> Result<Vec<PlannedOutput>, ExecuteError> {
    let mut found: Vec<PlannedOutput> = Vec::new();
    for folder in &plan.further_outputs {
        let command = [
            "find",
            folder,
            "-maxdepth",
            "1",
            "-type",
            "f",
            "-printf",
            "%f\\n",
        ];
        let listed = ask(session, &command).await;
        let (exit, mut names) = listed.map_err(ExecuteError::engine("collect"))?;
        if exit.code != 0 {
            continue;
        }
        names.sort();
        // Whatever was built chose these names: only plain ones are taken, and none of a file that the tool writes itself.
        names.retain(|name| {
            name.parse::<Name>().is_ok() && !COMPANION_FILES.contains(&name.as_str())
        });
        for name in names {
            let taken = plan.outputs.iter().chain(&found);
            if !taken.map(|output| &output.name).any(|taken| *taken == name) {
                found.push(PlannedOutput {
                    path: format!("{folder}/{name}"),
                    name,
                    expectations: Expectations::default(),
                });
            }
        }
    }
    Ok(found)
}

async fn take_out(
    output: &PlannedOutput,
    session: &dyn Session,
    staging: &Path,
) -> Result<CollectedFile, ExecuteError> {
    let archive =
        session
            .get(&GuestPath::new(&output.path))
            .await
            .map_err(|error| match error {
                EngineError::NotInSession { path } => ExecuteError::OutputMissing {
                    path: path.to_string(),
                },
                error => ExecuteError::engine("collect")(error),
            })?;
    collect(archive, &output.name, staging)
        .await
        .map_err(ExecuteError::Collect)
}

async fn ask_version(path: &str, arguments: &[String], session: &dyn Session) -> VersionRun {
    let command: Vec<&str> = std::iter::once(path)
        .chain(arguments.iter().map(String::as_str))
        .collect();
    match tokio::time::timeout(ANSWER_LIMIT, ask(session, &command)).await {
        Ok(Ok((exit, lines))) => VersionRun::Ran {
            // It is shown on the user's terminal, which must not interpret it as control sequences.
            output: lines.join("\n").replace(
                |c: char| c.is_control() && c != '\n' && c != '\t',
                "\u{fffd}",
            ),
            exit_code: i32::try_from(exit.code).ok(),
        },
        Ok(Err(error)) => VersionRun::NotRun {
            reason: error.to_string(),
        },
        Err(_) => VersionRun::NotRun {
            reason: format!(
                "it did not finish within {}",
                humantime::format_duration(ANSWER_LIMIT)
            ),
        },
    }
}
