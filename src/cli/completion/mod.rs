//! What a shell completes a command line to. The scripts ask the tool itself for it, so that the values of options are
//! completed as well: tags, keys, targets.

mod candidate;
mod candidates;
mod script;
mod values;
mod words;

pub(super) use candidate::Candidate;
pub(super) use candidates::{Completion, complete};
pub(super) use script::script;
pub(super) use values::Known;
