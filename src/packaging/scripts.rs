//! What a package does on a node beside bringing its files: it keeps those of others that it replaces, and puts them
//! back when it is removed. In the shell of POSIX, and never the reason for which a transaction fails.
//!
//! Which files are its own, the package knows by [`Scripts::own_files_path`], a file of it that lists them. By it an
//! upgrade from one package to the next tells that there is nothing to keep, and an exchange for the distribution's
//! package that there is nothing to put back any more.

use super::contents::Contents;
use crate::recipe::Package;

/// What is done at which moment. Each text is a whole script but for its first line.
pub(super) struct Scripts {
    /// Before the files are unpacked.
    pub(super) before_install: String,
    /// After they are unpacked, for a package with a service.
    pub(super) after_install: Option<String>,
    head: String,
    exchanged: String,
    removed: String,
}

/// Functions of all the scripts; `$1` is the path of a file.
const FUNCTIONS: &str = r#"
say() {
    echo "$package: $1"
}

is_there() {
    [ -f "$1" ] || [ -h "$1" ]
}

# Whether it is a file that this package brought; taken for one where that cannot be told. Installing into a folder has
# no /dev/null.
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

# Keeps it, with its mode and owner, before it is replaced.
keep() {
    if ! is_there "$1" || own "$1"; then return 0; fi
    if mkdir -p "$previous${1%/*}" && cp -P -p "$1" "$previous$1.new" && mv -f "$previous$1.new" "$previous$1"; then
        say "$1 is replaced; the one before it is kept as $previous$1"
    else
        rm -f "$previous$1.new"
        say "warning: $1 is replaced and could not be kept in $previous, so it will not be put back" >&2
    fi
}

# Puts the one that was kept back, where nothing has taken its place.
put_back() {
    is_there "$previous$1" || return 0
    if [ -e "$1" ] || [ -h "$1" ]; then
        say "$1 is there; the one that was kept stays in $previous$1"
        return 0
    fi
    if mkdir -p "${1%/*}" && cp -P -p "$previous$1" "$1.kept" && mv -f "$1.kept" "$1"; then
        if [ -n "$(command -v restorecon)" ]; then restorecon "$1" || :; fi
        forget "$1"
        say "$1 is again the one from before this package"
    else
        rm -f "$1.kept"
        say "warning: $1 could not be put back; it is in $previous$1" >&2
    fi
}

# Drops what was kept.
forget() {
    rm -f "$previous$1"
    # What it says of a folder that others are in is no news.
    : "$(rmdir -p "$previous${1%/*}" 2>&1)"
}
"#;

/// Where packages keep what they know and what they replaced.
const FOLDER: &str = "/usr/lib/kmembuild";

impl Scripts {
    /// Path of the file that lists the package's own files.
    pub(super) fn own_files_path(package: &Package) -> String {
        format!("{FOLDER}/{}.files", package.name.value)
    }

    /// The scripts of a package with these contents.
    pub(super) fn new(package: &Package, contents: &Contents) -> Self {
        let name = package.name.value.as_str();
        let files = Self::own_files_path(package);
        // These hold nothing that a shell would take for more than a word: their types see to that.
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
                    "{reload}echo \"{name}: {unit} is neither started nor restarted; when this node may: systemctl restart {unit}\"\nexit 0\n"
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

    /// After the files were removed, or exchanged for those of another package of this name, which the condition
    /// `exchanged` tells.
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
