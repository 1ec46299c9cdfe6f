//! Recipes as written: the YAML format, its parser and what is checked before anything is planned.

mod check;
mod cpus;
mod error;
mod flags;
mod names;
mod parse;
mod pattern;
mod references;
mod schema;
mod size;
mod template;
mod version;

pub use check::BUILT_IN_VALUES;
pub use cpus::Cpus;
pub use error::{Misfit, RecipeError};
pub use flags::GoFlags;
pub use names::{Architecture, CommitId, ContainerPath, ImageName, Name, RelativePath, ValueName};
pub use parse::{nearest, parse_recipe, parse_yaml, to_yaml};
pub use pattern::Pattern;
pub use schema::{
    ArchitectureSupport, Build, BuildOption, CacheFolder, Case, Checks, Class, Condition,
    CrossPackages, DebianImage, EngineClient, FileText, FolderSource, GitSource, ImageWay, Images,
    LeanImage, Leaves, Output, PatchTarget, PatchUse, RECIPE_FORMAT, ReadText, Recipe,
    RegistryImage, RunSh, Source, Step, Targets, ToolchainCheck, UpstreamImage, VersionCheck,
    WrittenFile,
};
pub use size::{ByteSize, Span};
pub use template::Template;
pub use version::{Version, VersionRange, bare, natural_order};
