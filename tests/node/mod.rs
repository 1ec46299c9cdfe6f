//! One answer for a node.

mod command;
mod judgement;
