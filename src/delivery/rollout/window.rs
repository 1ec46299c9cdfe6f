//! When nodes may be begun.

use std::str::FromStr;

use thiserror::Error;

/// The days as `date +%a` and upgrade controllers have them.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A part of the day in UTC, on all days or on some, in which a node may be begun. One that was begun is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Indices of [`DAYS`], ascending.
    days: Vec<usize>,
    /// Minutes since midnight.
    from: u32,
    to: u32,
}

/// A text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidWindow {
    /// It has another form.
    #[error(
        "{text:?} is not a window of time; write it like 22:00-04:00, or mon-fri,sun 01:00-05:00, in UTC"
    )]
    Form {
        /// The text.
        text: String,
    },
    /// It is over midnight, on some days.
    #[error(
        "{text:?} is over midnight on some days, which upgrade controllers understand in another way; end it at 24:00, or leave the days out"
    )]
    OverMidnight {
        /// The text.
        text: String,
    },
}

impl Window {
    /// The days, as `mon`.
    pub(super) fn days(&self) -> impl Iterator<Item = &'static str> {
        self.days.iter().map(|day| DAYS[*day])
    }

    /// The beginning, as `22:00`.
    pub(super) fn from(&self) -> String {
        clock(self.from)
    }

    /// The end, as `04:00`, which does not belong to it; at most `24:00`.
    pub(super) fn to(&self) -> String {
        clock(self.to)
    }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let shown = || text.chars().take(80).collect();
        let parsed = match text.trim().split_once(' ') {
            Some((days, times)) => parse_days(days).zip(parse_times(times.trim())),
            None => Some((0..7).collect()).zip(parse_times(text.trim())),
        };
        let Some((days, (from, to))) = parsed else {
            return Err(InvalidWindow::Form { text: shown() });
        };
        let days: Vec<usize> = days;
        if from > to && days.len() < DAYS.len() {
            return Err(InvalidWindow::OverMidnight { text: shown() });
        }
        Ok(Self { days, from, to })
    }
}

fn parse_days(text: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut chosen = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // From Saturday to Monday there are three.
        let length = (last + 7 - first) % 7;
        for step in 0..=length {
            chosen[(first + step) % 7] = true;
        }
    }
    Some((0..7).filter(|day| chosen[*day]).collect())
}

fn parse_times(text: &str) -> Option<(u32, u32)> {
    let time = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let digits = |text: &str| {
            let is_number = text.len() == 2 && text.chars().all(|c| c.is_ascii_digit());
            is_number.then(|| text.parse::<u32>().ok()).flatten()
        };
        let (hours, minutes) = (digits(hours)?, digits(minutes)?);
        let sum = hours * 60 + minutes;
        (minutes < 60 && sum <= 24 * 60).then_some(sum)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (time(from)?, time(to)?);
    (from != to && from < 24 * 60 && to != 0).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::{InvalidWindow, Window};

    #[test]
    fn a_window_has_times_and_perhaps_days() {
        let window = |text: &str| {
            let window = text.parse::<Window>().expect(text);
            let days: Vec<_> = window.days().collect();
            format!("{} {} {}", days.join(" "), window.from(), window.to())
        };
        let all = "mon tue wed thu fri sat sun";
        assert_eq!(window("22:00-04:30"), format!("{all} 22:00 04:30"));
        assert_eq!(window("00:00-24:00"), format!("{all} 00:00 24:00"));
        assert_eq!(
            window("mon-wed,sun 01:00-05:00"),
            "mon tue wed sun 01:00 05:00"
        );
        assert_eq!(window("sat-mon 20:00-24:00"), "mon sat sun 20:00 24:00");
        for bad in [
            "",
            "22:00",
            "1:00-5:00",
            "22:00-25:00",
            "24:00-01:00",
            "01:00-01:00",
            "22:60-23:00",
            "22:00-00:00",
            "mon",
            "xyz 01:00-02:00",
            "Mon 01:00-02:00",
            "mon, 01:00-02:00",
            "mon 01:00-02:00; reboot",
            "+1:00-05:00",
        ] {
            let error = bad.parse::<Window>().expect_err(bad);
            assert!(matches!(error, InvalidWindow::Form { .. }), "{error}");
        }
        let error = "sat 22:00-04:00".parse::<Window>().expect_err("days");
        assert!(
            matches!(error, InvalidWindow::OverMidnight { .. }),
            "{error}"
        );
    }
}
