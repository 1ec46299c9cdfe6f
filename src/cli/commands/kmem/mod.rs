//! `kmembuild kmem`.

mod place;
mod status;

use crate::cli::args::{GlobalArguments, KmemCommand};
use crate::environment::Environment;
use crate::failure::Failure;

pub(super) fn run(
    environment: &Environment,
    global: &GlobalArguments,
    action: &KmemCommand,
) -> Result<(), Failure> {
    match action {
        KmemCommand::Status(arguments) => status::run(environment, global, arguments),
    }
}
