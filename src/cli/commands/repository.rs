//! `kmembuild repository`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::attestation::{PackageKey, VerifyingKey};
use crate::cli::args::RepositoryArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::clock;
use crate::delivery::repositories::{
    PublishedRepository, RepositoryOrder, commands, packages_of_releases, publish_repositories,
};
use crate::environment::Environment;
use crate::events::{Event, Sink as _};
use crate::failure::Failure;
use crate::number_of::number_of;
use crate::report::{Closing, Progress, Verbosity};

/// `repository --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    /// Whether nothing was written, only shown.
    dry_run: bool,
    repositories: Vec<Repository<'a>>,
    #[serde(flatten)]
    closing: Closing,
}

#[derive(Serialize)]
struct Repository<'a> {
    /// `yum` or `apt`.
    kind: String,
    name: &'a str,
    /// Directory, relative to that of the repositories.
    folder: &'a str,
    packages: usize,
    /// Whether the packages are others than before.
    changed: bool,
    /// Paths of packages that it did not have before.
    added: &'a BTreeSet<String>,
    /// Paths of packages that it does not have any more.
    removed: &'a BTreeSet<String>,
    /// With which a node comes to use it.
    commands: Vec<String>,
}

pub(crate) fn run(
    invocation: &Invocation<'_>,
    arguments: &RepositoryArguments,
) -> Result<(), Failure> {
    let key = PackageKey::read(&arguments.package_key, clock::now().as_second())?;
    if let Some(warning) = key.warning() {
        let progress = Progress::new(false, false, invocation.verbosity());
        progress.event(&Event::Warning(warning));
    }
    let keys = arguments.key.iter().map(|path| VerifyingKey::read(path));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let order = RepositoryOrder {
        root: arguments.output.clone(),
        yum: arguments.yum.clone(),
        apt: arguments.apt.clone(),
        url: arguments.url.clone(),
        keep: arguments.keep,
        is_dry_run: arguments.dry_run,
        packages: packages_of_releases(&arguments.releases, &keys)?,
        key: &key,
    };
    let published = publish_repositories(&order)?;
    let repositories = published.iter().map(|repository| Repository {
        kind: repository.kind.to_string(),
        name: &repository.name,
        folder: &repository.folder,
        packages: repository.packages,
        changed: repository.changed,
        added: &repository.added,
        removed: &repository.removed,
        commands: commands(repository, order.url.as_ref()),
    });
    let repositories: Vec<_> = repositories.collect();
    let closing = if arguments.dry_run {
        would_change(&published, invocation.environment)
    } else {
        closing(&order, &published)
    };
    if invocation.json() {
        return print_document(&Document {
            dry_run: arguments.dry_run,
            repositories,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return print(&format!("{}\n", order.root.display()));
    }
    if arguments.dry_run {
        for repository in &repositories {
            show(repository, &order.root)?;
        }
        return print(&closing.text());
    }
    for repository in &repositories {
        print(&format!(
            "{} {}: {} in {}, {}; on a node, as root:\n",
            repository.kind,
            repository.name,
            number_of(repository.packages, "package"),
            order.root.join(repository.folder).display(),
            if repository.changed {
                "changed"
            } else {
                "unchanged"
            },
        ))?;
        for command in &repository.commands {
            print(&format!("  {command}\n"))?;
        }
    }
    print(&closing.text())
}

/// What a dry run says of a repository.
fn show(repository: &Repository<'_>, root: &Path) -> Result<(), Failure> {
    let folder = root.join(repository.folder);
    print(&format!(
        "{} {} in {}, packages:\n",
        repository.kind,
        repository.name,
        folder.display()
    ))?;
    let added = repository.added.iter().map(|path| ("would add", path));
    let removed = repository.removed.iter();
    for (what, path) in added.chain(removed.map(|path| ("would remove", path))) {
        let name = path.rsplit('/').next().unwrap_or(path);
        print(&format!("  {what} {name}\n"))?;
    }
    let kept = repository.packages - repository.added.len();
    if kept == 0 {
        return Ok(());
    }
    print(&format!("  would keep {kept}\n"))
}

/// How many repositories would change, and how they do.
fn would_change(published: &[PublishedRepository], environment: &Environment) -> Closing {
    let changed = published.iter().filter(|repository| repository.changed);
    match changed.count() {
        0 => Closing::new("nothing to change"),
        number => {
            let of = number_of(published.len(), "repository");
            let verdict = format!("would change {number} of {of}");
            Closing::new(verdict).next(&real_run(environment))
        }
    }
}

fn closing(order: &RepositoryOrder<'_>, published: &[PublishedRepository]) -> Closing {
    let files: usize = published
        .iter()
        .map(|repository| repository.files.len())
        .sum();
    let changed = published.iter().filter(|repository| repository.changed);
    Closing::new(format!(
        "{}: {} changed -> {} ({files} files, signed)",
        number_of(published.len(), "repository"),
        changed.count(),
        order.root.display()
    ))
}
