//! The recipe format, version 1. These types mirror the YAML one to one.

mod build;
mod images;
mod network;
mod outputs;
mod package;
mod recipe;
mod source;
mod values;

pub use build::{
    Build, CacheFolder, EngineClient, Leaves, RunSh, Step, ToolchainCheck, WrittenFile,
};
pub use images::{
    CrossPackages, DebianImage, ImageWay, Images, LeanImage, RegistryImage, UpstreamImage,
};
pub use network::Network;
pub use outputs::{Checks, Output, VersionCheck};
pub use package::{
    FileMode, Package, PackageFile, PackageFormat, PackageRelations, RpmCompression,
};
pub use recipe::{ArchitectureSupport, RECIPE_FORMAT, Recipe, Remark, Targets};
pub use source::{
    Class, Condition, DirectorySource, FileText, GitSource, PatchTarget, PatchUse, ReadText, Source,
};
pub use values::{BuildOption, Case};
