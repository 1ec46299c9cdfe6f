//! A part of a release on the command line.

use std::str::FromStr;

use crate::release::Part;

/// The part of a release that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartChoice {
    /// `2/5`.
    This(Part),
    /// `ci`: what the CI system says of the job.
    OfTheJob,
}

impl FromStr for PartChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "ci" {
            return Ok(Self::OfTheJob);
        }
        text.parse().map(Self::This)
    }
}
