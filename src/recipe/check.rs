//! Checks of a recipe as a whole.

use std::collections::BTreeSet;

use super::companions::{COMPANION_FILES, REPRODUCTION};
use super::error::{Document, RecipeError};
use super::names::{Name, RelativePath, ValueName};
use super::schema::{RECIPE_FORMAT, Recipe, Source, Step};
use super::template::Template;
use super::used_values::{arguments, texts};

/// The values that every recipe has, each with its description.
pub const BUILT_IN_VALUES: [(&str, &str); 11] = [
    ("version", "the version, such as v1.0.0-rc10"),
    ("bare_version", "the version without a leading v"),
    (
        "commit",
        "the full commit id; unset for a source in the image",
    ),
    ("arch", "the target architecture, by Go's names"),
    ("engine_arch", "the engine's architecture, by Go's names"),
    (
        "jobs",
        "the requested number of compiler processes; unset if none is requested",
    ),
    ("major", "the first number of the version"),
    ("minor", "the second number of the version"),
    (
        "commit_time",
        "the time of the commit in seconds since 1970; unset for a source in the image",
    ),
    (
        "targets",
        "the targets to build, separated by spaces; unset in a recipe without targets",
    ),
    (
        "goflags",
        "the requested flags for the Go commands; unset if none are requested",
    ),
];

pub(super) struct Checker<'a> {
    pub(super) document: Document<'a>,
    /// Values that the cases of a value may use.
    given_values: Vec<&'a str>,
    /// Values that everything else may use.
    pub(super) known_values: Vec<&'a str>,
}

/// Checks what the types cannot: references within the recipe and to its patches.
pub(super) fn check(
    file: &str,
    text: &str,
    recipe: &Recipe,
    patches: &[String],
) -> Result<(), RecipeError> {
    let built_in = BUILT_IN_VALUES.iter().map(|(name, _)| *name);
    let read = match &recipe.source {
        Source::Git(git) => git.read.keys().map(ValueName::as_str).collect(),
        Source::Directory(_) => Vec::new(),
    };
    let given_values: Vec<_> = built_in.chain(read).collect();
    let own = recipe.values.keys().map(ValueName::as_str);
    let checker = Checker {
        document: Document { file, text },
        known_values: given_values.iter().copied().chain(own).collect(),
        given_values,
    };
    checker.format(recipe)?;
    checker.value_names()?;
    checker.targets(recipe)?;
    checker.classes(recipe)?;
    checker.patches(recipe, patches)?;
    checker.images(recipe)?;
    checker.templates(recipe)?;
    checker.steps_and_outputs(recipe)?;
    checker.package(recipe)
}

impl Checker<'_> {
    fn format(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        if recipe.format.value == RECIPE_FORMAT {
            return Ok(());
        }
        let message = format!(
            "format {} is not supported; this version of kmembuild reads format {RECIPE_FORMAT}",
            recipe.format.value
        );
        Err(self.document.refuse(recipe.format.referenced, message))
    }

    fn images(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let images = &recipe.images;
        if !images.described().any(|way| way == images.default.value) {
            let message = "`images` does not describe its `default`".to_owned();
            return Err(self.document.refuse(images.default.referenced, message));
        }
        if let Source::Directory(folder) = &recipe.source
            && (images.upstream.is_some()
                || images.lean.as_ref().is_some_and(|lean| lean.base.is_none()))
        {
            let message = format!(
                "the source {} is a directory of the image, so there is no Dockerfile of upstream to build an image from",
                folder.path
            );
            return Err(self.document.refuse(images.default.referenced, message));
        }
        Ok(())
    }

    fn templates(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        for case in recipe.values.values().flatten() {
            // Cases may use built-in values only, so there can be no cycle.
            self.template(&case.value, &self.given_values)?;
        }
        for argument in arguments(recipe) {
            self.names(argument, &self.known_values)?;
        }
        for template in texts(recipe) {
            self.template(template, &self.known_values)?;
        }
        let outputs = recipe.outputs.iter().map(|output| &output.path.value);
        for path in outputs.chain(&recipe.further_outputs) {
            if let Err(reason) = path.form().parse::<RelativePath>() {
                return Err(self.document.refuse(path.location, reason));
            }
        }
        Ok(())
    }

    fn template(&self, template: &Template, known: &[&str]) -> Result<(), RecipeError> {
        if template.is_words() {
            let message = "{{name...}} is allowed only as an argument of a command".to_owned();
            return Err(self.document.refuse(template.location, message));
        }
        self.names(template, known)
    }

    fn names(&self, template: &Template, known: &[&str]) -> Result<(), RecipeError> {
        match template.names().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!(
                    "there is no value `{name}`; the values allowed here are {}",
                    known.join(", ")
                );
                let known = known.iter().copied();
                Err(self
                    .document
                    .refuse_name(template.location, message, name, known))
            }
        }
    }

    fn steps_and_outputs(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let script = recipe.build.run_sh.as_ref();
        let toolchain = recipe.build.toolchain.as_ref();
        self.steps(&recipe.build.steps)?;
        if let Some(way) = script {
            self.steps(&way.steps)?;
        }
        for (part, missing) in [
            ("step", recipe.build.steps.is_empty()),
            (
                "step in `run-sh`",
                script.is_some_and(|way| way.steps.is_empty()),
            ),
            (
                "word in the command of the toolchain check",
                toolchain.is_some_and(|check| check.command.is_empty()),
            ),
            ("output", recipe.outputs.is_empty()),
            ("architecture", recipe.architectures.is_empty()),
        ] {
            if missing {
                return Err(self
                    .document
                    .refuse_whole(format!("a recipe needs at least one {part}")));
            }
        }
        if let Source::Git(git) = &recipe.source {
            if recipe.build.workdir.is_none() {
                let message = "`build` needs a `workdir` to unpack the source to";
                return Err(self.document.refuse_whole(message.to_owned()));
            }
            if git.urls.is_empty() {
                return Err(self
                    .document
                    .refuse_whole("the source has no URL".to_owned()));
            }
        }
        self.caches(recipe)?;
        self.output_names(recipe)
    }

    fn steps(&self, steps: &[Step]) -> Result<(), RecipeError> {
        let mut seen = BTreeSet::new();
        for step in steps {
            let name = step.name.value.as_str();
            if !seen.insert(name) {
                return Err(self.document.refuse(
                    step.name.referenced,
                    format!("the step `{name}` is defined twice"),
                ));
            }
            if step.command.is_empty() {
                return Err(self.document.refuse(
                    step.name.referenced,
                    format!("the step `{name}` has no command"),
                ));
            }
        }
        Ok(())
    }

    /// Two volumes cannot be mounted at one path, and one volume at two paths serves no purpose.
    fn caches(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let mut seen = BTreeSet::new();
        for cache in &recipe.build.caches {
            let (name, path) = (cache.name.value.as_str(), cache.path.value.as_str());
            // A name never begins with a slash, and a path always does.
            for (text, location) in [(name, cache.name.referenced), (path, cache.path.referenced)] {
                if !seen.insert(text) {
                    let message = format!("the cache `{text}` is defined twice");
                    return Err(self.document.refuse(location, message));
                }
            }
        }
        Ok(())
    }

    fn output_names(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let mut names = BTreeSet::new();
        for output in &recipe.outputs {
            let location = output
                .name
                .as_ref()
                .map_or(output.path.referenced, |name| name.referenced);
            let name = output.file_name();
            let message = if name.is_empty() {
                "the path ends in a value, so the output needs a `name`".to_owned()
            } else if COMPANION_FILES.contains(&name) || name == REPRODUCTION {
                format!(
                    "`{name}` is a file that kmembuild itself writes; use another `name` for the output"
                )
            } else if let Err(reason) = name.parse::<Name>() {
                // As a manifest is held to when it is read back.
                format!("the output needs a `name`, because {reason}")
            } else if !names.insert(name) {
                format!(
                    "two outputs have the file name `{name}`; set another `name` for one of them"
                )
            } else {
                continue;
            };
            return Err(self.document.refuse(location, message));
        }
        Ok(())
    }
}
