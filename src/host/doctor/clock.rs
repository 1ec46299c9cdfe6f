//! Is this host's clock right?

use crate::number_of::number_of;
use std::time::Duration;

use super::line::{Half, Level, Line};

/// Certificates and Debian's package lists tolerate this many seconds; beyond it, the clock is wrong.
const SMALL: u64 = 120;
/// Beyond this, in seconds, certificates and signed lists are rejected as not yet valid or as expired.
const LARGE: u64 = 24 * 60 * 60;
const REMEDY: &str = "set the clock, and keep it right with chronyd or systemd-timesyncd; certificates and signed package lists are valid only for a limited time";

/// The line about the clock. `ahead`: by how many seconds this host was ahead of each server that sent its time.
pub fn judge_clock(ahead: &[i64]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "clock", level, found);
    let mut sorted = ahead.to_vec();
    sorted.sort_unstable();
    // The median, so that one server with a wrong clock does not matter. Of two middle values the smaller counts.
    let middles = sorted.len().saturating_sub(1) / 2..=sorted.len() / 2;
    let middles = sorted.get(middles).unwrap_or_default();
    let Some(&middle) = middles.iter().min_by_key(|off| off.unsigned_abs()) else {
        return line(
            Level::Warn,
            "not checked: no server sent its time".to_owned(),
        )
        .remedy("compare `date -u` with a clock you trust");
    };
    let servers = number_of(sorted.len(), "server");
    let off = middle.unsigned_abs();
    if off <= SMALL {
        return line(Level::Ok, format!("agrees with {servers} within {off} s"));
    }
    let way = if middle > 0 { "ahead of" } else { "behind" };
    let span = humantime::format_duration(Duration::from_secs(off));
    let level = if off > LARGE {
        Level::Fail
    } else {
        Level::Warn
    };
    line(level, format!("{span} {way} {servers}")).remedy(REMEDY)
}
