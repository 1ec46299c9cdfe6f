//! What the command says before it does anything.

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
        .prints("Usage: kmembuild runc");
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
        .says("there is no recipe `runk`");
}

#[test]
fn a_build_without_a_version_lists_those_that_are_known() {
    Workplace::new()
        .run(&["runc"])
        .code(2)
        .says("no version given for runc")
        .says("v1.0.0-rc10");
}

#[test]
fn an_option_that_is_not_known_is_refused() {
    Workplace::new()
        .run(&["runc", "--tagg", "v1"])
        .code(2)
        .says("--tag");
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
