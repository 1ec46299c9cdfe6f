//! What a rollout is to do.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::error::RolloutError;
use super::nodes::Node;
use super::script_option::ScriptOption;
use super::selector::Selector;
use super::window::Window;
use crate::fleet::RemoteProgram;
use crate::transport::Reference;

/// What a rollout is to do, but for the programs that it brings.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// To which nodes.
    pub nodes: Nodes,
    /// How many nodes come before all others.
    pub canary: NonZeroU32,
    /// How long they are watched before the others follow.
    pub pause: Duration,
    /// How many nodes may be out of service at a time.
    pub max_unavailable: Amount,
    /// After how many failed nodes no further node is begun: after the first one more than these.
    pub max_failed: Amount,
    /// When a node may be begun; at any time by default.
    pub window: Option<Window>,
    /// How the pods of a node are moved away; `None` where no cluster is asked.
    pub drain: Option<Drain>,
    /// How long a node may take to be back after its reboot.
    pub reboot_time: Duration,
    /// How long the check after the reboot may take to succeed: pods have to start first.
    pub check_time: Duration,
    /// Options for `node.sh`.
    pub script_options: Vec<ScriptOption>,
    /// Path of this tool on the nodes, for the report.
    pub remote: RemoteProgram,
    /// The image for nodes that an upgrade controller uses; without one there is no plan for it.
    pub image: Option<Reference>,
}

/// Which nodes.
#[derive(Debug, Clone)]
pub enum Nodes {
    /// These, in this order.
    Named(Vec<Node>),
    /// Those that have these labels when the rollout is carried out.
    Labelled(Selector),
}

/// How the pods of a node are moved away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// How long that may take.
    pub time: Duration,
    /// Whether pods may be moved whose `emptyDir` volumes are lost by it.
    pub delete_emptydir_data: bool,
}

/// A number of nodes, or a share of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many of each hundred.
    Percent(u32),
}

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not a number of nodes; write it like 2, or 5% of all")]
pub struct InvalidAmount {
    text: String,
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let invalid = || InvalidAmount {
            text: text.chars().take(80).collect(),
        };
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        if !digits.chars().all(|digit| digit.is_ascii_digit()) {
            return Err(invalid());
        }
        let number: u32 = digits.parse().map_err(|_| invalid())?;
        match (percent, number) {
            (true, 0..=100) => Ok(Self::Percent(number)),
            (false, 0..=100_000) => Ok(Self::Count(number)),
            _ => Err(invalid()),
        }
    }
}

/// A rollout whose amounts are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) canary: u32,
    pub(super) max_unavailable: u32,
    pub(super) max_failed: u32,
}

impl Rollout {
    /// Its amounts as numbers.
    ///
    /// # Errors
    /// [`RolloutError::ShareOfUnknown`] for a share of nodes that are known only later, and
    /// [`RolloutError::NoneUnavailable`] if no node could ever be begun.
    pub(super) fn limits(&self) -> Result<Limits, RolloutError> {
        let number = |amount, what| match (amount, &self.nodes) {
            (Amount::Count(count), _) => Ok(count),
            (Amount::Percent(percent), Nodes::Named(nodes)) => {
                let share = nodes.len() as u64 * u64::from(percent) / 100;
                Ok(u32::try_from(share).unwrap_or(u32::MAX))
            }
            (Amount::Percent(_), Nodes::Labelled(_)) => Err(RolloutError::ShareOfUnknown { what }),
        };
        let max_unavailable = match (
            self.max_unavailable,
            number(self.max_unavailable, "max-unavailable")?,
        ) {
            (Amount::Count(0) | Amount::Percent(0), _) => {
                return Err(RolloutError::NoneUnavailable);
            }
            // Of few nodes a share is less than one.
            (_, number) => number.max(1),
        };
        Ok(Limits {
            canary: self.canary.get(),
            max_unavailable,
            max_failed: number(self.max_failed, "max-failed")?,
        })
    }
}

impl Rollout {
    /// The options of `kubectl drain`, without the node.
    pub(super) fn drain_options(&self) -> Vec<String> {
        let Some(drain) = self.drain else {
            return Vec::new();
        };
        let mut options = vec!["--ignore-daemonsets".to_owned()];
        if drain.delete_emptydir_data {
            options.push("--delete-emptydir-data".to_owned());
        }
        options.push(format!("--timeout={}s", drain.time.as_secs()));
        options
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_is_a_number_or_a_share() {
        assert_eq!("3".parse(), Ok(Amount::Count(3)));
        assert_eq!("0".parse(), Ok(Amount::Count(0)));
        assert_eq!("5%".parse(), Ok(Amount::Percent(5)));
        for bad in [
            "",
            "%",
            "-1",
            "+1",
            "1.5",
            "101%",
            "x",
            "1 %",
            "99999999999",
            "100001",
        ] {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
    }
}
