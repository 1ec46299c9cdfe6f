//! What a node says of itself, for programs and for the comparison of many nodes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::forecast::Forecast;
use super::judgement::{Judgement, NodeState};
use super::reading::NodeReading;
use crate::host::doctor::{Leaks, Program, ProgramAccounting, ProgramKind, count_memory_cgroups};
use crate::host::kmem::{Accounting, MEMORY_CGROUP_IDS, Verdict, counts_removed};

/// Longest version text of a program, in characters.
const VERSION_WIDTH: usize = 60;

/// The facts about a node, without the version of its form, which the writer adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NodeDocument {
    /// What this document is: other commands print other ones.
    pub document: DocumentName,
    /// The name of the node, as `uname -n` prints it.
    pub host: String,
    /// When it was read.
    pub time: Timestamp,
    /// The version of this tool.
    pub tool: String,
    /// How the node is.
    pub state: NodeState,
    /// Why, the main reason first.
    pub why: Vec<String>,
    /// Its kernel.
    pub kernel: KernelFacts,
    /// The programs that make cgroups.
    pub programs: Vec<ProgramFacts>,
    /// Its cgroups now.
    pub accounting: AccountingFacts,
    /// The room for further memory cgroups.
    pub memory_cgroups: RoomFacts,
}

/// The name of this kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentName {
    /// Of `kmembuild node`.
    Node,
}

/// A kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KernelFacts {
    /// Its release; `None` if it could not be read.
    pub release: Option<String>,
    /// Whether accounting that is on leaks here.
    pub leaks: KernelLeaks,
}

/// Whether accounting that is on leaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelLeaks {
    /// It does.
    Yes,
    /// It is not known, or `cgroup.memory=nokmem` may prevent it.
    Perhaps,
    /// It does not.
    No,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProgramFacts {
    /// What it is, by its name.
    pub kind: ProgramKind,
    /// Its path.
    pub path: String,
    /// The first line of what it prints about its version; `None` if it was not run, or printed nothing.
    pub version: Option<String>,
    /// What it does about accounting.
    pub accounting: ProgramAccounting,
}

/// The state of accounting in the cgroups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccountingFacts {
    /// As `kmem status` has it.
    pub verdict: Verdict,
    /// Cgroups with accounting.
    pub on: u64,
    /// For people.
    pub text: String,
}

/// The memory cgroups that a node has and can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RoomFacts {
    /// How many the kernel counts; `None` if it does not tell.
    pub used: Option<u64>,
    /// How many it can have.
    pub limit: u64,
    /// Whether leaked ones are among those that are counted.
    pub leaked_counted: bool,
    /// When they are used up, where that is known.
    pub full_at: Option<Timestamp>,
}

impl NodeDocument {
    /// The document of a node that was read and judged.
    pub fn of(reading: &NodeReading, judgement: &Judgement) -> Self {
        let release = reading.kernel.kernel.as_ref().ok();
        let leaked_counted = release.is_none_or(|release| counts_removed(release));
        let full_at = match reading.measurements.forecast(leaked_counted) {
            Forecast::Full(at) => Some(at),
            _ => None,
        };
        Self {
            document: DocumentName::Node,
            host: reading.host.clone(),
            time: reading.time,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            state: judgement.state,
            why: judgement.why.clone(),
            kernel: KernelFacts {
                release: release.cloned(),
                leaks: match Leaks::on(&reading.kernel) {
                    Leaks::Yes => KernelLeaks::Yes,
                    Leaks::Perhaps => KernelLeaks::Perhaps,
                    Leaks::No(_) => KernelLeaks::No,
                },
            },
            programs: reading.programs.iter().map(program).collect(),
            accounting: AccountingFacts {
                verdict: reading.status.verdict,
                on: reading.status.count(Accounting::On),
                text: reading.status.answer(),
            },
            memory_cgroups: RoomFacts {
                used: count_memory_cgroups(&reading.kernel),
                limit: MEMORY_CGROUP_IDS,
                leaked_counted,
                full_at,
            },
        }
    }
}

fn program(program: &Program) -> ProgramFacts {
    let version = program.version_line();
    let version = version.map(|line| {
        let line = line.chars().filter(|c| !c.is_control());
        line.take(VERSION_WIDTH).collect()
    });
    ProgramFacts {
        kind: program.kind,
        path: program.path.display().to_string(),
        version,
        accounting: program.accounting(),
    }
}
