//! Does this node leak memory cgroups? One answer out of its kernel, its programs, its cgroups and the room that is left.
//!
//! [`NodeReading::read`] reads and never fails. [`judge_node`] is pure: it weighs what the doctor and `kmem status` found, so
//! that none of them can say something else. [`NodeDocument`] is what a node says of itself, in the form that many nodes
//! are compared in.

mod document;
mod forecast;
mod judgement;
mod reading;

pub use document::{
    AccountingFacts, DocumentName, KernelFacts, KernelLeaks, NodeDocument, ProgramFacts, RoomFacts,
};
pub use forecast::{Forecast, Measurements};
pub use judgement::{Judgement, NodeState, judge_node};
pub use reading::NodeReading;
