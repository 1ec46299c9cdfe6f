//! The comparison of nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::documents::{Documents, Duplicate, Unreadable};
use super::member::{Member, MemberState};

/// Nodes, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fleet {
    /// The nodes, the worst first; of those with one state, the one that is full first.
    pub nodes: Vec<Member>,
    /// How many there are of each state.
    pub totals: Totals,
    /// The node whose memory cgroups are used up first, where that is known of any.
    pub first_full: Option<FullFirst>,
    /// Documents that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Documents that were left out because there is a newer one of the same host.
    pub duplicates: Vec<Duplicate>,
}

/// How many nodes there are of each state.
pub type Totals = BTreeMap<MemberState, u64>;

/// When the first node is full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FullFirst {
    /// Which one.
    pub host: String,
    /// When.
    pub at: Timestamp,
}

impl Fleet {
    /// Compares the nodes of these documents.
    pub fn of(documents: Documents) -> Self {
        let mut nodes = documents.members;
        nodes.sort_by(|one, other| order(one).cmp(&order(other)));
        let mut totals = Totals::new();
        for node in &nodes {
            *totals.entry(node.state).or_default() += 1;
        }
        let full = nodes
            .iter()
            .filter_map(|node| Some((node.full_at?, &node.host)));
        let first_full = full.min().map(|(at, host)| FullFirst {
            host: host.clone(),
            at,
        });
        Self {
            nodes,
            totals,
            first_full,
            unreadable: documents.unreadable,
            duplicates: documents.duplicates,
        }
    }

    /// How many nodes have this state.
    pub fn count(&self, state: MemberState) -> u64 {
        self.totals.get(&state).copied().unwrap_or_default()
    }

    /// The worst state of a node; `None` without nodes.
    pub fn worst(&self) -> Option<MemberState> {
        self.nodes.first().map(|node| node.state)
    }
}

/// The worst first, then the one that is full first, then the one with the most memory cgroups, then by name: `node9` before
/// `node10`.
fn order(node: &Member) -> impl Ord + '_ {
    (
        node.state,
        node.full_at.is_none(),
        node.full_at,
        std::cmp::Reverse(node.used),
        natural(&node.host),
    )
}

/// A name in parts: numbers are compared by their value.
fn natural(name: &str) -> Vec<(&str, u128)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        parts.push((word, number.parse().unwrap_or(u128::MAX)));
        rest = after;
    }
    parts
}
