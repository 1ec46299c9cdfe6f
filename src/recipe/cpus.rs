//! A number of processors.

use std::str::FromStr;

use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Number of processors, such as `2` or `1.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Cpus(
    /// Billionths of a processor.
    pub i64,
);

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is not a number of processors; write it like 2 or 1.5");
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if part.len() > 9 || !part.chars().all(|c| c.is_ascii_digit()) {
            return Err(refuse());
        }
        let whole: u32 = whole.parse().map_err(|_| refuse())?;
        let part: i64 = format!("{part:0<9}").parse().map_err(|_| refuse())?;
        match i64::from(whole) * 1_000_000_000 + part {
            0 => Err(refuse()),
            nanos => Ok(Self(nanos)),
        }
    }
}

written_as_text!(Cpus);
