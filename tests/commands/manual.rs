//! The manual pages.

use std::fs;

use kmembuild::cli::FILES;
use kmembuild::environment::VARIABLES;
use kmembuild::failure::EXIT_CODES;

use crate::support::command::Workplace;
use crate::support::preflight::installed;

/// A page of the manual as a reader has it, without warnings of the formatter.
fn read(workplace: &Workplace, page: &str) -> String {
    let output = installed("groff")
        .args([
            "-man", "-Tascii", "-P-cbou", "-ww", "-rLL=78n", "-rHY=0", page,
        ])
        .current_dir(workplace.path())
        .output()
        .expect("groff is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{page}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text of a section, its lines filled with single spaces.
fn section(page: &str, name: &str) -> String {
    let mut lines = page.lines().skip_while(|line| *line != name);
    lines
        .next()
        .unwrap_or_else(|| panic!("{name} is not in\n{page}"));
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let words = lines.flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_of_the_manual_says_what_no_option_says() {
    let workplace = Workplace::new();
    let written = workplace.run(&["man", "manual"]).code(0).stdout;
    let files = fs::read_dir(workplace.path().join("manual")).expect("a folder");
    let pages = files.map(|file| file.expect("a file").file_name());
    let pages: Vec<_> = pages
        .map(|name| format!("manual/{}", name.display()))
        .collect();
    let closing = format!(
        "{} manual pages written to manual\nnext: man manual/kmembuild.1\n",
        pages.len()
    );
    assert_eq!(written, closing);
    for page in [
        "kmembuild.1",
        "kmembuild-runc.1",
        "kmembuild-recipes-show.1",
    ] {
        let path = format!("manual/{page}");
        assert!(pages.contains(&path), "{page} is not in {pages:?}");
    }
    for page in &pages {
        let text = read(&workplace, page);
        let heads = text
            .lines()
            .filter(|line| line.starts_with(char::is_uppercase));
        let heads: Vec<_> = heads.filter(|line| !line.contains('(')).collect();
        let is_last = heads.ends_with(&["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"]);
        assert!(
            heads.starts_with(&["NAME", "SYNOPSIS", "DESCRIPTION"]),
            "{page}: {heads:?}"
        );
        assert!(is_last, "{page}: {heads:?}");
        assert!(!heads.contains(&"EXTRA"), "{page}: {heads:?}");
        let (status, files) = (section(&text, "EXIT STATUS"), section(&text, "FILES"));
        for (code, meaning) in EXIT_CODES {
            let line = format!("{code} {}", meaning.replace('`', ""));
            assert!(
                status.contains(&line),
                "{page}: {line:?} is not in {status}"
            );
        }
        let environment = section(&text, "ENVIRONMENT");
        for (name, meaning) in VARIABLES {
            let line = format!("{name} {}", meaning.replace('`', ""));
            assert!(
                environment.contains(&line),
                "{page}: {line:?} is not in {environment}"
            );
        }
        for (path, _) in FILES {
            assert!(files.contains(path), "{page}: {path} is not in {files}");
        }
        assert!(section(&text, "EXAMPLES").contains("kmembuild "), "{page}");
    }
}

#[test]
fn a_synopsis_shows_the_values_that_options_take() {
    let workplace = Workplace::new();
    workplace.run(&["man", "manual"]).code(0);
    let synopsis = |page: &str| {
        let text = read(&workplace, &format!("manual/{page}.1"));
        section(&text, "SYNOPSIS")
    };
    let runc = synopsis("kmembuild-runc");
    for part in [
        "kmembuild runc [--tag TAG|COMMIT] [--like FILE|-] ",
        " [--source URL|PATH]... ",
        " [-j|--jobs N] ",
        " [-v|--verbose] ",
        " [--format text|json] ",
    ] {
        assert!(runc.contains(part), "{part:?} is not in {runc}");
    }
    assert!(!runc.contains("--low-memory"), "{runc}");
    assert!(synopsis("kmembuild-verify").ends_with(" FILE|DIR..."));
    assert!(synopsis("kmembuild-man").ends_with(" DIR"));
    assert!(synopsis("kmembuild-cache").ends_with(" COMMAND ..."));
    let described = section(&read(&workplace, "manual/kmembuild-runc.1"), "DESCRIPTION");
    assert!(
        described.starts_with("Build runc from upstream"),
        "{described}"
    );
}

#[test]
fn a_manual_that_cannot_be_written_is_a_failure() {
    let workplace = Workplace::new();
    workplace.write("manual", "in the way");
    workplace
        .run(&["man", "manual"])
        .code(15)
        .says("could not write the manual to manual: ");
}
