//! What help shows of the command line and of recipes.

use clap::builder::Resettable;
use clap::{Args as _, Command, CommandFactory as _};

use super::command_line::{Cli, RecipeArguments};
use super::global_options::with_global_options;
use super::headings::GLOBAL;
use super::recipe_options::offer;
use crate::environment::VARIABLES;
use crate::failure::EXIT_CODES;
use crate::harmless::harmless;
use crate::recipe::{Recipe, Source, Version};

/// Last line of every help.
const FOOTER: &str = "Exit codes and environment variables: kmembuild help";

/// The command line without recipes, as it is parsed.
pub(super) fn command_on_screen() -> Command {
    briefly_global(declared().mut_subcommand("plan", on_screen))
}

/// With one line for each global option: they would be most of what many commands say otherwise.
fn briefly_global(command: Command) -> Command {
    command
        .mut_args(|argument| match argument.get_help_heading() {
            Some(GLOBAL) => argument.long_help(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(briefly_global)
}

/// The command line without recipes, with everything that help and manual say of it.
fn declared() -> Command {
    let command = with_footers(formats(with_global_options(Cli::command(), &[])));
    command
        .after_help(format!("{RECIPES}\n{FOOTER}"))
        .after_long_help(format!("{RECIPES}\n\n{}\n{}", exit_codes(), variables()))
}

/// What the list of commands lacks.
const RECIPES: &str = "Every recipe is a command as well: `kmembuild recipes list` lists them, and\n\
                       `kmembuild RECIPE --help` shows the options of a build.";

fn exit_codes() -> String {
    let lines = EXIT_CODES.iter();
    let lines = lines.map(|(code, meaning)| format!("  {code:<4} {}\n", unmarked(meaning)));
    format!("Exit codes:\n{}", lines.collect::<String>())
}

fn variables() -> String {
    let lines = VARIABLES.iter();
    let lines = lines.map(|(name, meaning)| format!("  {name}\n          {}\n", unmarked(meaning)));
    format!("Environment variables:\n{}", lines.collect::<String>())
}

/// A text of the documentation without the marks of code.
pub fn unmarked(text: &str) -> String {
    text.replace('`', "")
}

/// A recipe that can be used as a command.
#[derive(Debug, Clone, Copy)]
pub struct NamedRecipe<'a> {
    /// Its name.
    pub name: &'a str,
    /// The recipe; `None` if it is not known or cannot be used. All options are offered then.
    pub recipe: Option<&'a Recipe>,
}

/// The whole command line with the recipes as commands, for completions and manual pages. A recipe with the name of a
/// command is not among them: the command takes precedence.
pub fn command_with_recipes(recipes: &[NamedRecipe<'_>]) -> Command {
    let known: Vec<String> = recipes
        .iter()
        .map(|recipe| recipe.name.to_owned())
        .collect();
    let names = move |argument: clap::Arg| {
        argument.value_parser(clap::builder::PossibleValuesParser::new(known.clone()))
    };
    let shown = names.clone();
    let exported = names.clone();
    let mut command = declared()
        .mut_subcommand("plan", |plan| plan.mut_arg("recipe", names))
        .mut_subcommand("recipes", |recipes| {
            recipes
                .mut_subcommand("show", |show| show.mut_arg("name", shown))
                .mut_subcommand("export", |export| {
                    // clap moves a changed argument behind the others, so the directory is moved behind it again.
                    let export = export.mut_arg("name", exported);
                    export.mut_arg("dir", |dir| dir)
                })
        });
    for NamedRecipe { name, recipe } in recipes {
        if command.find_subcommand(name).is_none() {
            // The options of many commands come from the top level.
            let below = RecipeArguments::augment_args(Command::new((*name).to_owned()));
            command = command.subcommand(described(below, name, *recipe));
        }
    }
    command
}

/// The command of a recipe with its description and the options that it has.
pub(super) fn described(command: Command, name: &str, recipe: Option<&Recipe>) -> Command {
    let about = match recipe {
        Some(recipe) => {
            let summary = harmless(&recipe.summary);
            let line = summary.lines().next().unwrap_or_default();
            format!("Build {}", line.chars().take(SUMMARY).collect::<String>())
        }
        None => format!("Build with the recipe {name}"),
    };
    let command = formats(command)
        .about(about)
        .before_help(examples(name, recipe))
        // Without the usage, which says less than the examples: it fits on a screen then.
        .help_template("{before-help}{about-with-newline}\n{all-args}{after-help}")
        .after_help(format!(
            "More: kmembuild help, kmembuild recipes show {name}"
        ));
    match recipe {
        Some(recipe) => offer(command, recipe),
        None => command,
    }
}

/// Versions that many nodes with the leak have: good examples, where a recipe knows them.
const COMMON_VERSIONS: [&str; 2] = ["v1.0.0-rc10", "v1.15.5"];

/// What help shows of a recipe's summary, in characters.
const SUMMARY: usize = 150;

/// What can be done with a recipe.
fn examples(name: &str, recipe: Option<&Recipe>) -> String {
    let lines = match recipe.map(|recipe| &recipe.source) {
        Some(Source::Directory(_)) => vec![String::new(), "--dry-run".to_owned()],
        Some(Source::Git(git)) => {
            let mut tags = git.tags.keys().rev().map(Version::as_str);
            let common = tags.clone().find(|tag| COMMON_VERSIONS.contains(tag));
            let tag = common.or_else(|| tags.next()).unwrap_or("TAG");
            vec![format!("--tag {tag}"), format!("--like /usr/bin/{name}")]
        }
        None => vec!["--tag TAG".to_owned()],
    };
    let lines = lines
        .iter()
        .map(|line| format!("\n  kmembuild {name} {line}"));
    let lines: String = lines.map(|line| line.trim_end().to_owned()).collect();
    format!("Examples:{lines}")
}

/// The formats of a command stand where its value does.
fn formats(command: Command) -> Command {
    command
        .mut_args(|argument| {
            if argument.get_id() != "format" {
                return argument;
            }
            let values = argument.get_possible_values();
            let names: Vec<_> = values
                .iter()
                .map(clap::builder::PossibleValue::get_name)
                .collect();
            argument
                .value_name(names.join("|"))
                .hide_possible_values(true)
        })
        .mut_subcommands(formats)
}

fn with_footers(command: Command) -> Command {
    command.after_help(FOOTER).mut_subcommands(with_footers)
}

/// What a recipe offers, on one screen: whoever reads its help knows how, and colours are in that of the whole.
pub(super) fn recipe_on_screen(command: Command) -> Command {
    on_screen(command.mut_args(|argument| {
        let is_known = matches!(argument.get_id().as_str(), "help" | "color");
        let is_hidden = argument.is_hide_set() || is_known;
        argument.hide(is_hidden)
    }))
}

/// With one line for each option: so many options would fill several screens otherwise. The manual has the rest.
pub(super) fn on_screen(command: Command) -> Command {
    command.mut_args(|argument| argument.long_help(Resettable::Reset))
}
