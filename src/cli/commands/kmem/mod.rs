//! `kmembuild kmem`.

mod exhaust;
mod hangup;
mod measurements;
mod place;
mod status;
mod watch;

pub(super) use place::write_whole;
use tokio_util::sync::CancellationToken;

use crate::cli::args::{GlobalArguments, KmemCommand};
use crate::environment::Environment;
use crate::failure::Failure;

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    action: &KmemCommand,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    match action {
        KmemCommand::Status(arguments) => status::run(environment, arguments),
        KmemCommand::Watch(arguments) => watch::run(environment, global, arguments, cancel).await,
        KmemCommand::Reproduce(arguments) => exhaust::run(arguments, cancel).await,
    }
}
