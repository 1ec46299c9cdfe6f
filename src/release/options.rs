//! Options of the builds of a release: those of the command line, under the same names.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::plan::Via;
use crate::recipe::{
    ByteSize, Cpus, DebianMirror, GoFlags, ImageName, ImageWay, Name, RegistryPrefix, TimeSpan,
};
use crate::verify::GlibcVersion;

/// Options of a build. The defaults are those of the command line.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// URLs of the source, tried in order; they replace the recipe's.
    pub source: Option<Vec<String>>,
    /// Let a mirror or `source` decide which commit a tag without a pin is; otherwise only upstream's own repository may.
    pub unpinned: Option<bool>,
    /// Prefixes of registries to look for images in, tried in order.
    pub mirror: Option<Vec<RegistryPrefix>>,
    /// Kind of toolchain image: registry, upstream, lean or debian.
    pub image: Option<ImageWay>,
    /// Name of a ready toolchain image from a registry.
    pub image_name: Option<ImageName>,
    /// File that `docker save` wrote, with the toolchain image; relative to the release file.
    pub image_archive: Option<String>,
    /// Mirror of Debian's archive.
    pub debian_mirror: Option<DebianMirror>,
    /// Targets to build, for a recipe that has targets.
    pub target: Option<Vec<Name>>,
    /// How upstream's build is run: make or run-sh.
    #[schemars(with = "Option<String>")]
    pub via: Option<Via>,
    /// Build statically linked binaries.
    pub r#static: Option<bool>,
    /// Additional flags for the Go commands.
    pub goflags: Option<GoFlags>,
    /// Compile one package at a time.
    pub low_memory: Option<bool>,
    /// Publish everything that the build makes.
    pub all_outputs: Option<bool>,
    /// Toolchain version to accept instead of upstream's.
    pub allow_toolchain: Option<String>,
    /// Build versions that do not need to be built, too.
    pub force: Option<bool>,
    /// Memory limit of the build container, such as 2GiB.
    pub memory: Option<ByteSize>,
    /// Processor limit of the build container, such as 1.5.
    pub cpus: Option<Cpus>,
    /// Time limit for all steps of a build together, such as 30m.
    pub timeout: Option<TimeSpan>,
    /// Time without a byte from a mirror after which the next one is tried.
    pub stall_timeout: Option<TimeSpan>,
    /// Maximum number of compiler processes of a build at a time.
    #[schemars(range(min = 1))]
    pub jobs: Option<u32>,
    /// Highest version of the GNU C library that the outputs may require.
    pub glibc_floor: Option<GlibcVersion>,
    /// Also check runc or kubelet by running it, like `kmembuild verify --run`. By default the check is made where it
    /// is possible. With `true` it is an error if the check is not possible. `false` leaves it out.
    pub verify_run: Option<bool>,
}

/// Defines what is done with each field: two sets of options are merged, and a name is looked up.
macro_rules! over {
    ($($field:ident),* $(,)?) => {
        impl Options {
            /// These options, with those that are not set taken from `below`.
            #[must_use]
            pub fn over(&self, below: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| below.$field.clone()),)* }
            }

            /// Whether a release file can set the option of this name, which is written as on the command line:
            /// `stall-timeout`.
            pub fn has(name: &str) -> bool {
                let name = name.replace('-', "_");
                [$(stringify!($field)),*]
                    .iter()
                    .any(|field| field.trim_start_matches("r#") == name)
            }
        }
    };
}

over!(
    source,
    unpinned,
    mirror,
    image,
    image_name,
    image_archive,
    debian_mirror,
    target,
    via,
    r#static,
    goflags,
    low_memory,
    all_outputs,
    allow_toolchain,
    force,
    memory,
    cpus,
    timeout,
    stall_timeout,
    jobs,
    glibc_floor,
    verify_run,
);
