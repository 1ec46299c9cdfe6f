//! `recipes export`: to a folder, back through `check` and `--recipe-dir`, and never over somebody's work.

use std::fs;

use crate::support::command::Workplace;

#[test]
fn an_exported_recipe_is_checked_listed_and_the_same() {
    let workplace = Workplace::new();
    let export = workplace
        .run(&["recipes", "export", "runc", "new/mine"])
        .code(0);
    assert_eq!(export.stderr, "");
    let lines: Vec<_> = export.stdout.lines().collect();
    let [files @ .., verdict, next] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(*verdict, format!("runc: {} files in new/mine", files.len()));
    assert_eq!(*next, "next: kmembuild recipes check new/mine/runc.yaml");
    assert_eq!(files.first(), Some(&"new/mine/runc.yaml"));
    for file in files {
        assert!(workplace.path().join(file).is_file(), "{file}");
    }
    let begins = ["new/mine/patches/runc/", "new/mine/advisories/runc.yaml"];
    assert!(
        files[1..]
            .iter()
            .all(|file| begins.iter().any(|begin| file.starts_with(begin)))
    );
    workplace
        .run(&["recipes", "check", "new/mine/runc.yaml"])
        .code(0)
        .prints("new/mine/runc.yaml: recipe runc is valid")
        .prints("\nnext: kmembuild runc --help --recipe-dir new/mine\n");
    workplace
        .run(&["runc", "--help", "--recipe-dir", "new/mine"])
        .code(0);
    workplace
        .run(&["--recipe-dir", "new/mine", "recipes", "list"])
        .code(0)
        .prints("without kernel-memory accounting (new/mine)\n")
        .prints("(built in)\n");
    let digest = |arguments: &[&str]| {
        let show = workplace.run(arguments).code(0).stdout;
        show.lines().nth(1).map(str::to_owned)
    };
    assert_eq!(
        digest(&["recipes", "show", "runc"]),
        digest(&["recipes", "show", "runc", "--recipe-dir", "new/mine"])
    );
}

#[test]
fn every_shipped_recipe_can_be_exported_and_checked() {
    let workplace = Workplace::new();
    let list = workplace.run(&["recipes", "list"]).code(0).stdout;
    for line in list.lines() {
        let name = line.split_whitespace().next().expect("a name");
        workplace.run(&["recipes", "export", name, "all"]).code(0);
        let file = format!("all/{name}.yaml");
        workplace.run(&["recipes", "check", &file]).code(0);
    }
}

#[test]
fn exporting_again_over_the_same_changes_nothing() {
    let workplace = Workplace::new();
    let first = workplace
        .run(&["recipes", "export", "runc", "mine"])
        .code(0);
    let again = workplace
        .run(&["recipes", "export", "runc", "mine"])
        .code(0);
    assert_eq!(first.stdout, again.stdout);
}

#[test]
fn a_changed_file_is_not_overwritten_and_nothing_else_is_written() {
    let workplace = Workplace::new();
    let patches = workplace
        .run(&["recipes", "export", "runc", "mine"])
        .code(0);
    let mut lines = patches.stdout.lines();
    let patch = lines.find(|line| line.contains("/patches/"));
    let patch = patch.expect("a patch").to_owned();
    let patch = workplace.path().join(patch);
    // A changed patch: the recipe that was removed must not come back.
    fs::write(&patch, "mine").expect("a changed patch");
    fs::remove_file(workplace.path().join("mine/runc.yaml")).expect("a removed recipe");
    let refused = workplace
        .run(&["recipes", "export", "runc", "mine"])
        .code(15)
        .says("already exists with different contents; nothing was written");
    assert_eq!(refused.stdout, "");
    assert_eq!(fs::read_to_string(&patch).expect("the patch"), "mine");
    assert!(!workplace.path().join("mine/runc.yaml").exists());
}

#[test]
fn what_is_no_file_in_the_way_is_not_replaced_either() {
    let workplace = Workplace::new();
    workplace.write("mine/runc.yaml/file", "");
    workplace
        .run(&["recipes", "export", "runc", "mine"])
        .code(15)
        .says("mine/runc.yaml already exists with different contents; nothing was written");
    workplace.write("file", "");
    workplace
        .run(&["recipes", "export", "runc", "file"])
        .code(15)
        .says("could not write file/runc.yaml");
    let dangling = Workplace::new();
    fs::create_dir(dangling.path().join("mine")).expect("a folder");
    std::os::unix::fs::symlink("../elsewhere", dangling.path().join("mine/runc.yaml"))
        .expect("a link");
    dangling
        .run(&["recipes", "export", "runc", "mine"])
        .code(15);
    assert!(!dangling.path().join("elsewhere").exists());
}
