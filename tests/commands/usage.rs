//! What the command says before it does anything.

use super::help::SMALL;
use crate::support::command::Workplace;

#[test]
fn help_is_a_result_and_names_the_recipes_command() {
    let help = Workplace::new()
        .run(&["--help"])
        .code(0)
        .prints("kmembuild runc --tag v1.0.0-rc10");
    assert!(help.stderr.is_empty(), "{}", help.stderr);
    Workplace::new()
        .run(&["runc", "--help"])
        .code(0)
        .prints("  kmembuild runc --tag v1.0.0-rc10\n");
}

#[test]
fn a_name_that_is_no_recipe_and_no_command_is_refused_with_what_was_meant() {
    Workplace::new()
        .run(&["runk", "--tag", "v1"])
        .code(2)
        .says("did you mean `runc`?");
    Workplace::new()
        .run(&["runk", "--help"])
        .code(2)
        .says("there is no command or recipe `runk`; did you mean `runc`?");
    // Commands are meant as often as recipes.
    for (word, meant) in [
        ("verfy", "verify"),
        ("relase", "release"),
        ("doctr", "doctor"),
        ("kubelt", "kubelet"),
        ("node-scrpt", "node-script"),
    ] {
        let meant = format!("there is no command or recipe `{word}`; did you mean `{meant}`?");
        Workplace::new().run(&[word]).code(2).says(&meant);
        Workplace::new()
            .run(&[word, "--tag", "v1"])
            .code(2)
            .says(&meant);
    }
    // Words of other tools teach.
    for (word, taught) in [
        ("build", "`kmembuild runc --tag v1.0.0-rc10`"),
        ("list", "`kmembuild recipes list`"),
        ("status", "`kmembuild kmem status`"),
        ("version", "`kmembuild --version`"),
    ] {
        Workplace::new()
            .run(&[word])
            .code(2)
            .says(&format!("there is no command or recipe `{word}`\nhint: "))
            .says(taught);
    }
}

#[test]
fn help_knows_recipes_as_well_as_commands() {
    let workplace = Workplace::new();
    for (word, usage) in [
        ("runc", "  kmembuild runc --tag v1.0.0-rc10\n"),
        ("verify", "Usage: kmembuild verify "),
    ] {
        workplace.run(&["help", word]).code(0).prints(usage);
    }
    workplace.write("recipes/own.yaml", &SMALL.replace("small", "own"));
    for words in [
        ["help", "own", "--recipe-dir", "recipes"],
        ["--recipe-dir", "recipes", "help", "own"],
        ["own", "-h", "--recipe-dir", "recipes"],
    ] {
        workplace.run(&words).code(0).prints("Build a own program");
    }
    workplace
        .run(&["help", "cache", "lst"])
        .code(2)
        .says("unrecognized subcommand 'lst'");
    workplace
        .run(&["help", "runk"])
        .code(2)
        .says("did you mean `runc`?");
    // A recipe of one's own, whose place comes after its name.
    workplace
        .run(&["own", "--recipe-dir", "recipes", "--nothing"])
        .code(2)
        .says("unexpected argument '--nothing'");
}

#[test]
fn a_dry_run_is_understood_where_something_would_be_built() {
    let workplace = Workplace::new();
    let plan = workplace.run(&["plan", "runc-debian", "--image", "debian"]);
    let dry = workplace.run(&["runc-debian", "--image", "debian", "--dry-run"]);
    assert_eq!(dry.code, plan.code);
    assert_eq!(dry.stdout, plan.stdout);
    workplace.write("release.yaml", "format: 1\ntargets: [{recipe: runk}]\n");
    workplace
        .run(&["release", "--dry-run"])
        .code(10)
        .says("there is no recipe `runk`");
}

#[test]
fn filling_memory_cgroups_has_its_own_name_and_the_old_one_still_works() {
    for word in ["exhaust", "reproduce"] {
        Workplace::new()
            .run(&["kmem", word, "--help"])
            .code(0)
            .prints("Usage: kmembuild kmem exhaust");
    }
    let help = Workplace::new().run(&["kmem", "--help"]).code(0);
    assert!(!help.stdout.contains("reproduce"), "{}", help.stdout);
}

#[test]
fn a_build_without_a_version_names_those_that_need_it() {
    Workplace::new()
        .run(&["runc"])
        .code(2)
        .says("no version given for runc; these versions need this build:")
        .says("(1.0.0-rc6 to rc93)")
        .says("known versions: v0.1.1 to v1.1.15")
        .says("`kmembuild runc --like FILE`");
    Workplace::new()
        .run(&["kubelet"])
        .code(2)
        .says("(1.14 to 1.21.1)")
        .says("`kmembuild kubelet --like FILE`");
}

#[test]
fn an_option_that_is_not_known_is_refused() {
    Workplace::new()
        .run(&["runc", "--tagg", "v1"])
        .code(2)
        .says("a similar argument exists: '--tag'");
    // Not one that this recipe refuses.
    for (recipe, word, meant) in [
        ("runc", "--tga", "'--tag'"),
        ("kubelet", "--targt", "'--target'"),
        ("runc-debian", "--ouput=x", "'--output'"),
    ] {
        Workplace::new()
            .run(&[recipe, word])
            .code(2)
            .says(&format!(
                "unexpected argument '{}' found",
                word.trim_end_matches("=x")
            ))
            .says(&format!("a similar argument exists: {meant}"));
    }
    let refused = Workplace::new().run(&["runc-debian", "--statik"]).code(2);
    assert!(!refused.stderr.contains("'--static'"), "{}", refused.stderr);
    Workplace::new()
        .run(&["runc", "--memory", "much", "--tag", "v1"])
        .code(2)
        .says("512MiB or 4GiB");
}

#[test]
fn an_engine_that_is_not_there_is_exit_12_with_what_to_do() {
    Workplace::new()
        .run(&["runc-debian", "--host", "unix:///nowhere/docker.sock"])
        .code(12)
        .says("no container engine answers at unix:///nowhere/docker.sock")
        .says("hint: ");
}
