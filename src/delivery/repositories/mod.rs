//! Makes repositories that yum, dnf and apt install packages from, out of the packages of releases.
//!
//! A repository is plain files, served by any web server. What it says is signed with the key that signed the packages, and
//! depends on the packages alone: no clock, no names of this machine.
//!
//! A package has its sha256 in its path and is never replaced; the metadata, with those of the time before, appear in one
//! step when all packages are there. So no client is told of a file that is missing, and a failure leaves the earlier
//! repository as it was.

mod apt;
mod client_files;
mod deb;
mod directory;
mod earlier_apt;
mod earlier_yum;
mod entry;
mod error;
mod names;
mod node_commands;
mod order;
mod parallel;
mod pool;
mod publish;
mod releases;
mod rpm;
mod rpm_structure;
mod xml;
mod yum;

pub use error::RepositoryError;
pub use names::{APT, REPOSITORIES, RepositoryKind, YUM};
pub use node_commands::commands;
pub use order::{RepositoryOrder, RepositoryPackage};
pub use publish::{PublishedRepository, RepositoryFile, publish_repositories, refuse_old_rpm};
pub use releases::{packages_of_index, packages_of_releases};
