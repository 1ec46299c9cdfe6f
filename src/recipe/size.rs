//! Sizes and times in the form that people write.

use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Number of bytes, such as `512MiB` or `4GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct ByteSize(
    /// Bytes.
    pub u64,
);

/// Largest size in bytes.
const LARGEST: u64 = i64::MAX.cast_unsigned();

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A single letter means a binary unit here, as on the command lines of container engines.
        let binary = match text.trim().chars().last() {
            Some(unit @ ('k' | 'K' | 'm' | 'M' | 'g' | 'G' | 't' | 'T')) => {
                format!("{}{unit}iB", &text.trim()[..text.trim().len() - 1])
            }
            _ => text.to_owned(),
        };
        match binary.parse::<bytesize::ByteSize>() {
            // Engines count in signed numbers; what is too large for any number comes out as the largest one.
            Ok(size) if (1..=LARGEST).contains(&size.as_u64()) => Ok(Self(size.as_u64())),
            _ => Err(format!(
                "{text:?} is not a size; write it like 512MiB or 4GiB"
            )),
        }
    }
}

written_as_text!(ByteSize);

/// Length of time, such as `30s`, `20m` or `1h 30m`, of at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(rename = "Duration", with = "String")]
pub struct TimeSpan(
    /// The time.
    pub Duration,
);

impl TimeSpan {
    /// The longest: ten years. A clock to which a much longer time is added overflows.
    pub const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Other tools write their time limits as a plain number of seconds.
        let parsed = text
            .parse()
            .map(Duration::from_secs)
            .or_else(|_| humantime::parse_duration(text));
        match parsed {
            Ok(time) if time > Self::LONGEST => Err(format!(
                "{text:?} is too long a time; the longest is ten years"
            )),
            Ok(time) if !time.is_zero() => Ok(Self(time)),
            _ => Err(format!(
                "{text:?} is not a time; write it like 30s, 20m or 1h (without a unit: seconds)"
            )),
        }
    }
}

written_as_text!(TimeSpan);
