//! Which of the options that many commands have mean something for which command.

use clap::{Args as _, Command};

use super::command_line::GlobalArguments;

/// An option of many commands, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobalOption {
    /// `--recipe-dir`.
    RecipeDir,
    /// `--host`.
    Host,
    /// `--engine`.
    Engine,
    /// `--runtime`.
    Runtime,
    /// `--registry`.
    Registry,
    /// `--verbose`.
    Verbose,
    /// `--quiet`.
    Quiet,
}

impl GlobalOption {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::RecipeDir,
        Self::Host,
        Self::Engine,
        Self::Runtime,
        Self::Registry,
        Self::Verbose,
        Self::Quiet,
    ];

    /// Its name, without its dashes.
    fn long_name(self) -> &'static str {
        match self {
            Self::RecipeDir => "recipe-dir",
            Self::Host => "host",
            Self::Engine => "engine",
            Self::Runtime => "runtime",
            Self::Registry => "registry",
            Self::Verbose => "verbose",
            Self::Quiet => "quiet",
        }
    }

    /// Its identifier among the arguments.
    fn id(self) -> &'static str {
        match self {
            Self::RecipeDir => "recipe_dir",
            option => option.long_name(),
        }
    }

    /// Why a command has none of it.
    fn reason(self) -> &'static str {
        match self {
            Self::RecipeDir => "it reads no recipes",
            Self::Host | Self::Engine | Self::Runtime | Self::Registry => {
                "it does not use the container engine"
            }
            Self::Verbose => "it has no steps whose output could be shown",
            Self::Quiet => "it prints nothing but its result",
        }
    }
}

/// The options that mean something for a command, by its path; `None` for a command that is not known here. A group of
/// commands has those of its commands.
pub fn global_options(path: &[&str]) -> Option<&'static [GlobalOption]> {
    use GlobalOption::{Engine, Host, Quiet, RecipeDir, Registry, Runtime, Verbose};
    Some(match path {
        // Recipes are commands as well.
        [] | ["plan" | "release" | "reproduce" | "lock" | "bundle" | "doctor"] => {
            &[RecipeDir, Host, Engine, Runtime, Registry, Verbose, Quiet]
        }
        ["verify"] => &[Host, Engine, Runtime, Verbose, Quiet],
        ["recipes" | "completions" | "complete" | "man"]
        | ["recipes", "list" | "show" | "export"] => &[RecipeDir],
        ["node" | "fleet" | "push" | "pull"] => &[Verbose, Quiet],
        ["clean"] => &[Host, Engine, Runtime, Registry, Quiet],
        ["cache"] | ["cache", "prune"] => &[Host, Engine, Runtime, Quiet],
        ["cache", "verify"] => &[Engine, Runtime, Quiet],
        ["cache", "list"] => &[Host, Engine, Runtime],
        ["kmem" | "repository"] | ["kmem", "watch"] => &[Quiet],
        ["recipes", "check"]
        | ["cache", "show"]
        | ["kmem", _]
        | ["node-script" | "public-key" | "rollout" | "work"] => &[],
        _ => return None,
    })
}

/// The command with the options that mean something for it and for the commands below it. The others are still taken, and
/// then refused with the reason.
pub(super) fn with_global_options(command: Command, path: &[&str]) -> Command {
    let offered = global_options(path).unwrap_or(&GlobalOption::ALL);
    let known = GlobalArguments::augment_args(Command::new(""));
    let mut command = command;
    if !path.is_empty() {
        for option in GlobalOption::ALL {
            let argument = known
                .get_arguments()
                .find(|argument| argument.get_id() == option.id());
            if let Some(argument) = argument {
                command = command.arg(argument.clone().hide(!offered.contains(&option)));
            }
        }
    }
    command.mut_subcommands(|below| {
        let name = below.get_name().to_owned();
        let path = [path, &[name.as_str()]].concat();
        with_global_options(below, &path)
    })
}

/// Refuses an option that means nothing for the command at `path`.
///
/// # Errors
/// What it is, and why the command has none of it.
pub(super) fn check_global_options(
    path: &[&str],
    is_given: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let offered = global_options(path).unwrap_or(&GlobalOption::ALL);
    let mut options = GlobalOption::ALL.into_iter();
    let wrong = options.find(|option| !offered.contains(option) && is_given(option.id()));
    match wrong {
        None => Ok(()),
        Some(option) => Err(format!(
            "`kmembuild {}` has no --{}: {}",
            path.join(" "),
            option.long_name(),
            option.reason()
        )),
    }
}
