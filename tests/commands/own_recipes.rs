//! Recipes of the user's own: which one is used, and how several are listed.

use std::fs;

use crate::recipes::small::SMALL;
use crate::support::command::Workplace;

/// A small recipe that is called as the shipped one is.
fn own_runc(summary: &str) -> String {
    let own = SMALL.replace("name: tool\n", "name: runc\n");
    own.replace("a small recipe", summary)
}

/// A working directory with that recipe in `folder`.
fn with_own_runc(folder: &str) -> Workplace {
    let workplace = Workplace::new();
    workplace.write(&format!("{folder}/runc.yaml"), &own_runc("mine alone"));
    workplace.write(&format!("{folder}/patches/tool/off.patch"), "");
    workplace
}

#[test]
fn the_shipped_recipes_are_listed_with_their_origin() {
    let list = Workplace::new().run(&["recipes", "list"]).code(0);
    assert_eq!(list.stderr, "");
    let lines: Vec<_> = list.stdout.lines().collect();
    assert!(
        lines[0].starts_with("kubelet      kubelet from the Kubernetes repository"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("runc         runc from upstream"),
        "{lines:?}"
    );
    assert!(lines[2].starts_with("runc-debian  "), "{lines:?}");
    assert!(
        lines.iter().all(|line| line.ends_with(" (built in)")),
        "{lines:?}"
    );
}

#[test]
fn a_recipe_of_a_folder_replaces_the_shipped_one_as_a_whole() {
    let workplace = with_own_runc("mine");
    let show = workplace
        .run(&["--recipe-dir", "mine", "recipes", "show", "runc"])
        .code(0)
        .prints("# from: mine\n")
        .prints("# replaces the built-in recipe of this name\n")
        .prints(&own_runc("mine alone"));
    assert!(!show.stdout.contains("github.com"), "{}", show.stdout);
    workplace
        .run(&["recipes", "show", "runc"])
        .code(0)
        .prints("# from: built in\n")
        .prints("github.com");
}

#[test]
fn a_recipe_of_the_configuration_folder_does_so_too_and_comes_second() {
    let workplace = with_own_runc("config/recipes");
    let from = workplace.path().join("config/recipes");
    workplace
        .run(&["recipes", "show", "runc"])
        .code(0)
        .prints(&format!("# from: {}\n", from.display()))
        .prints("# replaces the built-in recipe of this name\n");
    workplace.write("mine/runc.yaml", &own_runc("the nearest"));
    workplace.write("mine/patches/tool/off.patch", "");
    workplace
        .run(&["recipes", "show", "runc", "--recipe-dir", "mine"])
        .code(0)
        .prints("# from: mine\n")
        .prints("the nearest");
}

#[test]
fn a_recipe_of_a_new_name_is_a_command() {
    let workplace = Workplace::new();
    workplace.write("mine/tool.yaml", SMALL);
    workplace.write("mine/patches/tool/off.patch", "");
    workplace
        .run(&["--recipe-dir", "mine", "tool"])
        .code(2)
        .says("no version given for tool; these versions need this build:\n  has the build tag\nknown versions: v1.0.0");
    let show = workplace.run(&["--recipe-dir", "mine", "recipes", "show", "tool"]);
    assert!(!show.code(0).stdout.contains("replaces"));
}

#[test]
fn one_bad_recipe_does_not_hide_the_others() {
    let workplace = with_own_runc("mine");
    workplace.write("mine/bad.yaml", &SMALL.replace("workdir", "workdr"));
    workplace.write("mine/moved.yaml", SMALL);
    workplace.write("mine/short.yml", SMALL);
    workplace.write("mine/folder.yaml/file", "");
    workplace.write("mine/notes.txt", "no recipe");
    let list = workplace
        .run(&["--recipe-dir", "mine", "recipes", "list"])
        .code(0);
    assert_eq!(list.stderr, "");
    crate::support::golden::assert_golden("commands", "list-with-bad-ones", &list.stdout);
    let json = workplace.run(&[
        "--recipe-dir",
        "mine",
        "recipes",
        "list",
        "--format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json.code(0).stdout).expect("JSON");
    let text = serde_json::to_string_pretty(&json).expect("JSON");
    crate::support::golden::assert_golden("commands", "list-with-bad-ones-json", &text);
}

#[test]
fn a_bad_recipe_is_not_replaced_by_the_shipped_one() {
    let workplace = Workplace::new();
    workplace.write("mine/runc.yaml", "format: 1\n");
    workplace
        .run(&["--recipe-dir", "mine", "runc", "--tag", "v1.0.0-rc10"])
        .code(10)
        .says("mine/runc.yaml:1:1: the field");
    let ending = Workplace::new();
    ending.write("mine/runc.yml", SMALL);
    ending
        .run(&["--recipe-dir", "mine", "runc", "--tag", "v1.0.0-rc10"])
        .code(10)
        .says("mine/runc.yml is not used as a recipe, because its name does not end in .yaml");
}

#[test]
fn a_file_and_the_name_in_it_must_agree() {
    let workplace = Workplace::new();
    workplace.write("other.yaml", SMALL);
    workplace.write("patches/tool/off.patch", "");
    workplace
        .run(&["recipes", "check", "other.yaml"])
        .code(10)
        .says("error: other.yaml contains recipe `tool`; rename the file to tool.yaml");
}

#[test]
fn folders_that_cannot_be_read_are_named() {
    let workplace = Workplace::new();
    workplace
        .run(&["--recipe-dir", "nowhere", "recipes", "list"])
        .code(2)
        .says("error: the recipe directory nowhere does not exist");
    workplace.write("file", "");
    workplace
        .run(&["--recipe-dir", "file", "recipes", "list"])
        .code(2)
        .says("error: the recipe directory file is not a directory");
    workplace.write("config/recipes", "a file in the place of a folder");
    workplace
        .run(&["recipes", "list"])
        .code(10)
        .says("error: could not read ")
        .says("config/recipes\ncaused by: Not a directory");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let workplace = Workplace::new();
    workplace
        .run(&["recipes", "check", "nowhere.yaml"])
        .code(10)
        .says("error: could not read nowhere.yaml\ncaused by: No such file");
    workplace
        .run(&["recipes", "check", "."])
        .code(10)
        .says("error: could not read .\ncaused by: Is a directory");
    workplace
        .run(&["recipes", "check", "/dev/zero"])
        .code(10)
        .says("error: could not read /dev/zero\ncaused by: it is not a regular file");
    let large = workplace.write("large.yaml", "");
    let large = fs::File::options().write(true).open(large);
    large
        .and_then(|file| file.set_len(17 << 20))
        .expect("a file with a hole");
    workplace
        .run(&["recipes", "check", "large.yaml"])
        .code(10)
        .says("error: large.yaml is too large for a recipe or a patch: more than 16.0 MiB");
}

#[test]
fn only_the_patches_that_are_named_are_read() {
    let workplace = with_own_runc("mine");
    let swap = workplace.write("mine/patches/.off.patch.swp", "");
    std::fs::write(swap, b"\xff\xfe\0binary").expect("a written file");
    let loop_back = workplace.path().join("mine/patches/again");
    std::os::unix::fs::symlink(".", loop_back).expect("a link");
    let check = ["recipes", "check", "mine/runc.yaml"];
    workplace.run(&check).code(0).prints("(1 patch)");
    std::fs::write(
        workplace.path().join("mine/patches/tool/off.patch"),
        b"\xff",
    )
    .expect("a written file");
    workplace
        .run(&check)
        .code(10)
        .says("could not read mine/patches/tool/off.patch");
}

#[test]
fn names_that_are_nearly_right_are_suggested() {
    for (name, meant) in [
        ("runk", "`runc`?"),
        ("RUNC", "`runc`?"),
        ("runcdebian", "`runc-debian`?"),
    ] {
        Workplace::new()
            .run(&["recipes", "show", name])
            .code(2)
            .says(meant);
    }
    let far = Workplace::new()
        .run(&["recipes", "show", "../runc"])
        .code(2);
    assert!(!far.stderr.contains("did you mean `/"), "{}", far.stderr);
}
