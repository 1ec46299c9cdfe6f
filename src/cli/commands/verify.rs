//! `kmembuild verify`.

use std::path::Path;

use serde::Serialize;

use super::glibc_floor::GlibcFloor;
use crate::advice;
use crate::attestation::{Audit, VerifyingKey};
use crate::build::check_by_running;
use crate::cli::args::VerifyArguments;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::failure::{Failure, FailureKind};
use crate::number_of::number_of;
use crate::recipe::Architecture;
use crate::report::{
    CheckedFile, Closing, Progress, Text, Verbosity, audit_table, audit_verdict, check_table,
    output_width, verdict_on,
};
use crate::verify::{
    Expectations, Findings, KmemExpectation, VERSION_TIMEOUT, VerifyError, VersionExpectation,
    VersionRun, judge,
};

/// `verify --format json`.
#[derive(Serialize)]
struct Verified {
    passed: bool,
    files: Vec<CheckedFile>,
    folders: Vec<Audit>,
    /// Only of what passed; of what did not, the error says it.
    #[serde(flatten)]
    closing: Option<Closing>,
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &VerifyArguments,
) -> Result<(), Failure> {
    let keys = arguments.key.iter().map(|path| VerifyingKey::read(path));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if !keys.is_empty() && !arguments.files.iter().any(|path| path.is_dir()) {
        let text = "--key requires the directory of a release or of a result; a single binary has no signature";
        return Err(Failure::new(FailureKind::Usage, text));
    }
    if arguments.run && arguments.files.iter().any(|path| path.is_dir()) {
        let text =
            "--run requires programs, not directories; use the path of the runc or kubelet in it";
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    // Directories that are neither a release nor a result, with the number of those below.
    let mut below = Vec::new();
    let is_stopped = || invocation.workspace.cancel.is_cancelled();
    for path in &arguments.files {
        let read = if path.is_dir() {
            let audits = Audit::of_all(path, &keys, &is_stopped).map_err(Failure::from);
            audits.map(|audits| {
                if audits.iter().any(|audit| Path::new(&audit.folder) != path) {
                    below.push((path.display().to_string(), audits.len()));
                }
                folders.extend(audits);
            })
        } else {
            check(path, arguments, &is_stopped).map(|file| files.push(file))
        };
        // What was read half proves nothing, whatever came of it.
        if is_stopped() {
            let text = "interrupted; nothing was changed";
            return Err(Failure::new(FailureKind::Interrupted, text));
        }
        read?;
    }
    if arguments.run {
        // Standard output is for the one document.
        let terminal = invocation.environment.progress_terminal && !invocation.json();
        let progress = Progress::new(false, terminal, invocation.verbosity());
        for (file, path) in files.iter_mut().zip(&arguments.files) {
            let check = check_by_running(path, &invocation.workspace, &progress).await;
            file.checks.push(check.inspect_err(|_| progress.finish())?);
        }
        progress.finish();
    }
    let failure = failure(&files, &folders);
    let verdicts: Vec<_> = match failure {
        Some(_) => Vec::new(),
        None => verdicts(&files, &folders, &below),
    };
    if invocation.json() {
        print_document(&Verified {
            passed: failure.is_none(),
            files,
            folders,
            closing: joined(verdicts).map(Closing::new),
        })?;
    } else if invocation.verbosity() != Verbosity::Quiet {
        let width = output_width(invocation.environment);
        print(&check_table(&files, invocation.verbosity(), width))?;
        for folder in &folders {
            print(&audit_table(folder, width))?;
        }
        for verdict in verdicts {
            print(&Closing::new(verdict).text())?;
        }
    }
    failure.map_or(Ok(()), Err)
}

/// All verdicts, a line for each.
fn joined(verdicts: Vec<Text>) -> Option<Text> {
    let verdicts = verdicts.into_iter();
    verdicts.reduce(|above, verdict| above + "\n" + verdict)
}

/// The verdict on each file and directory, none of which has a problem.
fn verdicts(files: &[CheckedFile], folders: &[Audit], below: &[(String, usize)]) -> Vec<Text> {
    let files = files
        .iter()
        .map(|file| Text::from(format!("{}: ", file.file)) + verdict_on(&file.checks));
    let together = below.iter().map(|(folder, number)| {
        let results = number_of(*number, "result");
        Text::from(format!(
            "{folder}: {results} below it, each checked by itself; without a release's index.json nothing says that there are no others"
        ))
    });
    let folders = folders.iter().map(audit_verdict);
    files.chain(folders).chain(together).collect()
}

/// The failure of everything together: something that differs from what was published weighs more than something that is
/// not proven.
fn failure(files: &[CheckedFile], folders: &[Audit]) -> Option<Failure> {
    let mut texts = Vec::new();
    let failed: Vec<_> = files
        .iter()
        .filter(|file| !file.passed())
        .map(|file| file.file.as_str())
        .collect();
    if !failed.is_empty() {
        texts.push(format!(
            "{} of {} failed: {}",
            failed.len(),
            number_of(files.len(), "file"),
            failed.join(", ")
        ));
    }
    for folder in folders.iter().filter(|folder| !folder.problems.is_empty()) {
        let mut named: Vec<_> = folder
            .problems
            .iter()
            .map(|problem| problem.file.as_str())
            .collect();
        named.dedup();
        let what = if folder.is_changed() {
            "does not match what was recorded"
        } else {
            "could not be proven"
        };
        texts.push(format!("{} {what}: {}", folder.folder, named.join(", ")));
    }
    if texts.is_empty() {
        return None;
    }
    let kind = if folders.iter().any(Audit::is_changed) {
        FailureKind::Integrity
    } else {
        FailureKind::Verification
    };
    let failure = Failure::new(kind, texts.join("; "));
    Some(if folders.iter().any(Audit::has_leftovers) {
        failure.hint(format!("for what is left over, {}", advice::PRUNE_RELEASE))
    } else {
        failure
    })
}

fn check(
    path: &Path,
    arguments: &VerifyArguments,
    is_stopped: &dyn Fn() -> bool,
) -> Result<CheckedFile, Failure> {
    let findings = Findings::of(path, is_stopped).map_err(|error| match error {
        VerifyError::Open { .. } | VerifyError::NotARegularFile { .. } => {
            Failure::new(FailureKind::NotFound, error)
        }
        // What cannot be read to its end, or changes meanwhile, is not proven: that is a failed verification.
        VerifyError::Read { .. } | VerifyError::Changed { .. } => {
            Failure::new(FailureKind::Verification, error)
        }
    })?;
    let version_arguments = vec!["--version".to_owned()];
    let version = (!arguments.no_run)
        .then(|| VersionRun::of(path, &version_arguments, VERSION_TIMEOUT, is_stopped));
    let floor = GlibcFloor::of(path, &findings, arguments.glibc_floor);
    let expectations = Expectations {
        kmem: (!arguments.no_kmem).then_some(KmemExpectation::Off),
        static_linked: arguments.static_linked.then_some(true),
        architecture: arguments.arch.as_ref().map(Architecture::to_string),
        glibc_floor: floor.version(),
        // There is no expected version; it is only checked that the program answers.
        version: Some(VersionExpectation {
            arguments: version_arguments,
            contains: Vec::new(),
        }),
    };
    let mut checks = judge(&findings, version.as_ref(), &expectations);
    floor.explain(&mut checks);
    Ok(CheckedFile {
        file: path.display().to_string(),
        findings,
        checks,
    })
}
