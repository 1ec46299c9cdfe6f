//! Recipes as written: the YAML format, its parser, and the checks that are made before anything is planned.

mod advisories;
mod check;
mod companions;
mod cpus;
mod debian_version;
mod error;
mod flags;
mod image_digest;
mod names;
mod nearest;
mod package;
mod parse;
mod pattern;
mod references;
mod relation;
mod schema;
mod size;
mod template;
mod used_values;
mod version;
mod written_as_text;

pub use advisories::{Advisories, EndOfSupport, Hole};
pub use check::BUILT_IN_VALUES;
pub use companions::{
    BUILD_LOG, COMPANION_FILES, ENVELOPE, MANIFEST, PLAN, PROVENANCE, REPRODUCTION, SBOM,
    SHA256SUMS,
};
pub use cpus::Cpus;
pub use debian_version::debian_order;
pub use error::{Diagnostic, Document, RecipeError};
pub use flags::GoFlags;
pub use image_digest::ImageDigest;
pub use names::{
    Architecture, CommitId, ContainerPath, DebianMirror, DebianPackage, ImageName, InstallPath,
    LeftoverName, LinkTarget, Name, PackageLabel, PackageName, PackageUnit, RegistryPrefix,
    RelativePath, RepositoryUrl, Sha256, ValueName, VariableName,
};
pub use nearest::nearest;
pub use parse::{json_schema, parse_advisories, parse_recipe, parse_yaml, to_yaml};
pub use pattern::Pattern;
pub use relation::{Comparison, Relation};
pub use schema::{
    ArchitectureSupport, Build, BuildOption, CacheFolder, Case, Checks, Class, Condition,
    CrossPackages, DebianImage, DirectorySource, EngineClient, FileMode, FileText, GitSource,
    ImageWay, Images, LeanImage, Leaves, Network, Output, Package, PackageFile, PackageFormat,
    PackageRelations, PatchTarget, PatchUse, RECIPE_FORMAT, ReadText, Recipe, RegistryImage,
    Remark, RpmCompression, RunSh, Source, Step, Targets, ToolchainCheck, UpstreamImage,
    VersionCheck, WrittenFile,
};
pub use size::{ByteSize, TimeSpan};
pub use template::Template;
#[cfg(test)]
pub(crate) use version::comparisons;
pub use version::{Version, VersionRange, bare, natural_order};
