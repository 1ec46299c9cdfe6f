//! `kmembuild repository`.

use serde::Serialize;

use crate::attestation::{PackageKey, VerifyingKey};
use crate::cli::args::RepositoryArguments;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::clock;
use crate::delivery::repositories::{
    PublishedRepository, RepositoryOrder, commands, packages_of_releases, publish_repositories,
};
use crate::events::{Event, Sink as _};
use crate::failure::Failure;
use crate::report::{Closing, Progress, Verbosity};

/// `repository --format json`.
#[derive(Serialize)]
struct Repositories<'a> {
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
        commands: commands(repository, order.url.as_ref()),
    });
    let repositories: Vec<_> = repositories.collect();
    let closing = closing(&order, &published);
    if invocation.json() {
        return print_document(&Repositories {
            repositories,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return print(&format!("{}\n", order.root.display()));
    }
    for repository in &repositories {
        print(&format!(
            "{} {}: {} in {}, {}; on a node, as root:\n",
            repository.kind,
            repository.name,
            match repository.packages {
                1 => "1 package".to_owned(),
                number => format!("{number} packages"),
            },
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

fn closing(order: &RepositoryOrder<'_>, published: &[PublishedRepository]) -> Closing {
    let files: usize = published
        .iter()
        .map(|repository| repository.files.len())
        .sum();
    let changed = published.iter().filter(|repository| repository.changed);
    let number = published.len();
    Closing::new(format!(
        "{number} {}: {} changed -> {} ({files} files, signed)",
        if number == 1 {
            "repository"
        } else {
            "repositories"
        },
        changed.count(),
        order.root.display()
    ))
}
