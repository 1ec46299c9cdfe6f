//! The time of this machine, which is whatever somebody set it to.

use std::time::SystemTime;

use jiff::Timestamp;

/// The present time. A clock that is set to a year that no date has, before -9999 or after 9999, counts as the first or
/// the last moment that has one: a wrong clock must not end a build or a watch.
pub fn now() -> Timestamp {
    in_years(SystemTime::now())
}

/// A time of a file or of the system clock, kept within the years that have a date.
pub fn in_years(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_without_a_date_becomes_the_nearest_one_that_has_one() {
        let far = Duration::from_secs(400_000_000_000);
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(in_years(epoch + far), Timestamp::MAX);
        assert_eq!(in_years(epoch - far), Timestamp::MIN);
        assert_eq!(in_years(epoch), Timestamp::UNIX_EPOCH);
    }
}
