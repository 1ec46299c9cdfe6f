//! `kmembuild work`: what runs in a pod.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::build::{PodFailure, PodWork, work_in_pod};
use crate::cli::args::WorkArguments;
use crate::cli::explain::explain;
use crate::engine::{ClientSettings, REPORT};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::report::{Progress, Verbosity};

/// This program, whatever it is called.
const PROGRAM: &str = "/proc/self/exe";

pub(crate) async fn run(
    environment: &Environment,
    arguments: &WorkArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    if let Some(path) = &arguments.install {
        return install(path);
    }
    let Some(input) = &arguments.input else {
        return Ok(());
    };
    // The whole log is in the result; this is for whoever looks into the pod meanwhile.
    let progress = Progress::new(false, false, Verbosity::Verbose);
    let work = PodWork {
        input,
        node: arguments.node.as_deref(),
        directory: &environment.cache_dir,
        supervisor: PROGRAM.into(),
        client: ClientSettings {
            file: environment.docker_config.clone(),
            variable: environment.docker_auth_config.clone(),
            proxies: environment.proxies.clone(),
        },
        explain: &|failed| {
            let failure = explain(failed);
            PodFailure {
                exit_code: failure.kind.exit_code(),
                message: failure.message,
                causes: failure.causes,
                hints: failure.hints,
            }
        },
        cancel: cancel.clone(),
    };
    let done = Box::pin(work_in_pod(&work, &progress)).await;
    progress.finish();
    let (digest, failure) = done?;
    let report = format!("{REPORT}{digest}\n");
    fs::write(&arguments.report, report).map_err(|error| unwritable(&arguments.report, &error))?;
    match failure {
        None => Ok(()),
        Some(failure) => {
            let kind = FailureKind::of_exit_code(failure.exit_code);
            Err(Failure {
                kind: kind.unwrap_or(FailureKind::Internal),
                message: failure.message,
                causes: failure.causes,
                hints: failure.hints,
            })
        }
    }
}

/// Copies this program to where other containers of the pod find it.
fn install(path: &Path) -> Result<(), Failure> {
    let copied = fs::copy(PROGRAM, path)
        .and_then(|_| fs::set_permissions(path, fs::Permissions::from_mode(0o755)));
    copied.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let text = format!("could not write {}: {error}", path.display());
    Failure::new(FailureKind::Output, text)
}
