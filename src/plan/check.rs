//! Is a plan one that this tool could have made? A plan that is read back comes from anywhere: its words become paths on
//! this machine, words of command lines and names on the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use thiserror::Error;

use super::types::{
    BaseImage, Limits, Plan, PlannedBuild, PlannedCache, PlannedDebian, PlannedFile, PlannedImage,
    PlannedOutput, PlannedPatch, PlannedScript, PlannedSource, PlannedStep, PlannedToolchain,
    RecipeIdentity,
};
use crate::recipe::{
    Architecture, COMPANION_FILES, CommitId, ContainerPath, DebianPackage, ImageName, LeftoverName,
    Name, REPRODUCTION, RelativePath, Sha256, TimeSpan, VariableName, Version,
};
use crate::verify::{Expectations, VersionExpectation};

/// Longest time limit of a build, in seconds.
const LONGEST: u64 = TimeSpan::LONGEST.as_secs();
/// Last second that a file in an archive can have: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// A value that this tool never writes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct InvalidValue {
    /// The field, by its path in the serialised form.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

type Checked = Result<(), InvalidValue>;

impl Plan {
    /// Refuses values that no recipe can lead to, by the types of the recipe. Every field is taken apart without `..`, so
    /// that a new one does not compile before it is decided here.
    ///
    /// # Errors
    /// The first [`InvalidValue`].
    pub fn check(&self) -> Checked {
        let Self {
            // Whoever reads a plan refuses other formats first.
            format: _,
            recipe: RecipeIdentity { name, sha256 },
            version,
            platform,
            architecture,
            class,
            targets,
            source,
            image,
            build,
            outputs,
            further_outputs,
            // Shown only.
            known_holes: _,
            remarks: _,
            warnings: _,
        } = self;
        is::<Name>("recipe.name", name)?;
        is::<Sha256>("recipe.sha256", sha256)?;
        is::<Version>("version", version)?;
        is::<Architecture>("architecture", architecture)?;
        if *platform != format!("linux-{architecture}") {
            return refuse(
                "platform",
                format!("{platform:?} is not linux-{architecture}"),
            );
        }
        all::<Name>("class", class)?;
        all::<Name>("targets", targets)?;
        check_source(source)?;
        check_image(image)?;
        if self.image_identity().as_deref() != image.identity() {
            return refuse("image.identity", "it does not match the image".to_owned());
        }
        check_build(build)?;
        let mut names = BTreeSet::new();
        for PlannedOutput {
            path,
            name,
            expectations,
        } in outputs
        {
            is::<ContainerPath>("outputs.path", path)?;
            is_output("outputs.name", name)?;
            if !names.insert(name) {
                return refuse("outputs.name", format!("{name:?} is there twice"));
            }
            check_expectations(expectations)?;
        }
        all::<ContainerPath>("further-outputs", further_outputs)
    }
}

/// Refuses what is not the name of an output: it is a file beside those that the tool itself writes.
///
/// # Errors
/// [`InvalidValue`].
pub fn is_output(field: &str, name: &str) -> Checked {
    is::<Name>(field, name)?;
    if COMPANION_FILES.contains(&name) || name == REPRODUCTION {
        return refuse(field, format!("{name:?} is the name of a file of the tool"));
    }
    Ok(())
}

/// Refuses a text that is not a `T`.
///
/// # Errors
/// [`InvalidValue`].
pub fn is<T: FromStr<Err = String>>(field: &str, text: &str) -> Checked {
    match text.parse::<T>() {
        Ok(_) => Ok(()),
        Err(reason) => refuse(field, reason),
    }
}

fn all<'a, T: FromStr<Err = String>>(
    field: &str,
    texts: impl IntoIterator<Item = &'a String>,
) -> Checked {
    texts.into_iter().try_for_each(|text| is::<T>(field, text))
}

fn refuse(field: &str, reason: String) -> Checked {
    let field = field.to_owned();
    Err(InvalidValue { field, reason })
}

/// Words of a command line, or values of variables: a null byte would end them early.
fn words<'a>(field: &str, words: impl IntoIterator<Item = &'a String>) -> Checked {
    let mut words = words.into_iter();
    match words.find(|word| word.contains('\0')) {
        Some(word) => refuse(field, format!("{word:?} contains a null byte")),
        None => Ok(()),
    }
}

fn command(field: &str, command: &[String]) -> Checked {
    match command.first() {
        Some(program) if !program.is_empty() => words(field, command),
        _ => refuse(field, "the program is missing".to_owned()),
    }
}

fn variables(field: &str, variables: &BTreeMap<String, String>) -> Checked {
    all::<VariableName>(field, variables.keys())?;
    words(field, variables.values())
}

fn check_source(source: &PlannedSource) -> Checked {
    match source {
        PlannedSource::Git {
            tag,
            commit,
            tree,
            modified,
            patches,
        } => {
            all::<Version>("source.git.tag", tag)?;
            is::<CommitId>("source.git.commit", commit)?;
            is::<CommitId>("source.git.tree", tree)?;
            if !(0..=LAST_SECOND).contains(modified) {
                return refuse("source.git.modified", format!("{modified} is out of range"));
            }
            check_patches("source.git.patches", patches)
        }
        PlannedSource::Directory { path, package } => {
            is::<ContainerPath>("source.directory.path", path)?;
            is::<DebianPackage>("source.directory.package", package)
        }
    }
}

fn check_patches(field: &str, patches: &[PlannedPatch]) -> Checked {
    for PlannedPatch {
        file,
        sha256,
        // Shown only.
        summary: _,
    } in patches
    {
        is::<RelativePath>(field, file)?;
        is::<Sha256>(field, sha256)?;
    }
    Ok(())
}

fn check_base(field: &str, base: &BaseImage) -> Checked {
    let BaseImage { name, candidates } = base;
    is::<ImageName>(field, name)?;
    all::<ImageName>(field, candidates)
}

fn check_image(image: &PlannedImage) -> Checked {
    match image {
        PlannedImage::Registry(base) => check_base("image.registry", base),
        PlannedImage::Dockerfile {
            way: _,
            bases,
            dockerfile,
            // What is in it is run in containers of the engine's image build, as the steps are in theirs.
            text: _,
            patches,
            arguments,
            // Compared with the rest, above.
            identity: _,
        } => {
            bases
                .iter()
                .try_for_each(|base| check_base("image.dockerfile.bases", base))?;
            is::<RelativePath>("image.dockerfile.dockerfile", dockerfile)?;
            check_patches("image.dockerfile.patches", patches)?;
            variables("image.dockerfile.arguments", arguments)
        }
        PlannedImage::Debian(PlannedDebian {
            suite,
            architectures,
            packages,
            preferences,
            links,
            environment,
            identity: _,
        }) => {
            is::<Name>("image.debian.suite", suite)?;
            all::<Architecture>("image.debian.architectures", architectures)?;
            all::<DebianPackage>("image.debian.packages", packages)?;
            words("image.debian.preferences", preferences)?;
            all::<ContainerPath>("image.debian.links", links.keys())?;
            all::<ContainerPath>("image.debian.links", links.values())?;
            variables("image.debian.environment", environment)
        }
        PlannedImage::Archive { image_id } => {
            let digits = image_id.strip_prefix("sha256:").unwrap_or_default();
            is::<Sha256>("image.archive.image-id", digits)
        }
        PlannedImage::Container { identity } => match identity {
            Some(identity) => {
                let digits = identity.strip_prefix("sha256:").unwrap_or_default();
                is::<Sha256>("image.container.identity", digits)
            }
            None => Ok(()),
        },
    }
}

fn check_build(build: &PlannedBuild) -> Checked {
    let PlannedBuild {
        workdir,
        network: _,
        caches,
        files,
        toolchain,
        // Compared with what the engine has.
        needs: _,
        limits:
            Limits {
                memory,
                nano_cpus,
                timeout_seconds,
            },
        via: _,
        script,
        steps,
    } = build;
    is::<ContainerPath>("build.workdir", workdir)?;
    for PlannedCache { name, path } in caches {
        is::<Name>("build.caches.name", name)?;
        is::<ContainerPath>("build.caches.path", path)?;
    }
    for PlannedFile {
        path,
        // Only steps read it.
        text: _,
    } in files
    {
        is::<RelativePath>("build.files.path", path)?;
    }
    if let Some(PlannedToolchain {
        command: program,
        // The regular expression and what it is compared with: whoever uses them refuses an invalid one.
        pattern: _,
        version: _,
        allowed: _,
    }) = toolchain
    {
        command("build.toolchain.command", program)?;
    }
    if *memory == Some(0) || nano_cpus.is_some_and(|cpus| cpus <= 0) {
        return refuse("build.limits", "a limit must be more than 0".to_owned());
    }
    if !(1..=LONGEST).contains(timeout_seconds) {
        let reason = format!("{timeout_seconds} is not between 1 and {LONGEST}");
        return refuse("build.limits.timeout-seconds", reason);
    }
    if let Some(script) = script {
        check_script(script)?;
    }
    for PlannedStep {
        name,
        command: words,
        environment,
    } in steps
    {
        is::<Name>("build.steps.name", name)?;
        command("build.steps.command", words)?;
        variables("build.steps.environment", environment)?;
    }
    Ok(())
}

fn check_script(script: &PlannedScript) -> Checked {
    let PlannedScript {
        image_name,
        client,
        client_path,
        client_below: _,
        containers,
        images,
    } = script;
    is::<ImageName>("build.script.image-name", image_name)?;
    check_base("build.script.client", client)?;
    is::<ContainerPath>("build.script.client-path", client_path)?;
    all::<LeftoverName>("build.script.containers", containers)?;
    all::<LeftoverName>("build.script.images", images)
}

fn check_expectations(expectations: &Expectations) -> Checked {
    let Expectations {
        kmem: _,
        static_linked: _,
        architecture,
        glibc_floor: _,
        version,
    } = expectations;
    all::<Architecture>("outputs.expectations.architecture", architecture)?;
    if let Some(VersionExpectation {
        arguments,
        // Looked for in what the program prints.
        contains: _,
    }) = version
    {
        words("outputs.expectations.version.arguments", arguments)?;
    }
    Ok(())
}
