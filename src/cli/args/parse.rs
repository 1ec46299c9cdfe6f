//! How the command line is parsed, and what its help shows.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, CommandFactory as _, FromArgMatches as _};

use super::command_line::{Cli, GlobalArguments, RecipeArguments, RecipeCommandLine};
use super::global_options::{check_global_options, with_global_options};
use super::headings::GLOBAL;
use super::recipe_options::offer;
use crate::environment::VARIABLES;
use crate::failure::EXIT_CODES;
use crate::harmless::harmless;
use crate::recipe::{Recipe, Source, Version, nearest};

/// Last line of every help.
const FOOTER: &str = "Exit codes and environment variables: kmembuild help";

/// Parses the command line.
///
/// # Errors
/// Clap's error, which may also be the text of `--help` or `--version`.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = match command().try_get_matches_from(arguments) {
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {
            // Of commands clap knows the help itself; a recipe is a command as well.
            match help_of_recipe(arguments) {
                Some(asked) => command().try_get_matches_from(asked)?,
                None => return Err(error),
            }
        }
        matches => matches?,
    };
    let (path, leaf) = leaf(&matches);
    // The words of a recipe are parsed when the recipe is known.
    if path
        .first()
        .is_none_or(|name| commands().iter().any(|known| known == name))
    {
        let is_given = |id: &str| leaf.value_source(id) == Some(ValueSource::CommandLine);
        check_global_options(&path, is_given)
            .map_err(|text| clap::Error::raw(ErrorKind::UnknownArgument, text))?;
    }
    Cli::from_arg_matches(&matches)
}

/// `help RECIPE` as `RECIPE --help`; `None` if no help is asked for.
fn help_of_recipe(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let mut words = arguments.to_vec();
    let help = words.iter().position(|word| word == "help")?;
    words.remove(help);
    words.push("--help".into());
    Some(words)
}

/// The command that was chosen: its path, and its arguments.
fn leaf(matches: &ArgMatches) -> (Vec<&str>, &ArgMatches) {
    let (mut path, mut leaf) = (Vec::new(), matches);
    while let Some((name, below)) = leaf.subcommand() {
        path.push(name);
        leaf = below;
    }
    (path, leaf)
}

/// The names of all commands but those of recipes.
pub fn commands() -> Vec<String> {
    let command = Cli::command();
    let shown = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    let names = shown.map(Command::get_name);
    names.chain(["help"]).map(str::to_owned).collect()
}

/// The directory of recipes that the words after the name of a recipe name. It has to be known before they can be parsed.
pub fn recipe_dir_in(words: &[OsString]) -> Option<PathBuf> {
    let mut found = None;
    for (index, word) in words.iter().enumerate() {
        if word == "--" {
            break;
        }
        let attached = word
            .to_str()
            .and_then(|word| word.strip_prefix("--recipe-dir="));
        if let Some(path) = attached {
            found = Some(PathBuf::from(path));
        } else if word == "--recipe-dir" {
            found = words.get(index + 1).map(PathBuf::from);
        }
    }
    found
}

/// Parses the arguments after the name of a recipe; options before the name count as well.
///
/// # Errors
/// Clap's error.
pub fn parse_build(
    name: &str,
    arguments: &[OsString],
    before: &GlobalArguments,
    recipe: Option<&Recipe>,
) -> Result<RecipeCommandLine, clap::Error> {
    let command = RecipeCommandLine::command()
        .name(format!("kmembuild {name}"))
        .bin_name(format!("kmembuild {name}"));
    let command = on_screen(described(command, name, recipe));
    let matches = command.clone().try_get_matches_from(arguments);
    let matches = matches.map_err(|error| suggesting(error, &command))?;
    let mut read = RecipeCommandLine::from_arg_matches(&matches)?;
    let after = read.global;
    read.global = GlobalArguments {
        recipe_dir: after.recipe_dir.or_else(|| before.recipe_dir.clone()),
        host: after.host.or_else(|| before.host.clone()),
        verbose: after.verbose || before.verbose,
        quiet: after.quiet || before.quiet,
        help: None,
    };
    Ok(read)
}

/// An unknown option with the one that was probably meant, which is one that the command offers.
fn suggesting(mut error: clap::Error, command: &Command) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    error.remove(ContextKind::SuggestedArg);
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let offered = command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    let offered: Vec<_> = offered.filter_map(clap::Arg::get_long).collect();
    if let Some(meant) = nearest(word.trim_start_matches('-'), offered) {
        let meant = ContextValue::String(format!("--{meant}"));
        error.insert(ContextKind::SuggestedArg, meant);
    }
    error
}

/// The command line without recipes, as it is parsed.
fn command() -> Command {
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
fn described(command: Command, name: &str, recipe: Option<&Recipe>) -> Command {
    let about = match recipe {
        Some(recipe) => {
            let summary = harmless(&recipe.summary);
            format!(
                "Build {}",
                summary.chars().take(SUMMARY).collect::<String>()
            )
        }
        None => format!("Build with the recipe {name}"),
    };
    let command = formats(command)
        .about(about)
        .before_help(examples(name, recipe))
        .after_help(format!(
            "{FOOTER}\nThe recipe itself: kmembuild recipes show {name}"
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
            vec![
                format!("--tag {tag}"),
                format!("--like /usr/bin/{name}"),
                format!("--tag {tag} --dry-run"),
            ]
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

/// With one line for each option: so many options would fill several screens otherwise. The manual has the rest.
fn on_screen(command: Command) -> Command {
    command.mut_args(|argument| argument.long_help(Resettable::Reset))
}
