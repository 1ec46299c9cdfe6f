//! Many nodes in one table: which leak, which are cured, which need a reboot, and which one is full first.
//!
//! What a node says of itself ([`NodeDocument`](crate::host::node::NodeDocument)) is text of others: [`Documents`] takes
//! only so much of it, keeps nothing but what is shown, and names what it cannot read without losing the rest. [`ask`]
//! brings the documents over SSH. [`Fleet`] compares them; it is pure.

mod ask;
mod comparison;
mod documents;
mod host;
mod member;
mod ssh;

pub use ask::{Question, ask};
pub use comparison::{Fleet, FullFirst, Totals};
pub use documents::{Documents, Duplicate, Unreadable};
pub use host::{InvalidRemoteProgram, InvalidSshHost, RemoteProgram, SshHost, read_hosts};
pub use member::{Member, MemberProgram, MemberState};
