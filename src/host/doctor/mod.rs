//! Can this host build, and does it leak?
//!
//! Whether it leaks is judged by [`super::node`], as for `kmembuild node`.
//!
//! Reading and judging are separate. [`Node::read`], [`find_programs`], [`EngineReading::read`] and [`Prober::ask`] read
//! and never fail: what could not be read is part of their result. The `judge_...` functions are pure and turn
//! readings into [`Line`]s. [`Examination::run`] decides what is read and in which order the lines are printed.

mod accounting;
mod bootstrap;
mod clock;
mod cluster;
mod connection;
mod engine;
mod examination;
mod insecure;
mod installed;
mod kernel;
mod line;
mod local;
mod memory_cgroups;
mod node;
mod oci;
mod place_lines;
mod places;
mod probe;
mod prober;
mod program_lines;
mod programs;
mod proxy;
mod room;
mod runtimes;
mod targets;
mod verdict;

pub use accounting::judge_accounting;
pub use bootstrap::judge_bootstrap;
pub use clock::judge_clock;
pub use cluster::{ClusterReading, judge_cluster};
pub use engine::{EngineReading, judge_engine};
pub use examination::{Examination, Examined, KnownRecipes};
pub use installed::installed_programs;
pub use kernel::judge_kernel;
pub use line::{Half, Level, Line};
pub use local::{LocalReading, judge_local};
pub use memory_cgroups::{count_memory_cgroups, judge_hierarchy, judge_memory_cgroups};
pub use node::{Node, Read};
pub use oci::{OciReading, judge_oci};
pub use place_lines::judge_places;
pub use places::{Need, Place, PlaceKind, Purpose};
pub use probe::{Answer, Probe, ProbeError, Redirect};
pub use prober::{EngineRoute, Prober};
pub use program_lines::{Leaks, judge_programs};
pub use programs::{
    Program, ProgramAccounting, ProgramKind, WELL_KNOWN_DIRECTORIES, find_programs, program_names,
};
pub use room::judge_room;
pub use runtimes::RuntimePlaces;
pub use targets::Target;
pub use verdict::{Buildable, Leak, LeakAnswer, Verdict};
