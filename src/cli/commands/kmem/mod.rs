//! `kmembuild kmem`.

mod exhaust;
mod hangup;
mod hierarchy;
mod measurements;
mod place;
mod status;
mod watch;

pub(super) use place::write_whole;
use tokio_util::sync::CancellationToken;

use crate::cli::args::{Format, GlobalArguments, KmemCommand};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    action: &KmemCommand,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    match action {
        KmemCommand::Status(arguments) => status::run(environment, global, arguments),
        KmemCommand::Watch(arguments) => watch::run(environment, global, arguments, cancel).await,
        KmemCommand::Reproduce(arguments) => exhaust::run(global, arguments, cancel).await,
    }
}

/// Refuses formats that the command cannot print.
fn refuse_formats(global: &GlobalArguments, refused: &[Format]) -> Result<(), Failure> {
    match global.format {
        Some(format) if refused.contains(&format) => {
            let name = format!("{format:?}").to_uppercase();
            let text = format!("this command cannot print {name}");
            Err(Failure::new(FailureKind::Usage, text))
        }
        _ => Ok(()),
    }
}
