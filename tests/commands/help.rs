//! Help offers what there is, and nothing else.

use std::collections::BTreeSet;

use kmembuild::cli::{NamedRecipe, command_with_recipes, global_options, long_name};
use kmembuild::library::Library;
use kmembuild::plan::{RequestedOption, refusal};
use kmembuild::recipe::Recipe;

use crate::support::command::{Finished, Workplace};
use crate::support::golden::assert_golden;

/// The headings of a recipe's help, in their order.
const HEADINGS: [&str; 5] = [
    "What to build:",
    "Where from:",
    "Limits:",
    "Output:",
    "Global:",
];

/// A recipe of one's own that has next to nothing.
pub(super) const SMALL: &str = include_str!("../fixtures/small-recipe.yaml");

fn recipe(name: &str) -> Recipe {
    Library::new(Vec::new())
        .load(name)
        .expect("a recipe")
        .recipe
}

fn small() -> (Workplace, Recipe) {
    let workplace = Workplace::new();
    let path = workplace.write("config/recipes/small.yaml", SMALL);
    let loaded = Library::new(Vec::new()).load_file(&path).expect("a recipe");
    (workplace, loaded.recipe)
}

/// The command at 80 columns.
fn at_80_columns(workplace: &Workplace, arguments: &[&str]) -> Finished {
    let mut command = workplace.command(arguments);
    let output = command.env("COLUMNS", "80").output();
    output.expect("the command starts").into()
}

/// The options that a help offers, each with whether it takes a value.
fn offered(help: &str) -> Vec<(String, bool)> {
    let options = help.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?.trim_start();
        let line = match line.strip_prefix('-') {
            Some(short) if !short.starts_with('-') => short.get(1..)?.strip_prefix(", ")?,
            _ => line,
        };
        let name = line.strip_prefix("--")?.split(' ').next()?;
        let value = line.contains(&format!("--{name} <"));
        Some((name.to_owned(), value))
    });
    options.collect()
}

fn check_once(help: &str) {
    let offered = offered(help);
    let names: BTreeSet<_> = offered.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), offered.len(), "an option twice in\n{help}");
}

/// A value that the option takes, whatever comes of it later.
fn value(recipe: &Recipe, option: &str) -> &'static str {
    match option {
        "arch" => "amd64",
        "target" => "kubelet",
        "goflags" => "-race",
        "via" => "make",
        "glibc-floor" => "2.17",
        "image" if recipe.images.registry.is_some() => "registry",
        "image" => "debian",
        "mirror" => "mirror.invalid",
        "debian-mirror" => "http://mirror.invalid/debian",
        "stall-timeout" | "timeout" => "30s",
        "memory" => "4GiB",
        "cpus" | "jobs" => "1",
        "format" => "json",
        "color" => "never",
        "recipe-dir" => "own",
        "host" => "unix:///nowhere",
        "like" => "version",
        "image-identity" => {
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        }
        "engine" => "docker",
        "cache-from" | "cache-to" => "oci:cache",
        _ => "some",
    }
}

#[test]
fn the_help_of_a_recipe_is_short_and_in_order() {
    let (workplace, small) = small();
    for recipe in [
        recipe("runc"),
        recipe("runc-debian"),
        recipe("kubelet"),
        small,
    ] {
        let name = recipe.name.as_str();
        let help = at_80_columns(&workplace, &[name, "--help"]).code(0).stdout;
        for same in [&[name, "-h"][..], &["help", name]] {
            assert_eq!(at_80_columns(&workplace, same).code(0).stdout, help);
        }
        assert!(
            help.lines().count() <= 60,
            "{}\n{help}",
            help.lines().count()
        );
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{help}"
        );
        let start = format!("Examples:\n  kmembuild {name}");
        assert!(help.starts_with(&start), "{help}");
        let headings = help.lines().filter(|line| HEADINGS.contains(line));
        assert_eq!(headings.collect::<Vec<_>>(), HEADINGS, "{help}");
        assert!(!help.contains("Options:"), "{help}");
        check_once(&help);
        // Each option is in one line.
        let options = help.lines().filter(|line| line.starts_with("  ")).skip(4);
        for line in options.filter(|line| !line.contains("kmembuild ")) {
            assert!(line.contains("--"), "{line:?} in\n{help}");
        }
    }
}

#[test]
fn every_option_of_a_recipe_that_is_offered_is_taken() {
    let (workplace, small) = small();
    workplace.write("own/nothing", "");
    for recipe in [
        recipe("runc"),
        recipe("runc-debian"),
        recipe("kubelet"),
        small,
    ] {
        let name = recipe.name.as_str();
        let like = if name == "kubelet" {
            "Kubernetes v1.15.5\n"
        } else {
            "runc version 1.0.0-rc93\n"
        };
        workplace.write("version", like);
        let help = at_80_columns(&workplace, &[name, "--help"]).code(0).stdout;
        for (option, takes_value) in offered(&help) {
            let mut words = vec![name.to_owned(), format!("--{option}")];
            if takes_value {
                let value = value(&recipe, &option);
                *words.last_mut().expect("a word") = format!("--{option}={value}");
            }
            if option != "tag" && option != "like" && name != "runc-debian" {
                words.push("--tag=v1.15.5".to_owned());
            }
            if option != "host" && option != "runtime" {
                words.push("--host=unix:///nowhere".to_owned());
            }
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let finished = workplace.run(&words);
            let said = &finished.stderr;
            let refused = ["unexpected argument", "does not support", "invalid value"];
            // What a node has may be another program, and there is no key that a shared cache could be used with.
            let without_a_key = ["cache-from", "cache-to", "cache-key", "sign-key"];
            let is_refused_later = option == "like" || without_a_key.contains(&option.as_str());
            let taken = finished.code != Some(2) || is_refused_later;
            assert!(
                refused.iter().all(|text| !said.contains(text)) && taken,
                "{words:?}: {said}"
            );
        }
    }
}

#[test]
fn every_option_that_a_recipe_refuses_is_not_offered_and_says_why() {
    let (workplace, small) = small();
    let mut refused = 0;
    for recipe in [
        recipe("runc"),
        recipe("runc-debian"),
        recipe("kubelet"),
        small,
    ] {
        let name = recipe.name.as_str();
        let help = at_80_columns(&workplace, &[name, "--help"]).code(0).stdout;
        let offered = offered(&help);
        for option in RequestedOption::ALL {
            let long = long_name(option);
            let is_offered = offered.iter().any(|(name, _)| name == long);
            let Some(refusal) = refusal(&recipe, option) else {
                assert!(is_offered, "--{long} is not in\n{help}");
                continue;
            };
            refused += 1;
            assert!(!is_offered, "--{long} is in\n{help}");
            let is_switch = [
                "static",
                "low-memory",
                "all-outputs",
                "refresh",
                "unpinned",
                "force",
                "verify-run",
            ];
            let words = match long {
                "via" => vec![name, "--via", "run-sh"],
                switch if is_switch.contains(&switch) => vec![name, &switch],
                _ => vec![name, &long, value(&recipe, long)],
            };
            let mut words: Vec<_> = words.into_iter().map(str::to_owned).collect();
            if !words[1].starts_with("--") {
                words[1] = format!("--{}", words[1]);
            }
            for command in [&[][..], &["plan"]] {
                let words = words.iter().map(String::as_str);
                let words: Vec<_> = command.iter().copied().chain(words).collect();
                let finished = workplace.run(&words).code(2).says(&refusal.to_string());
                let hint = if long == "via" {
                    "use --via make"
                } else {
                    "leave out --"
                };
                assert!(finished.stderr.contains(hint), "{}", finished.stderr);
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

/// The paths of all commands that are shown, and what each offers.
fn commands(command: &clap::Command, path: &[&str], found: &mut Vec<Vec<String>>) {
    for below in command.get_subcommands() {
        if below.get_name() != "help" && !below.is_hide_set() {
            let path = [path, &[below.get_name()]].concat();
            found.push(path.iter().map(|&name| name.to_owned()).collect());
            commands(below, &path, found);
        }
    }
}

#[test]
fn every_command_offers_what_means_something_for_it() {
    let workplace = Workplace::new();
    let mut found = Vec::new();
    let none: [NamedRecipe<'_>; 0] = [];
    commands(&command_with_recipes(&none), &[], &mut found);
    assert!(found.len() >= 20, "{found:?}");
    for path in found {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let means = global_options(&path).unwrap_or_else(|| panic!("{path:?} is not known"));
        for word in ["-h", "--help"] {
            let words = [&path[..], &[word]].concat();
            let help = at_80_columns(&workplace, &words).code(0).stdout;
            assert!(help.starts_with("Example"), "{help}");
            assert!(help.contains("\nGlobal:\n"), "{help}");
            assert!(
                help.contains("Exit codes and environment variables: kmembuild help"),
                "{help}"
            );
            check_once(&help);
            let offered: Vec<_> = offered(&help).into_iter().map(|(name, _)| name).collect();
            let global = [
                "recipe-dir",
                "host",
                "engine",
                "runtime",
                "registry",
                "verbose",
                "quiet",
            ];
            let global = global
                .into_iter()
                .filter(|name| offered.iter().any(|known| known == name));
            assert_eq!(global.count(), means.len(), "{path:?} {means:?}\n{help}");
            let has_metrics = matches!(path[..], ["kmem", "status" | "report"] | ["node"]);
            assert_eq!(help.contains("prometheus"), has_metrics, "{help}");
        }
    }
}

#[test]
fn an_option_without_meaning_for_a_command_is_refused_with_the_reason() {
    let workplace = Workplace::new();
    for (words, said) in [
        (
            &["man", "x", "--host", "unix:///x"][..],
            "`kmembuild man` has no --host: it does not use the container engine",
        ),
        (
            &["-q", "man", "x"],
            "`kmembuild man` has no --quiet: it prints nothing but its result",
        ),
        (
            &["public-key", "x", "--recipe-dir", "."],
            "`kmembuild public-key` has no --recipe-dir: it reads no recipes",
        ),
        (
            &["--host", "x", "node-script", "x"],
            "`kmembuild node-script` has no --host",
        ),
        (
            &["completions", "bash", "-v"],
            "`kmembuild completions` has no --verbose",
        ),
        (&["clean", "-v"], "`kmembuild clean` has no --verbose"),
        (
            &["cache", "show", "x", "--host", "x"],
            "`kmembuild cache show` has no --host",
        ),
    ] {
        let finished = workplace.run(words).code(2).says(said);
        assert_eq!(finished.stdout, "");
    }
    assert!(!workplace.path().join("x").exists());
}

#[test]
fn the_help_of_every_command_is_as_it_was_looked_at() {
    let workplace = Workplace::new();
    let mut found = vec![Vec::new()];
    let none: [NamedRecipe<'_>; 0] = [];
    commands(&command_with_recipes(&none), &[], &mut found);
    let mut text = String::new();
    for path in found {
        let words: Vec<_> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let help = at_80_columns(&workplace, &words).code(0).stdout;
        text += &format!("$ kmembuild {}\n{help}\n", words.join(" "));
    }
    assert_golden("commands", "help", &text);
}
