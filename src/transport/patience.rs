//! How long a registry is waited for.

use std::time::Duration;

/// How long a registry is waited for, and how often it is asked again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Time without a byte after which a transfer ends.
    pub stall: Duration,
    /// How often something is asked for in all, when the registry is busy or the connection is lost.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long.
    pub first_pause: Duration,
    /// The longest pause of its own.
    pub longest_pause: Duration,
    /// The longest pause that a registry may ask for.
    pub longest_asked: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            attempts: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
            longest_asked: Duration::from_mins(1),
        }
    }
}

impl Patience {
    /// The usual patience, with another time without a byte.
    pub fn with_stall(stall: Duration) -> Self {
        Self {
            stall,
            ..Self::default()
        }
    }

    /// The pause after the attempt `number`, from 1 on.
    pub(super) fn pause(&self, number: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(number.saturating_sub(1).min(16));
        self.first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience::default();
        let pauses: Vec<_> = [1, 2, 3, 4, 5, 6, 90, u32::MAX]
            .map(|number| patience.pause(number).as_millis())
            .into();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
    }
}
