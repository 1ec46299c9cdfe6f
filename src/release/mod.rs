//! A release: a matrix of results, each built once, published together.
//!
//! The release file is read and expanded into targets ([`parse_release`], [`expand`]: pure, text in, targets out). Every
//! target is planned ([`PlannedRelease`]), compared with the lock file ([`refuse_drift`]), built and published
//! ([`build_release`]).

mod bundle;
mod combinations;
mod error;
mod file;
mod known_tags;
mod lock;
mod matrix;
mod merge;
mod merge_error;
mod options;
mod order;
mod outcome;
mod parse;
mod part;
mod partition;
mod plan;
mod progress;
mod publish;
mod recipe_directories;
mod repositories;
mod run;
mod run_times;
mod schema;
mod target;
mod timeline;

pub use bundle::{
    BundleContents, BundleOrder, UnpackedRelease, bundle_contents, make_bundle, refuse_other_lock,
    unpack_release,
};
pub use error::{ReleaseError, TargetError};
pub use file::{ReleaseFile, ReleaseOrder};
pub use known_tags::KnownTags;
pub use lock::{lock_inputs, read_lockfile, refuse_drift, require_lockfile, write_lockfile};
pub use matrix::expand;
pub use merge::{MergedRelease, merge_parts};
pub use merge_error::MergeError;
pub use options::Options;
pub use outcome::{FinishedTarget, Outcome, Place, Presentation, verdict};
pub use parse::{json_schema, parse_release};
pub use part::Part;
pub use plan::{PlannedRelease, PlannedTarget, TargetState, WantedTarget, require_cached};
pub use progress::{Phase, ReleaseSink};
pub use publish::{refuse_other_part, refuse_unsigned};
pub use recipe_directories::{directories, recipe_directories};
pub use run::build_release;
pub use schema::{Defaults, Exclude, Include, RELEASE_FORMAT, Release, Repositories, TargetEntry};
pub use target::Target;
pub use timeline::Timeline;
