//! `kmembuild node-script`.

use crate::artifacts::replace_file;
use crate::cli::args::NodeScriptArguments;
use crate::cli::dry_run::real_run;
use crate::cli::output::{print, print_exact};
use crate::delivery::node_script::{NodeBinary, node_script};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::report::{Closing, Text, Tone};

pub(crate) fn run(
    environment: &Environment,
    arguments: &NodeScriptArguments,
) -> Result<(), Failure> {
    let mut binaries = Vec::new();
    for result in &arguments.results {
        binaries.extend(NodeBinary::read(result)?);
    }
    let script = node_script(&binaries)?;
    let Some(file) = &arguments.output else {
        return print_exact(&script);
    };
    let programs: Vec<_> = binaries.iter().map(NodeBinary::title).collect();
    if arguments.dry_run {
        let verdict = format!(
            "would write {} for {}",
            file.display(),
            programs.join(" and ")
        );
        let closing = Closing::new(verdict).next(&real_run(environment));
        return print(&closing.text());
    }
    replace_file(file, script.as_bytes(), 0o755).map_err(|error| {
        let text = format!("could not write the script to {}: {error}", file.display());
        Failure::new(FailureKind::Output, text)
    })?;
    // Standard output is the script's where no file is named.
    let verdict = format!("wrote {} for {}", file.display(), programs.join(" and "));
    let script = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = if programs.len() == 1 {
        "the program"
    } else {
        "both programs"
    };
    let next = format!(
        "copy it to a node, beside {beside}, and run `sh {script} --dry-run` there as root"
    );
    let next = Text::labelled(Tone::Hint, "next:", next);
    print(&(Text::message(verdict) + "\n" + next + "\n"))
}
