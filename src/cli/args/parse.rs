//! How the command line is parsed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::command_line::{Cli, GlobalArguments, RecipeCommandLine};
use super::global_options::check_global_options;
use super::help::{command_on_screen, described, recipe_on_screen};
use crate::recipe::{Recipe, nearest};
use crate::release::Options;

/// Parses the command line.
///
/// # Errors
/// Clap's error, which may also be the text of `--help` or `--version`.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = match command_on_screen().try_get_matches_from(arguments) {
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {
            // Of commands clap knows the help itself; a recipe is a command as well.
            match help_of_recipe(arguments) {
                Some(asked) => command_on_screen().try_get_matches_from(asked)?,
                None => return Err(error),
            }
        }
        Err(error) if is_about_dry_run(&error) => return Err(no_dry_run(arguments)),
        Err(error) => return Err(advising(error, arguments)),
        Ok(matches) => matches,
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

fn is_about_dry_run(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::UnknownArgument
        && matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(word)) if word == "--dry-run")
}

/// An unknown option without clap's advice to pass it as a value, which no command of this tool takes as one; where a
/// release file can have it, that is said.
fn advising(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    error.remove(ContextKind::Suggested);
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let name = word.trim_start_matches('-');
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    let of_a_release = ["release", "lock", "bundle"];
    let is_of_a_release = arguments
        .get(1)
        .is_some_and(|word| of_a_release.iter().any(|command| word == command));
    if is_of_a_release && Options::has(name) {
        let text = format!(
            "this is an option of builds; the release file sets it, for all targets or for one: \
             `options: {{{name}: ...}}`"
        );
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![text.into()]),
        );
    }
    error
}

/// Why a command has no `--dry-run`: all that change something have it.
fn no_dry_run(arguments: &[OsString]) -> clap::Error {
    let mut command = &command_on_screen();
    let mut path = vec!["kmembuild"];
    for word in arguments.iter().skip(1) {
        if let Some(below) = command.find_subcommand(word) {
            path.push(below.get_name());
            command = below;
        }
    }
    let text = format!(
        "`{}` has no --dry-run: it changes nothing, and writes no file but those that you name",
        path.join(" ")
    );
    clap::Error::raw(ErrorKind::UnknownArgument, text)
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
    let command = recipe_on_screen(described(command, name, recipe));
    let matches = command.clone().try_get_matches_from(arguments);
    let matches = matches.map_err(|error| suggesting(error, &command))?;
    let mut read = RecipeCommandLine::from_arg_matches(&matches)?;
    let after = read.global;
    read.global = GlobalArguments {
        recipe_dir: after.recipe_dir.or_else(|| before.recipe_dir.clone()),
        host: after.host.or_else(|| before.host.clone()),
        engine: after.engine.or(before.engine),
        runtime: after.runtime.or_else(|| before.runtime.clone()),
        registry: after.registry.or_else(|| before.registry.clone()),
        verbose: after.verbose || before.verbose,
        quiet: after.quiet || before.quiet,
        color: after.color.or(before.color),
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
    error.remove(ContextKind::Suggested);
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Cli, Command, RecipeCommandLine};
    use crate::cli::args::help::{command_on_screen, command_with_recipes};

    #[test]
    fn the_command_line_is_consistent() {
        command_on_screen().debug_assert();
        command_with_recipes(&[]).debug_assert();
        RecipeCommandLine::command().debug_assert();
    }

    /// The paths of all commands below one that have no `--dry-run`.
    fn without_dry_run(command: &Command, path: &str, found: &mut Vec<String>) {
        let below = command.get_subcommands();
        let below: Vec<_> = below.filter(|below| below.get_name() != "help").collect();
        let names = command.get_arguments().flat_map(|option| {
            let aliases = option.get_visible_aliases().unwrap_or_default();
            aliases.into_iter().chain(option.get_long())
        });
        if below.is_empty() && !names.into_iter().any(|name| name == "dry-run") {
            found.push(path.trim_start().to_owned());
        }
        for below in below {
            without_dry_run(below, &format!("{path} {}", below.get_name()), found);
        }
    }

    #[test]
    fn every_command_that_changes_something_has_a_dry_run() {
        let mut found = Vec::new();
        without_dry_run(&Cli::command(), "", &mut found);
        found.sort_unstable();
        // They write nothing but what the user names; `complete` and `work` are for the shell and for pods.
        let reading = [
            "cache list",
            "cache show",
            "complete",
            "completions",
            "doctor",
            "fleet",
            "kmem report",
            "kmem status",
            "kmem watch",
            "man",
            "node",
            "plan",
            "public-key",
            "recipes check",
            "recipes export",
            "recipes list",
            "recipes show",
            "verify",
            "work",
        ];
        assert_eq!(found, reading);
    }
}
