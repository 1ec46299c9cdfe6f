//! `kmembuild node-script`.

use crate::artifacts::replace_file;
use crate::cli::args::NodeScriptArguments;
use crate::cli::output::print_exact;
use crate::delivery::node_script::{NodeBinary, NodeScriptError, node_script};
use crate::failure::{Failure, FailureKind};

pub(crate) fn run(arguments: &NodeScriptArguments) -> Result<(), Failure> {
    let mut binaries = Vec::new();
    for result in &arguments.results {
        binaries.extend(NodeBinary::read(result).map_err(failure)?);
    }
    let script = node_script(&binaries).map_err(failure)?;
    let Some(file) = &arguments.output else {
        return print_exact(&script);
    };
    replace_file(file, script.as_bytes(), 0o755).map_err(|error| {
        let text = format!("could not write the script to {}: {error}", file.display());
        Failure::new(FailureKind::Output, text)
    })
}

fn failure(error: NodeScriptError) -> Failure {
    let kind = match &error {
        NodeScriptError::Changed { .. } | NodeScriptError::Binary { .. } => FailureKind::Integrity,
        NodeScriptError::NotProven { .. } => FailureKind::Verification,
        NodeScriptError::Manifest(_)
        | NodeScriptError::Nothing { .. }
        | NodeScriptError::Twice { .. }
        | NodeScriptError::Platforms { .. }
        | NodeScriptError::UnknownPlatform { .. } => FailureKind::Usage,
    };
    Failure::new(kind, error)
}
