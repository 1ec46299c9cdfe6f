//! Programs that are asked for their version, and files of text.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kmembuild::like::{Like, LikeError, read_input};

use super::forms::{V1_15_5, info};
use crate::support::preflight::installed;

/// A program that prints something for each argument, and ends with code 3 for every other one.
fn program(folder: &Path, name: &str, says: &[(&str, &str)]) -> PathBuf {
    let mut code =
        "#include <stdio.h>\n#include <string.h>\nint main(int n, char **a) {\n".to_owned();
    for (argument, text) in says {
        let text = format!("{text:?}");
        code.push_str(&format!(
            "if (n == 2 && !strcmp(a[1], \"{argument}\")) {{ puts({text}); return 0; }}\n"
        ));
    }
    code.push_str("return 3; }\n");
    let (source, path) = (folder.join(format!("{name}.c")), folder.join(name));
    fs::write(&source, code).unwrap();
    let status = installed("cc").arg("-o").args([&path, &source]).status();
    assert!(
        status
            .expect("a C compiler is needed, as for the tool itself")
            .success()
    );
    path
}

fn ask(path: &Path, attempts: &[&[&str]]) -> Result<Like, LikeError> {
    let attempts: Vec<Vec<String>> = attempts
        .iter()
        .map(|arguments| arguments.iter().map(|&text| text.to_owned()).collect())
        .collect();
    read_input(path, false, &attempts)
}

/// The error below the one that names the input.
#[track_caller]
fn refusal(path: &Path, attempts: &[&[&str]]) -> String {
    let error = ask(path, attempts).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    error.root().to_string()
}

#[test]
fn a_program_is_asked_in_turn_and_its_file_tells_the_architecture() {
    let folder = tempfile::tempdir().unwrap();
    let runc = program(
        folder.path(),
        "runc",
        &[(
            "--version",
            "runc version 1.0.0-rc10\ncommit: dc9208a3303f\n",
        )],
    );
    let like = ask(&runc, &[&["version"], &["--version"]]).unwrap();
    assert_eq!(like.version.unwrap().text, "1.0.0-rc10");
    assert_eq!(like.commit.unwrap().label, "dc9208a3303f");
    let host = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    assert_eq!(like.architecture.as_deref(), Some(host));
    assert_eq!(
        refusal(&runc, &[&["version"], &["-v"]]),
        "the program did not print its version: `version`: it exited with code 3; `-v`: it exited with code 3"
    );
}

#[test]
fn a_kubelet_is_asked_for_its_commit_too() {
    let folder = tempfile::tempdir().unwrap();
    let plain = ("--version", "Kubernetes v1.15.5");
    let raw = info("v1.15.5", V1_15_5);
    let other = info("v1.16.3", V1_15_5);
    let commit = |says: &[(&str, &str)]| {
        let kubelet = program(folder.path(), "kubelet", says);
        let like = ask(&kubelet, &[&["--version"]]).unwrap();
        assert_eq!(like.version.unwrap().text, "v1.15.5");
        like.commit.map(|commit| commit.label)
    };
    let known = Some(V1_15_5.to_owned());
    assert_eq!(commit(&[plain, ("--version=raw", &raw)]), known);
    assert_eq!(commit(&[plain]), None);
    assert_eq!(commit(&[plain, ("--version=raw", &other)]), None);
    // kubectl is the program itself here, so that it is its own version that counts.
    let client = format!("Client Version: {raw}");
    let kubectl = program(folder.path(), "kubectl", &[("version", &client)]);
    let like = ask(&kubectl, &[&["version"]]).unwrap();
    assert_eq!(like.commit.map(|commit| commit.label), known);
}

#[test]
fn what_cannot_be_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let whole = program(folder.path(), "tool", &[("--version", "hello")]);
    let attempts: &[&[&str]] = &[&["--version"]];
    assert_eq!(
        refusal(&whole, attempts),
        "the program did not print its version: `--version`: what it printed was not usable: the text is not the output of a supported command; it begins with \"hello\""
    );
    let mut bytes = fs::read(&whole).unwrap();
    let path = folder.path().join("changed");
    let put = |bytes: &[u8], mode| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refusal(&path, attempts)
    };
    assert!(
        put(&bytes[..bytes.len() - 1], 0o755)
            .starts_with("the program is incomplete or damaged: an incomplete ELF file: ")
    );
    assert!(put(&bytes[..4], 0o755).starts_with("the program is incomplete or damaged: "));
    assert!(put(&bytes, 0o644).starts_with(
        "the program cannot be run here to get its version: this host cannot start it"
    ));
    // e_machine: SPARC, which no host of this tool is.
    bytes[18..20].copy_from_slice(&43u16.to_ne_bytes());
    let foreign = put(&bytes, 0o755);
    assert!(
        foreign.starts_with("the program cannot be run here to get its version: built for "),
        "{foreign}"
    );
    let silent = program(folder.path(), "silent", &[("--version", "")]);
    assert!(refusal(&silent, attempts).ends_with("`--version`: it printed nothing"));
}

#[test]
fn a_file_of_text_is_read_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("version.txt");
    fs::write(&path, "Kubernetes v1.15.5\n").unwrap();
    assert_eq!(ask(&path, &[]).unwrap().version.unwrap().text, "v1.15.5");
    fs::write(&path, "").unwrap();
    assert!(refusal(&path, &[]).starts_with("the text is empty"));
    fs::write(&path, vec![b' '; 3 << 20]).unwrap();
    assert!(
        refusal(&path, &[]).starts_with("the input is too large for a version: more than 1.0 MiB")
    );
    assert!(refusal(Path::new("/dev/zero"), &[]).starts_with("the input is too large"));
    assert!(refusal(folder.path(), &[]).starts_with("could not read "));
    assert!(refusal(&folder.path().join("missing"), &[]).starts_with("could not read "));
}

#[test]
fn a_terminal_is_not_waited_for() {
    let error = read_input(Path::new("-"), true, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "standard input is a terminal, so there is nothing to read"
    );
}
