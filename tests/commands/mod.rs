//! The whole binary where no engine is needed: usage, recipes, verify.

mod usage;
