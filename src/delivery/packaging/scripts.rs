//! The scripts of a package: they keep the files of other packages that it replaces, and restore them when it is removed.
//! They are for a POSIX shell, and never make a transaction fail.
//!
//! A package knows its own files from a list in it, [`Scripts::own_files_path`]. With it, an upgrade from one package to
//! the next detects that there is nothing to keep, and a switch to the distribution's package that there is nothing left
//! to restore. An upgrade that is cut off by a power failure may leave the files of one version with the list of another;
//! so the lists of all of them, and the sums of the kept files, are beside the kept files before anything is replaced.

use super::contents::Contents;
use crate::delivery::flush::FLUSH;
use crate::recipe::Package;

/// The scripts by time. Each text is a complete script except for its first line.
pub(super) struct Scripts {
    /// Before the files are unpacked.
    pub(super) before_install: String,
    /// After they are unpacked, for a package with a service.
    pub(super) after_install: Option<String>,
    /// Waits until the unpacked files are on the disk, for a package manager that does not: to be done first after they
    /// are unpacked.
    pub(super) flush_files: String,
    head: String,
    exchanged: String,
    removed: String,
}

/// Functions for all scripts; `$1` is the path of a file.
const FUNCTIONS: &str = include_str!("keep.sh");

/// Where packages keep their lists and the files that they replaced.
const FOLDER: &str = "/usr/lib/kmembuild";

impl Scripts {
    /// The path of the list of the package's own files.
    pub(super) fn own_files_path(package: &Package) -> String {
        format!("{FOLDER}/{}.files", package.name.value)
    }

    /// The scripts of a package with these contents.
    pub(super) fn new(package: &Package, contents: &Contents) -> Self {
        let name = package.name.value.as_str();
        let files = Self::own_files_path(package);
        // The types ensure that none of these is more than one word for a shell.
        let head = format!(
            "package={name}\nfiles={files}\nprevious={FOLDER}/previous/{name}\nknown={FOLDER}/previous/{name}.known\n\n{FLUSH}\n{FUNCTIONS}"
        );
        let paths: Vec<_> = contents
            .files
            .iter()
            .filter(|file| !file.config)
            .map(|file| file.path.as_str())
            .collect();
        let each = |what: &str| {
            paths
                .iter()
                .map(|path| what.replace('@', path) + "\n")
                .collect::<String>()
        };
        let reload = "if [ -d /run/systemd/system ]; then systemctl daemon-reload >/dev/null 2>&1 || :; fi\n";
        let service = package.service.as_ref().map(|unit| unit.value.as_str());
        Self {
            before_install: format!(
                "{head}\n{}renewed\n{}if ! remember '{}'; then say 'warning: could not write '\"$known\" >&2; fi\nexit 0\n",
                each("renew @"),
                each("keep @"),
                contents.own_files().trim_end(),
            ),
            flush_files: flush_files(name, &paths),
            after_install: service.map(|unit| {
                format!(
                    "{reload}echo \"{name}: {unit} was not restarted; to restart it: systemctl restart {unit}\"\nexit 0\n"
                )
            }),
            // Another package may share some of the files, such as a link, but not all of them. After a failed installation
            // the old ones are there.
            exchanged: format!(
                "if {}; then exit 0; fi\n{}tidy\n",
                each("own @").trim_end().replace('\n', " && "),
                each("if is_there @; then forget @; fi")
            ),
            removed: format!(
                "{}{}tidy\n",
                each("put_back @"),
                if service.is_some() { reload } else { "" },
            ),
            head,
        }
    }

    /// After the files were removed, or replaced by those of another package of this name if the condition `exchanged` is
    /// true. If an interrupted removal of this package manager begins anew and removes what was restored, the kept files
    /// stay.
    pub(super) fn after_removal(&self, exchanged: &str, begins_anew: bool) -> String {
        let Self {
            head,
            exchanged: then,
            removed,
            ..
        } = self;
        let stays = if begins_anew { "yes" } else { "''" };
        format!("{head}\nstays={stays}\nif {exchanged}; then\n{then}exit 0\nfi\n{removed}exit 0\n")
    }
}

fn flush_files(name: &str, paths: &[&str]) -> String {
    let mut all: Vec<_> = paths.to_vec();
    let folders = paths.iter().filter_map(|path| path.rsplit_once('/'));
    all.extend(folders.map(|(folder, _)| folder));
    all.sort_unstable();
    all.dedup();
    format!(
        "{FLUSH}\nif ! flush {}; then echo '{name}: warning: the installed files are not on the disk' >&2; fi\n",
        all.join(" ")
    )
}
