//! The answer about a node.

use serde::{Deserialize, Serialize};

use super::reading::NodeReading;
use crate::host::Kernel;
use crate::host::doctor::{
    Leaks, Level, Line, Program, ProgramAccounting, ProgramKind, judge_accounting, judge_hierarchy,
    judge_kernel, judge_memory_cgroups, judge_programs,
};
use crate::host::kernel::has_no_kmem;
use crate::host::kmem::{MEMORY_CGROUP_IDS, Owner, Status, Verdict};

/// How a node is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Accounting is turned on, and the kernel leaks by it.
    Leaks,
    /// Its programs never turn accounting on, but cgroups from before still have it, or are left.
    RebootNeeded,
    /// Could not be determined.
    Unknown,
    /// Its kernel leaks, but nothing turns accounting on.
    Cured,
    /// Its kernel does not leak.
    NotAffected,
}

impl NodeState {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Leaks,
        Self::RebootNeeded,
        Self::Unknown,
        Self::Cured,
        Self::NotAffected,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Leaks => "leaks",
            Self::RebootNeeded => "reboot needed",
            Self::Unknown => "unknown",
            Self::Cured => "cured",
            Self::NotAffected => "not affected",
        }
    }
}

/// The answer, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How the node is.
    pub state: NodeState,
    /// Why, the main reason first.
    pub why: Vec<String>,
    /// What to do, one sentence each.
    pub advice: Vec<String>,
    /// The arguments of the command of this tool that comes next.
    pub next: Option<Vec<String>>,
    /// Every single check: the doctor's lines about leaking.
    pub lines: Vec<Line>,
    /// How the room for further memory cgroups is.
    pub room: Level,
}

/// Judges a node. Pure.
pub fn judge_node(reading: &NodeReading) -> Judgement {
    let leaks = Leaks::on(&reading.kernel);
    let room = judge_memory_cgroups(&reading.kernel);
    let level = room.level;
    let mut lines = judge_kernel(&reading.kernel);
    lines.push(judge_hierarchy(&reading.kernel));
    lines.push(judge_accounting(&reading.status, leaks));
    lines.push(room);
    lines.extend(judge_programs(&reading.programs, leaks));
    let answer = Evidence::of(reading, leaks, level).answer();
    let mut advice = answer.advice;
    if level == Level::Fail && answer.state != NodeState::RebootNeeded {
        advice.push(format!(
            "drain this node and reboot it soon: when all {MEMORY_CGROUP_IDS} memory cgroups are used, no container starts"
        ));
    }
    Judgement {
        state: answer.state,
        why: answer.why,
        advice,
        next: answer.next,
        lines,
        room: level,
    }
}

/// What decides.
struct Evidence<'a> {
    kernel: &'a str,
    leaks: Leaks,
    /// The kernel is one of those that leak, whatever its command line says.
    is_affected: bool,
    /// `cgroup.memory=nokmem` is set, which such a kernel may ignore.
    nokmem: bool,
    status: &'a Status,
    room: Level,
    on: Vec<&'a Program>,
    unknown: Vec<&'a Program>,
    /// runc and kubelet that never turn it on.
    quiet: Vec<&'a Program>,
}

struct Answer {
    state: NodeState,
    why: Vec<String>,
    advice: Vec<String>,
    next: Option<Vec<String>>,
}

impl Answer {
    fn new(state: NodeState, why: impl Into<String>) -> Self {
        Self {
            state,
            why: vec![why.into()],
            advice: Vec::new(),
            next: None,
        }
    }

    fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    fn next(mut self, words: &[&str]) -> Self {
        self.next = Some(words.iter().map(|&word| word.to_owned()).collect());
        self
    }
}

impl<'a> Evidence<'a> {
    fn of(reading: &'a NodeReading, leaks: Leaks, room: Level) -> Self {
        let node = &reading.kernel;
        let of = |accounting| {
            let programs = reading.programs.iter();
            let programs = programs.filter(move |program| program.accounting() == accounting);
            programs.collect::<Vec<_>>()
        };
        let mut quiet = of(ProgramAccounting::Off);
        quiet.retain(|program| program.kind != ProgramKind::Docker);
        Self {
            kernel: node.kernel.as_deref().unwrap_or("of an unknown release"),
            leaks,
            is_affected: node.kernel.as_deref().map(Kernel::of) == Ok(Kernel::Affected),
            nokmem: node.command_line.as_deref().is_ok_and(has_no_kmem),
            status: &reading.status,
            room,
            on: of(ProgramAccounting::On),
            unknown: of(ProgramAccounting::Unknown),
            quiet,
        }
    }

    fn answer(&self) -> Answer {
        if let Leaks::No(reason) = self.leaks {
            return self.not_affected(reason);
        }
        let is_on = self.status.verdict == Verdict::On;
        if !self.is_affected && (is_on || !self.on.is_empty()) {
            return self.unclear_kernel();
        }
        if !self.on.is_empty() {
            return self.turned_on(is_on);
        }
        if is_on {
            return self.still_on();
        }
        self.quiet()
    }

    fn not_affected(&self, reason: &str) -> Answer {
        let why = format!("{reason} (kernel {})", self.kernel);
        Answer::new(NodeState::NotAffected, why)
    }

    /// Nobody knows whether this kernel leaks, but accounting is on.
    fn unclear_kernel(&self) -> Answer {
        let why = format!(
            "accounting is on, and whether kernel {} leaks by it is not known; 3.x does, 4.4 and later does not",
            self.kernel
        );
        Answer::new(NodeState::Unknown, why)
            .advice("use `kmembuild kmem watch` to see whether memory cgroups grow")
            .next(&["kmem", "watch", "--duration", "1h"])
    }

    /// A program turns it on, on a kernel that leaks.
    fn turned_on(&self, is_on: bool) -> Answer {
        let paths: Vec<_> = self.on.iter().map(|program| path(program)).collect();
        let (paths, verb) = match paths.as_slice() {
            [one] => (one.clone(), "turns"),
            several => (several.join(" and "), "turn"),
        };
        if self.nokmem && !is_on {
            return match self.status.verdict {
                Verdict::Off => Answer::new(
                    NodeState::Cured,
                    format!(
                        "cgroup.memory=nokmem took effect: accounting is off in all cgroups, although {paths} {verb} it on"
                    ),
                ),
                _ => Answer::new(
                    NodeState::Unknown,
                    format!(
                        "{paths} {verb} accounting on; whether cgroup.memory=nokmem prevents it is seen in a container only"
                    ),
                )
                .advice("start a pod with a container, and ask again"),
            };
        }
        let why = format!(
            "{paths} {verb} accounting on, and kernel {} leaks by it",
            self.kernel
        );
        let mut answer = Answer::new(NodeState::Leaks, why);
        if is_on {
            answer.why.push(self.cgroups());
        }
        let first = self.on[0];
        let recipe = match first.kind {
            ProgramKind::Kubelet => "kubelet",
            ProgramKind::Runc | ProgramKind::Docker => "runc",
        };
        answer
            .advice(format!(
                "`kmembuild {recipe} --like {}` builds the same version without accounting; install it, then reboot this node",
                path(first)
            ))
            .next(&[recipe, "--like", &path(first)])
    }

    /// Accounting is on in cgroups, but no program was found that turns it on.
    fn still_on(&self) -> Answer {
        let leaking = |why: String| Answer::new(NodeState::Leaks, why);
        let others: Vec<_> = self.status.owners.iter().map(|count| count.owner).collect();
        let others: Vec<_> = others
            .into_iter()
            .filter(|owner| !(*owner == Owner::Kubelet || owner.runs_containers()))
            .map(Owner::title)
            .collect();
        if !others.is_empty() {
            return leaking(format!(
                "accounting is on in cgroups of {}, and kernel {} leaks by it",
                others.join(" and "),
                self.kernel
            ))
            .advice("`kmembuild kmem status` names the cgroups and tells what to change")
            .next(&["kmem", "status"]);
        }
        if let Some(unknown) = self.unknown.first() {
            return leaking(format!(
                "{}; {} could not be checked, and kernel {} leaks by it",
                self.cgroups(),
                path(unknown),
                self.kernel
            ))
            .advice("as root, `kmembuild verify` tells what this program is")
            .next(&["verify", &path(unknown)]);
        }
        if self.quiet.is_empty() {
            return leaking(format!(
                "{}, and kernel {} leaks by it; what turned it on was not found",
                self.cgroups(),
                self.kernel
            ))
            .advice(
                "use `kmembuild verify` with the paths of the runc and the kubelet of this node",
            )
            .next(&["kmem", "status"]);
        }
        Answer::new(
            NodeState::RebootNeeded,
            format!("{}, but {} from before", self.never(), self.cgroups()),
        )
        .advice("drain this node and reboot it: existing cgroups keep their accounting")
    }

    /// Nothing was found that is on.
    fn quiet(&self) -> Answer {
        if let Some(unknown) = self.unknown.first() {
            return Answer::new(
                NodeState::Unknown,
                format!(
                    "whether {} turns accounting on could not be determined",
                    path(unknown)
                ),
            )
            .advice("as root, `kmembuild verify` tells what this program is")
            .next(&["verify", &path(unknown)]);
        }
        if self.quiet.is_empty() {
            return Answer::new(NodeState::Unknown, "neither runc nor kubelet was found").advice(
                "use `kmembuild verify` with the paths of the runc and the kubelet of this node",
            );
        }
        let never = self.never();
        if self.room != Level::Ok {
            return Answer::new(
                NodeState::RebootNeeded,
                format!(
                    "{never}, but most memory cgroups are used; leaked ones from before may be among them"
                ),
            )
            .advice("drain this node and reboot it: only that removes leaked memory cgroups");
        }
        match self.status.verdict {
            Verdict::CannotTell if !self.status.is_idle() => {
                let problem = self.status.problems.first();
                let problem = problem.map(|problem| format!(": {}", problem.text));
                Answer::new(
                    NodeState::Unknown,
                    format!(
                        "{never}, but whether it is on in the cgroups could not be determined{}",
                        problem.unwrap_or_default()
                    ),
                )
                .advice("`kmembuild kmem status` tells why")
                .next(&["kmem", "status"])
            }
            Verdict::CannotTell => Answer::new(
                NodeState::Cured,
                format!("{never}; no pod or container runs now, in which that could be seen"),
            ),
            _ => Answer::new(
                NodeState::Cured,
                format!("{never}, and it is off in the cgroups"),
            ),
        }
    }

    /// `accounting is on in 6 cgroups`.
    fn cgroups(&self) -> String {
        format!("accounting is on in {}", self.status.cgroups_on())
    }

    /// `runc and kubelet never turn accounting on`.
    fn never(&self) -> String {
        let has = |kind| self.quiet.iter().any(|program| program.kind == kind);
        let names = match (has(ProgramKind::Runc), has(ProgramKind::Kubelet)) {
            (true, true) => "runc and kubelet never turn",
            (true, false) => "runc never turns",
            _ => "kubelet never turns",
        };
        format!("{names} accounting on")
    }
}

fn path(program: &Program) -> String {
    program.path.display().to_string()
}
