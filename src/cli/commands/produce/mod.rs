//! From a plan to a published result: out of the cache where it was built before, otherwise built, proven and kept.

mod kept;
mod make;
mod means;
mod order;
mod publish;
mod result;
mod sweep;

pub(super) use self::make::produce;
pub(super) use self::means::{Means, context};
pub(super) use self::order::{Order, Trial, is_current, known_key};
pub(super) use self::result::{How, NotProduced, Produced, checked};
pub(super) use self::sweep::sweep_dead_runs;
