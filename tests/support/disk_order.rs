//! The order in which a program gives its files to the disk, from its system calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What `strace -f -y` is told to write down.
pub const CALLS: &str = "openat,open,creat,write,rename,renameat,renameat2,fsync,fdatasync";

/// How often files were renamed below one of `folders`, each of them in the right order: the file is synced after the last
/// write to it and before it is renamed, and its new directory is synced before one of `words` is printed or the program
/// ends.
///
/// # Panics
/// If the order is another one.
#[track_caller]
pub fn assert_renames_are_on_the_disk(trace: &str, folders: &[&Path], words: &[&str]) -> usize {
    let mut renamed = 0;
    let mut written = BTreeSet::new();
    // Directories, with what was renamed into them and is perhaps not on the disk.
    let mut waiting: BTreeMap<String, String> = BTreeMap::new();
    for line in &whole_calls(trace) {
        let Some((call, arguments)) = line
            .split_once(' ')
            .and_then(|(_, call)| call.trim_start().split_once('('))
        else {
            continue;
        };
        if line.contains(" = -1 ") {
            continue;
        }
        let of_descriptor = || {
            let path = arguments
                .split_once('<')
                .and_then(|(_, path)| path.split_once('>'));
            path.map_or_else(String::new, |(path, _)| path.to_owned())
        };
        let quoted: Vec<_> = arguments.split('"').skip(1).step_by(2).collect();
        match call {
            "openat" | "open" | "creat" if line.contains("O_TRUNC") || line.contains("O_CREAT") => {
                let path = line
                    .rsplit_once('<')
                    .map_or("", |(_, path)| path.trim_end_matches('>'));
                written.insert(path.to_owned());
            }
            "write" if arguments.starts_with("1<") => {
                let said = words.iter().any(|word| arguments.contains(word));
                assert!(!said || waiting.is_empty(), "{waiting:?} before {line}");
            }
            "write" => {
                written.insert(of_descriptor());
            }
            "fsync" | "fdatasync" => {
                written.remove(&of_descriptor());
                waiting.remove(&of_descriptor());
            }
            "rename" | "renameat" | "renameat2" => {
                let [from, to] = quoted[..] else {
                    panic!("two paths: {line}");
                };
                if folders
                    .iter()
                    .any(|folder| Path::new(to).starts_with(folder))
                {
                    assert!(!written.contains(from), "{from} is not on the disk: {line}");
                    let folder = Path::new(to).parent().expect("a directory");
                    waiting.insert(folder.display().to_string(), to.to_owned());
                    renamed += 1;
                }
            }
            _ => {}
        }
    }
    assert!(waiting.is_empty(), "{waiting:?} at the end");
    renamed
}

/// The calls in the order in which they ended: of several processes, one may begin while another's is not finished.
fn whole_calls(trace: &str) -> Vec<String> {
    let mut begun = BTreeMap::new();
    let mut whole = Vec::new();
    for line in trace.lines() {
        let process = line.split(' ').next().unwrap_or_default();
        if let Some((beginning, _)) = line.split_once("<unfinished ...>") {
            begun.insert(process, beginning);
        } else if let Some((_, rest)) = line.split_once(" resumed>") {
            let beginning = begun.remove(process).expect("its beginning");
            whole.push(format!("{beginning}{rest}"));
        } else {
            whole.push(line.to_owned());
        }
    }
    whole
}
