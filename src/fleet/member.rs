//! One node of a fleet, as far as it is shown.

use jiff::Timestamp;
use serde::Serialize;

use crate::host::doctor::{ProgramAccounting, ProgramKind};
use crate::host::node::{NodeDocument, NodeState};

/// Longest reason that is kept, in characters.
const LONGEST: usize = 300;
/// Longest release of a kernel, and version of a program.
const LONGEST_VERSION: usize = 64;
/// Longest name of a host: that of DNS.
const LONGEST_HOST: usize = 253;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Member {
    /// Its name: that which it was asked by, or which its document has.
    pub host: String,
    /// How it is.
    pub state: MemberState,
    /// The main reason.
    pub why: String,
    /// The release of its kernel.
    pub kernel: Option<String>,
    /// Its runc; of several, the worst.
    pub runc: Option<MemberProgram>,
    /// Its kubelet; of several, the worst.
    pub kubelet: Option<MemberProgram>,
    /// Memory cgroups in use.
    pub used: Option<u64>,
    /// How many it can have.
    pub limit: Option<u64>,
    /// When they are used up, where that is known.
    pub full_at: Option<Timestamp>,
    /// When it was read; `None` if it did not answer.
    pub time: Option<Timestamp>,
    /// The version of the tool that read it.
    pub tool: Option<String>,
    /// Where its document was found.
    pub place: String,
}

/// How a node of a fleet is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// Leaks.
    Leaks,
    /// Has to be rebooted.
    RebootNeeded,
    /// Did not answer.
    Unreachable,
    /// Could not be determined.
    Unknown,
    /// Cured.
    Cured,
    /// Its kernel does not leak.
    NotAffected,
}

/// A program of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemberProgram {
    /// Its version, without the name of the program.
    pub version: Option<String>,
    /// What it does about accounting.
    pub accounting: ProgramAccounting,
}

impl MemberState {
    /// All of them, the worst first.
    pub const ALL: [Self; 6] = [
        Self::Leaks,
        Self::RebootNeeded,
        Self::Unreachable,
        Self::Unknown,
        Self::Cured,
        Self::NotAffected,
    ];

    /// The word for one node.
    pub fn word(self) -> &'static str {
        match self {
            Self::Leaks => NodeState::Leaks.word(),
            Self::RebootNeeded => NodeState::RebootNeeded.word(),
            Self::Unreachable => "unreachable",
            Self::Unknown => NodeState::Unknown.word(),
            Self::Cured => NodeState::Cured.word(),
            Self::NotAffected => NodeState::NotAffected.word(),
        }
    }
}

impl From<NodeState> for MemberState {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Leaks => Self::Leaks,
            NodeState::RebootNeeded => Self::RebootNeeded,
            NodeState::Unknown => Self::Unknown,
            NodeState::Cured => Self::Cured,
            NodeState::NotAffected => Self::NotAffected,
        }
    }
}

impl Member {
    /// A node by its document, found at `place`.
    ///
    /// # Errors
    /// Why its name is none.
    pub(super) fn of(document: &NodeDocument, place: String) -> Result<Self, String> {
        if !is_host(&document.host) {
            return Err(format!(
                "{:?} is not the name of a host",
                cut(&document.host)
            ));
        }
        let program = |kind| {
            let of_kind = document
                .programs
                .iter()
                .filter(|program| program.kind == kind);
            let worst = of_kind.min_by_key(|program| weight(program.accounting))?;
            Some(MemberProgram {
                version: worst.version.as_deref().and_then(version),
                accounting: worst.accounting,
            })
        };
        Ok(Self {
            host: document.host.clone(),
            state: document.state.into(),
            why: document.why.first().map(|why| cut(why)).unwrap_or_default(),
            kernel: document.kernel.release.as_deref().map(cut_version),
            runc: program(ProgramKind::Runc),
            kubelet: program(ProgramKind::Kubelet),
            used: document.memory_cgroups.used,
            limit: Some(document.memory_cgroups.limit),
            full_at: document.memory_cgroups.full_at,
            time: Some(document.time),
            tool: Some(cut_version(&document.tool)),
            place,
        })
    }

    /// A node that did not answer, for that reason.
    pub(super) fn unreachable(host: &str, reason: &str) -> Self {
        Self {
            host: host.to_owned(),
            state: MemberState::Unreachable,
            why: cut(reason),
            kernel: None,
            runc: None,
            kubelet: None,
            used: None,
            limit: None,
            full_at: None,
            time: None,
            tool: None,
            place: "ssh".to_owned(),
        }
    }

    /// Whether nine tenths of its memory cgroups are used.
    pub fn is_nearly_full(&self) -> bool {
        matches!((self.used, self.limit), (Some(used), Some(limit)) if used >= limit / 10 * 9)
    }
}

/// The worst first.
fn weight(accounting: ProgramAccounting) -> u8 {
    match accounting {
        ProgramAccounting::On => 0,
        ProgramAccounting::Unknown => 1,
        ProgramAccounting::Off => 2,
    }
}

/// Whether a text can be the name of a host: words of letters and digits, so that it stands in a table as what it is.
fn is_host(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty()
        && !text.starts_with('-')
        && text.len() <= LONGEST_HOST
        && text.chars().all(is_part)
}

/// The number in a version text: `1.0.0-rc10` of `runc version 1.0.0-rc10`.
fn version(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        let number = word.strip_prefix('v').unwrap_or(word);
        number.starts_with(|c: char| c.is_ascii_digit())
    };
    text.split_whitespace().find(is_version).map(cut_version)
}

fn cut_version(text: &str) -> String {
    cut(text).chars().take(LONGEST_VERSION).collect()
}

/// The beginning of a text, without what is not to be seen.
fn cut(text: &str) -> String {
    let text = text.chars().filter(|c| !c.is_control());
    text.take(LONGEST).collect()
}
