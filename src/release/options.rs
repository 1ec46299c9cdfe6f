//! Options of the builds of a release: those of the command line, under the same names.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::plan::Via;
use crate::recipe::{ByteSize, Cpus, GoFlags, ImageName, ImageWay, Name, Span};
use crate::verify::GlibcVersion;

/// What is asked of a build; what is not given is as on the command line.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// Where to get the source, instead of the recipe's URLs; tried in order.
    pub source: Option<Vec<String>>,
    /// Registry prefixes to look for images under; tried in order.
    pub mirror: Option<Vec<String>>,
    /// Way to the toolchain image: registry, upstream, lean or debian.
    pub image: Option<ImageWay>,
    /// A ready toolchain image from a registry, by name.
    pub image_name: Option<ImageName>,
    /// A toolchain image in a file that `docker save` wrote, relative to the release file.
    pub image_archive: Option<String>,
    /// Mirror of Debian's archive.
    pub debian_mirror: Option<String>,
    /// What to build of the source, where the recipe knows several targets.
    pub target: Option<Vec<Name>>,
    /// How to run upstream's build: make or run-sh.
    #[schemars(with = "Option<String>")]
    pub via: Option<Via>,
    /// Statically linked binaries.
    pub r#static: Option<bool>,
    /// Further flags for the Go commands.
    pub goflags: Option<GoFlags>,
    /// Compile one package at a time.
    pub low_memory: Option<bool>,
    /// Take out everything that the build makes.
    pub all_outputs: Option<bool>,
    /// Toolchain version to accept instead of upstream's.
    pub allow_toolchain: Option<String>,
    /// Build also a version that needs no such build.
    pub force: Option<bool>,
    /// Most memory of the build container, such as 2GiB.
    pub memory: Option<ByteSize>,
    /// Processors of the build container, such as 1.5.
    pub cpus: Option<Cpus>,
    /// Longest time of all the steps of a build together, such as 30m.
    pub timeout: Option<Span>,
    /// Longest time without a byte from a mirror.
    pub stall_timeout: Option<Span>,
    /// Most compiler processes of a build at a time.
    #[schemars(range(min = 1))]
    pub jobs: Option<u32>,
    /// Highest version of the GNU C library that the outputs may need.
    pub glibc_floor: Option<GlibcVersion>,
    /// Judge a runc or a kubelet also by running it, as `kmembuild verify --run` does. Unless it says otherwise a release
    /// does so where that can be shown, and refuses what turns accounting on. `true` refuses also what shows nothing, and
    /// tries again each time where it could not be shown; `false` leaves it out.
    pub verify_run: Option<bool>,
}

/// Makes a method that puts one set of options over another, field by field.
macro_rules! over {
    ($($field:ident),* $(,)?) => {
        impl Options {
            /// These options, and what they do not say from `below`.
            #[must_use]
            pub fn over(&self, below: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| below.$field.clone()),)* }
            }
        }
    };
}

over!(
    source,
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
