//! The scripts of a package: they keep the files of other packages that it replaces, and restore them when it is removed.
//! They are for a POSIX shell, and never make a transaction fail.
//!
//! A package knows its own files from a list in it, [`Scripts::own_files_path`]. With it, an upgrade from one package to
//! the next detects that there is nothing to keep, and a switch to the distribution's package that there is nothing left
//! to restore.

use super::contents::Contents;
use crate::recipe::Package;

/// The scripts by time. Each text is a complete script except for its first line.
pub(super) struct Scripts {
    /// Before the files are unpacked.
    pub(super) before_install: String,
    /// After they are unpacked, for a package with a service.
    pub(super) after_install: Option<String>,
    head: String,
    exchanged: String,
    removed: String,
}

/// Functions for all scripts; `$1` is the path of a file.
const FUNCTIONS: &str = r#"
say() {
    echo "$package: $1"
}

is_there() {
    [ -f "$1" ] || [ -h "$1" ]
}

# Whether this package installed the file; assumed if it cannot be determined. Installations into a directory have no
# /dev/null.
own() {
    [ -f "$files" ] || return 1
    if [ -h "$1" ]; then
        identity=$(readlink "$1") || return 0
    else
        identity=$(sha256sum "$1") || return 0
        identity=${identity%% *}
    fi
    grep -q -F -x -e "$identity  $1" "$files"
}

# Keeps the file, with its mode and owner, before it is replaced.
keep() {
    if ! is_there "$1" || own "$1"; then return 0; fi
    if mkdir -p "$previous${1%/*}" && cp -P -p "$1" "$previous$1.new" && mv -f "$previous$1.new" "$previous$1"; then
        say "replacing $1; the previous file is kept as $previous$1"
    else
        rm -f "$previous$1.new"
        say "warning: replacing $1, which could not be kept in $previous and will not be restored" >&2
    fi
}

# Restores the kept file, unless another one has taken its place.
put_back() {
    is_there "$previous$1" || return 0
    if [ -e "$1" ] || [ -h "$1" ]; then
        say "$1 already exists; the kept file stays in $previous$1"
        return 0
    fi
    if mkdir -p "${1%/*}" && cp -P -p "$previous$1" "$1.kept" && mv -f "$1.kept" "$1"; then
        if [ -n "$(command -v restorecon)" ]; then restorecon "$1" || :; fi
        forget "$1"
        say "restored $1"
    else
        rm -f "$1.kept"
        say "warning: could not restore $1; it is in $previous$1" >&2
    fi
}

# Removes the kept file.
forget() {
    rm -f "$previous$1"
    # A directory that others still use is not worth a message.
    : "$(rmdir -p "$previous${1%/*}" 2>&1)"
}
"#;

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
            "package={name}\nfiles={files}\nprevious={FOLDER}/previous/{name}\n{FUNCTIONS}"
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
            before_install: format!("{head}\n{}exit 0\n", each("keep @")),
            after_install: service.map(|unit| {
                format!(
                    "{reload}echo \"{name}: {unit} was not restarted; to restart it: systemctl restart {unit}\"\nexit 0\n"
                )
            }),
            // Another package may share some of the files, such as a link, but not all of them.
            exchanged: format!(
                "if {}; then exit 0; fi\n{}",
                each("own @").trim_end().replace('\n', " && "),
                each("forget @")
            ),
            removed: format!(
                "{}{}if [ -d {FOLDER} ]; then : \"$(rmdir {FOLDER} 2>&1)\"; fi\n",
                each("put_back @"),
                if service.is_some() { reload } else { "" },
            ),
            head,
        }
    }

    /// After the files were removed, or replaced by those of another package of this name if the condition `exchanged` is
    /// true.
    pub(super) fn after_removal(&self, exchanged: &str) -> String {
        let Self {
            head,
            exchanged: then,
            removed,
            ..
        } = self;
        format!("{head}\nif {exchanged}; then\n{then}exit 0\nfi\n{removed}exit 0\n")
    }
}
