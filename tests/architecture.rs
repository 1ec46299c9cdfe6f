//! The order of the house: which room may import which, which room may name which library, no circles between files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The rooms of `src/`, from the roof down: a room imports only from rooms below it. Each is a directory or a file.
const ROOMS: [&str; 32] = [
    "main",
    "lib",
    "cli",
    "report",
    "release",
    "reproduce",
    "build",
    "delivery",
    "attestation",
    "execute",
    "artifacts",
    "exhaust",
    "fleet",
    "host",
    "lockfile",
    "plan",
    "facts",
    "source",
    "library",
    "like",
    "configuration",
    "recipe",
    "compare",
    "advice",
    "engine",
    "bundle",
    "transport",
    "verify",
    "environment",
    "file_lock",
    "events",
    "failure",
];

/// Rooms that everybody may use and that use nobody.
const GROUND: [&str; 9] = [
    "certificates",
    "checksum",
    "clock",
    "harmless",
    "inside",
    "number_of",
    "private_directory",
    "process_limits",
    "regular_file",
];

/// Libraries that only some places may name, by the beginnings of their paths in `src/`.
const LIBRARIES: [(&str, &[&str]); 18] = [
    ("bollard", &["engine/docker/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("console", &["report/"]),
    ("git2", &["source/"]),
    ("http_auth", &["transport/"]),
    ("indicatif", &["report/"]),
    ("k8s_openapi", &["engine/kubernetes/"]),
    ("kube", &["engine/kubernetes/"]),
    ("object", &["verify/", "compare/"]),
    ("pgp", &["attestation/openpgp/"]),
    ("procfs_core", &["host/", "exhaust/"]),
    ("quick_xml", &["delivery/repositories/"]),
    ("reqwest", &["host/doctor/", "transport/"]),
    ("rpm", &["delivery/packaging/", "delivery/repositories/"]),
    ("rustls", &["certificates.rs", "host/doctor/"]),
    (
        "zstd",
        &["bundle/", "delivery/packaging/", "engine/runtime/"],
    ),
];

/// What a recipe and a plan must not touch: the same text gives the same plan, whatever machine it is on.
const IMPURE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "rand",
];

/// A source file, by its path below `src/`.
struct File {
    path: String,
    /// The code without comments and without its tests.
    code: String,
    /// Everything that its `use` lines and its paths name, from the crate's root: `crate::plan::Plan`, `std::fs`.
    names: BTreeSet<String>,
}

impl File {
    fn room(&self) -> &str {
        let room = self.path.split('/').next().unwrap_or_default();
        room.strip_suffix(".rs").unwrap_or(room)
    }

    /// Path of the module: `plan::types` of `plan/types.rs`, `plan` of `plan/mod.rs`.
    fn module(&self) -> String {
        let path = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.replace('/', "::")
    }
}

/// The files of a tree.
struct House {
    files: Vec<File>,
    /// Index of each module's file.
    modules: BTreeMap<String, usize>,
    /// What a `mod.rs` hands on: `plan::Plan` to `plan::types::Plan`.
    handed_on: BTreeMap<String, String>,
}

impl House {
    fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        collect(root, "", &mut paths);
        paths.sort();
        let texts = paths.into_iter().map(|path| {
            let text = fs::read_to_string(root.join(&path)).unwrap();
            (path, text)
        });
        Self::of(texts)
    }

    fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut files: Vec<File> = Vec::new();
        let mut handed_on = BTreeMap::new();
        for (path, text) in texts {
            let code = without_comments_and_tests(&text);
            let mut file = File {
                path,
                code,
                names: BTreeSet::new(),
            };
            let module = file.module();
            for (public, tree) in use_trees(&file.code) {
                for (name, alias) in expand(&tree) {
                    let name = absolute(&name, &module, &file.path);
                    if public {
                        handed_on.insert(format!("{module}::{alias}"), name.clone());
                    }
                    file.names.insert(name);
                }
            }
            file.names.extend(
                paths_in(&file.code)
                    .into_iter()
                    .map(|name| absolute(&name, &module, &file.path)),
            );
            files.push(file);
        }
        let modules = files.iter().enumerate();
        let modules = modules
            .map(|(index, file)| (file.module(), index))
            .collect();
        Self {
            files,
            modules,
            handed_on,
        }
    }

    /// The file that a name leads to, through what a `mod.rs` hands on.
    fn file_of(&self, name: &str) -> Option<usize> {
        let mut name = name.strip_prefix("crate::")?.to_owned();
        for _ in 0..8 {
            let handed = self
                .handed_on
                .iter()
                .find(|(known, _)| name == **known || name.starts_with(&format!("{known}::")));
            let Some((known, behind)) = handed else { break };
            let behind = behind.strip_prefix("crate::")?;
            name = name.replacen(known.as_str(), behind, 1);
        }
        let mut module = name.as_str();
        loop {
            if let Some(&index) = self.modules.get(module) {
                return Some(index);
            }
            module = module.rsplit_once("::")?.0;
        }
    }

    /// Files that a file imports from, without itself.
    fn imports(&self, file: usize) -> BTreeSet<usize> {
        let names = self.files[file].names.iter();
        let imported = names.filter_map(|name| self.file_of(name));
        imported.filter(|&other| other != file).collect()
    }

    /// Imports of a room that is not below.
    fn upward_imports(&self) -> Vec<String> {
        let floor = |room: &str| {
            let floor = ROOMS.iter().position(|known| *known == room);
            floor.or(GROUND.contains(&room).then_some(ROOMS.len()))
        };
        let mut wrong = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let Some(own) = floor(file.room()) else {
                wrong.push(format!("{} is in a room that has no place", file.path));
                continue;
            };
            for other in self.imports(index) {
                let other = &self.files[other];
                if other.room() != file.room() && floor(other.room()) <= Some(own) {
                    wrong.push(format!("{} imports {}", file.path, other.path));
                }
            }
        }
        wrong
    }

    /// Libraries that are named where they must not be.
    fn misplaced_libraries(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for file in &self.files {
            for (library, places) in LIBRARIES {
                let names =
                    |name: &String| name == library || name.starts_with(&format!("{library}::"));
                let at_home = places.iter().any(|place| file.path.starts_with(place));
                if !at_home && file.names.iter().any(names) {
                    wrong.push(format!("{} names {library}", file.path));
                }
            }
            if matches!(file.room(), "plan" | "recipe") {
                for impure in IMPURE {
                    let names =
                        |name: &String| name == impure || name.starts_with(&format!("{impure}::"));
                    if file.names.iter().any(names) {
                        wrong.push(format!("{} names {impure}", file.path));
                    }
                }
            }
            if file.code.contains("DockerEngine") && file.room() != "engine" {
                wrong.push(format!("{} names DockerEngine", file.path));
            }
        }
        wrong
    }

    /// Groups of files that import each other, each as its files.
    fn circles(&self) -> Vec<Vec<String>> {
        let imports: Vec<_> = (0..self.files.len())
            .map(|file| self.imports(file))
            .collect();
        let reached: Vec<BTreeSet<usize>> = (0..self.files.len())
            .map(|start| {
                let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
                while let Some(file) = next.pop() {
                    for &other in &imports[file] {
                        if seen.insert(other) {
                            next.push(other);
                        }
                    }
                }
                seen
            })
            .collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for file in 0..self.files.len() {
            if reached[file].contains(&file) {
                let circle = reached[file].iter();
                let circle = circle.filter(|&&other| reached[other].contains(&file));
                circles.insert(
                    circle
                        .map(|&other| self.files[other].path.clone())
                        .collect(),
                );
            }
        }
        circles.into_iter().collect()
    }

    /// `mod.rs` files with more than docs, `mod` and `use`.
    fn modules_with_code(&self) -> Vec<String> {
        let modules = self.files.iter();
        let modules = modules.filter(|file| file.path.ends_with("/mod.rs"));
        modules
            .filter(|file| {
                let statements = file.code.split(';').map(str::trim);
                let mut statements = statements.filter(|statement| !statement.is_empty());
                statements.any(|statement| !is_declaration(statement))
            })
            .map(|file| file.path.clone())
            .collect()
    }
}

/// Whether a statement is a `mod` or a `use`, public or not, with attributes or without.
fn is_declaration(statement: &str) -> bool {
    let mut statement = statement.trim();
    while let Some(attribute) = statement.strip_prefix("#[") {
        statement = attribute
            .split_once(']')
            .map_or("", |(_, rest)| rest)
            .trim();
    }
    let words: Vec<&str> = statement.split_whitespace().collect();
    let words = match words.first() {
        Some(first) if first.starts_with("pub") => &words[1..],
        _ => &words[..],
    };
    matches!(words.first(), Some(&("mod" | "use"))) && !statement.contains(" fn ")
}

fn collect(root: &Path, below: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, paths);
        } else if Path::new(&path).extension().is_some_and(|end| end == "rs") {
            paths.push(path);
        }
    }
}

/// Tests stand at the end of a file in this house; comments begin a line or follow code.
fn without_comments_and_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut code = String::new();
    for line in text.lines() {
        let line = match line.find("//") {
            // `https://` in a text is no comment.
            Some(at) if at == 0 || !line[..at].ends_with(':') => &line[..at],
            _ => line,
        };
        let _ = writeln!(code, "{line}");
    }
    code
}

/// The trees of `use` statements, and whether they are public.
fn use_trees(code: &str) -> Vec<(bool, String)> {
    let mut trees = Vec::new();
    for statement in code.split_inclusive(';') {
        let Some(statement) = statement.strip_suffix(';') else {
            continue;
        };
        let Some(at) = statement.rfind("use ") else {
            continue;
        };
        let before = statement[..at].trim_end();
        let begins =
            before.is_empty() || before.ends_with(['}', '{', ']', ')']) || before.ends_with("pub");
        if begins {
            let tree = statement[at + 4..]
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            trees.push((before.ends_with("pub") || before.ends_with(')'), tree));
        }
    }
    trees
}

/// The names of a tree, each with the name that it has here.
fn expand(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let (name, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let name = name.strip_suffix("::self").unwrap_or(name).trim();
        let last = name.rsplit("::").next().unwrap_or(name);
        let alias = if alias.is_empty() { last } else { alias };
        return vec![(name.to_owned(), alias.trim().to_owned())];
    };
    let (prefix, rest) = tree.split_at(open);
    let inner = rest[1..].strip_suffix('}').unwrap_or(&rest[1..]);
    let mut names = Vec::new();
    let (mut depth, mut part) = (0, String::new());
    for letter in inner.chars().chain([',']) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !part.trim().is_empty() {
                    names.extend(expand(&format!("{prefix}{}", part.trim())));
                }
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    names
}

/// Paths in code that begin at the crate, at a module above, or at a library that only some may name.
fn paths_in(code: &str) -> Vec<String> {
    let mut roots = vec!["crate", "super", "self", "std", "tokio", "rand"];
    roots.extend(LIBRARIES.map(|(library, _)| library));
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    code.split(|letter| !is_word(letter))
        // What ends so is the beginning of a `use` tree.
        .filter(|word| !word.ends_with(':'))
        .filter(|word| {
            let root = word.split_once("::").map(|(root, _)| root);
            root.is_some_and(|root| roots.contains(&root))
        })
        .map(|word| word.trim_end_matches(':').to_owned())
        .collect()
}

/// A name from the crate's root on.
fn absolute(name: &str, module: &str, path: &str) -> String {
    // In `mod.rs` and at the crate's root a first word may be a module below.
    let is_parent = path.ends_with("mod.rs");
    let mut parents: Vec<&str> = module.split("::").collect();
    let mut rest = name;
    if let Some(below) = rest.strip_prefix("self::") {
        return format!("crate::{module}::{below}");
    }
    if !rest.starts_with("super::") {
        let first = rest.split("::").next().unwrap_or(rest);
        let is_known = first == "crate" || first == "std" || !is_parent;
        return if is_known {
            name.to_owned()
        } else {
            format!("crate::{module}::{name}")
        };
    }
    while let Some(below) = rest.strip_prefix("super::") {
        parents.pop();
        rest = below;
    }
    parents.push(rest);
    format!("crate::{}", parents.join("::"))
}

fn house() -> House {
    House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// A house of two files, for seeing a rule fail.
fn wrong(files: &[(&str, &str)]) -> House {
    let files = files.iter();
    House::of(files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned())))
}

#[test]
fn rooms_import_only_from_below() {
    assert_eq!(house().upward_imports(), Vec::<String>::new());
    let upward = wrong(&[
        ("plan/make.rs", "use crate::execute::{Run, sweep};\n"),
        ("execute/mod.rs", "mod runs;\npub use runs::{Run, sweep};\n"),
        ("execute/runs.rs", "pub struct Run;\n"),
    ]);
    assert_eq!(
        upward.upward_imports(),
        ["plan/make.rs imports execute/runs.rs"]
    );
    let unknown = wrong(&[("misc/mod.rs", "")]);
    assert_eq!(
        unknown.upward_imports(),
        ["misc/mod.rs is in a room that has no place"]
    );
    let by_path = wrong(&[
        ("verify/elf.rs", "fn f() { crate::plan::make() }\n"),
        ("plan/mod.rs", ""),
    ]);
    assert_eq!(
        by_path.upward_imports(),
        ["verify/elf.rs imports plan/mod.rs"]
    );
}

#[test]
fn libraries_are_named_where_they_belong() {
    assert_eq!(house().misplaced_libraries(), Vec::<String>::new());
    let misplaced = wrong(&[
        (
            "build/run.rs",
            "use bollard::Docker;\nfn f() { let e = DockerEngine::new(); }\n",
        ),
        ("plan/make.rs", "fn f() { std::fs::read(\"x\"); }\n"),
        ("report/bar.rs", "use indicatif::ProgressBar;\n"),
    ]);
    assert_eq!(
        misplaced.misplaced_libraries(),
        [
            "build/run.rs names bollard",
            "build/run.rs names DockerEngine",
            "plan/make.rs names std::fs"
        ]
    );
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    assert_eq!(house().circles(), Vec::<Vec<String>>::new());
    let circle = wrong(&[
        ("plan/mod.rs", "mod a;\nmod b;\npub use a::A;\n"),
        ("plan/a.rs", "use super::b::B;\npub struct A;\n"),
        ("plan/b.rs", "use crate::plan::A;\npub struct B;\n"),
    ]);
    assert_eq!(circle.circles(), [["plan/a.rs", "plan/b.rs"]]);
}

#[test]
fn a_mod_file_has_no_code() {
    assert_eq!(house().modules_with_code(), Vec::<String>::new());
    let code = wrong(&[
        (
            "plan/mod.rs",
            "//! Plans.\n\nmod a;\n#[cfg(unix)]\npub(crate) use a::{A,\n B};\n",
        ),
        (
            "recipe/mod.rs",
            "mod a;\n\n/// Adds.\npub fn add() -> u8 {\n    1\n}\n",
        ),
    ]);
    assert_eq!(code.modules_with_code(), ["recipe/mod.rs"]);
}
