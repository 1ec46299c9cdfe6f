//! Holds a release folder, or the folder of one result, against all that was written down about it.
//!
//! For every file there are witnesses: the index, the checksums at the top and those beside it, the manifest, the
//! statement, the bill of materials. The checksums at the top are held against their signature. A file that all of them
//! contradict was changed; a witness that the file and another witness contradict was changed itself. What is signed by a
//! key in hand is believed over all the rest by whoever reads the list of problems: the list names everybody who says
//! something else.

mod listing;
mod outcome;
mod proof;
mod release;
mod result;
mod run;
mod said;
mod witnesses;

pub use outcome::{Audit, AuditError, AuditedFile, Problem, ProblemKind};
pub use run::audit;
