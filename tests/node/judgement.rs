//! Nodes of many kinds, each with its one answer: whole screens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use kmembuild::host::Hierarchy;
use kmembuild::host::doctor::{Node, find_programs};
use kmembuild::host::kmem::{Detail, HierarchyError, Status, System, walk};
use kmembuild::host::node::{
    Forecast, Measurements, NodeDocument, NodeReading, NodeState, judge_node,
};
use kmembuild::report::{Closing, Verbosity, node_text, node_verdict};
use tempfile::TempDir;

use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::golden::assert_golden;
use crate::support::programs::{OFF, ON, compile, own_folder};

const ID: &str = "0af50af50af50af50af50af50af50af50af50af50af50af50af50af50af50af5";

/// What is installed on a node.
struct Installed {
    root: TempDir,
}

impl Installed {
    /// Programs by their names, each with what it says and holds.
    fn new(programs: &[(&str, &str, &str)]) -> Self {
        let root = own_folder();
        for (name, version, text) in programs {
            compile(&root.path().join(name), version, text);
        }
        Self { root }
    }

    fn old() -> Self {
        Self::new(&[
            ("runc", "runc version 1.0.0-rc8", ON),
            ("kubelet", "Kubernetes v1.15.5", ON),
        ])
    }

    fn cured() -> Self {
        Self::new(&[
            ("runc", "runc version 1.0.0-rc93", OFF),
            ("kubelet", "Kubernetes v1.15.5", OFF),
        ])
    }

    fn path(&self) -> PathBuf {
        std::fs::canonicalize(self.root.path()).expect("the folder")
    }

    /// The node with the kernel of a fixture and these cgroups.
    fn node(&self, kernel: &str, cgroups: Option<&CgroupFolder>) -> NodeReading {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/doctor");
        let kernel = Node::read(&Path::new(fixtures).join(kernel));
        let nokmem = kernel.command_line.as_deref().unwrap_or_default();
        let system = System {
            kernel: kernel.kernel.clone().unwrap_or_default(),
            slabs: None,
            memory_cgroups: None,
            nokmem: nokmem.contains("nokmem"),
        };
        let status = match cgroups {
            Some(cgroups) => {
                let root = cgroups.root().to_owned();
                let hierarchy = Hierarchy { root, whole: false };
                walk(&hierarchy, system, Detail::Few).expect("a hierarchy")
            }
            None => Status::without_hierarchy(system, &HierarchyError::None),
        };
        NodeReading {
            host: "node17".to_owned(),
            time: time(),
            kernel,
            programs: find_programs(&[self.path()], &[], &|| false),
            status,
            no_hierarchy: None,
            measurements: Measurements::default(),
        }
    }

    /// The whole screen.
    fn screen(&self, reading: &NodeReading, forecast: Forecast) -> String {
        let judgement = judge_node(reading);
        let document = NodeDocument::of(reading, &judgement);
        let mut text =
            node_text(&document, &judgement, forecast, Verbosity::Normal, 120).to_string();
        let mut closing = Closing::new(node_verdict(&document));
        if let Some(words) = &judgement.next {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            closing = closing.next(&words);
        }
        text += &closing.text().to_string();
        for advice in &judgement.advice {
            text += &format!("hint: {advice}\n");
        }
        text.replace(&self.path().display().to_string(), "/usr/bin")
    }
}

fn time() -> Timestamp {
    "2020-03-01T10:00:00Z".parse().expect("a time")
}

fn cgroups(slabinfo: &str) -> CgroupFolder {
    let cgroups = CgroupFolder::new();
    for path in ["kubepods", "kubepods/pod12"] {
        cgroups.cgroup(path, slabinfo, "");
    }
    cgroups.cgroup(&format!("kubepods/pod12/{ID}"), slabinfo, "77\n");
    cgroups
}

/// A hierarchy in which accounting is on in the cgroups of pods.
fn accounted() -> CgroupFolder {
    cgroups(&format!("{HEAD}{CACHE}"))
}

/// One without any pod or container.
fn idle() -> CgroupFolder {
    CgroupFolder::new()
}

/// Name of the screen, what is installed, the kernel, the cgroups, and the answer.
const NODES: [(&str, &str, &str, &str, NodeState); 18] = {
    use NodeState::{Cured, Leaks, NotAffected, RebootNeeded, Unknown};
    [
        ("leaks", "old", "centos7", "on", Leaks),
        ("leaks-idle", "old", "centos7", "idle", Leaks),
        ("leaks-by-slurm", "cured", "centos7", "slurm", Leaks),
        ("leaks-unknown-runc", "strange", "centos7", "on", Leaks),
        ("leaks-no-programs", "none", "centos7", "on", Leaks),
        ("leaks-despite-nokmem", "old", "centos7-nokmem", "on", Leaks),
        ("reboot-needed", "cured", "centos7", "on", RebootNeeded),
        (
            "reboot-needed-full",
            "cured",
            "centos7-full",
            "idle",
            RebootNeeded,
        ),
        ("cured", "cured", "centos7", "idle", Cured),
        ("cured-unclear-kernel", "cured", "fedora22", "idle", Cured),
        ("unknown-runc", "strange", "centos7", "idle", Unknown),
        ("unknown-nokmem", "old", "centos7-nokmem", "idle", Unknown),
        ("unknown-kernel", "old", "fedora22", "idle", Unknown),
        ("unknown-no-programs", "none", "centos7", "idle", Unknown),
        ("unknown-no-hierarchy", "cured", "centos7", "", Unknown),
        ("unknown-broken", "old", "broken", "on", Unknown),
        ("not-affected", "old", "modern", "", NotAffected),
        ("not-affected-hybrid", "old", "hybrid", "on", NotAffected),
    ]
};

#[test]
fn a_node_has_one_answer_and_a_screen_for_it() {
    let strange = [
        ("runc", "runc version 1", "nothing that is known"),
        ("kubelet", "Kubernetes v1.15.5", OFF),
    ];
    let installed = BTreeMap::from([
        ("old", Installed::old()),
        ("cured", Installed::cured()),
        ("none", Installed::new(&[])),
        ("strange", Installed::new(&strange)),
    ]);
    let slurm = CgroupFolder::new();
    slurm.cgroup("slurm/uid_1", &format!("{HEAD}{CACHE}"), "78\n");
    let cgroups = BTreeMap::from([("on", accounted()), ("idle", idle()), ("slurm", slurm)]);
    for (name, programs, kernel, hierarchy, expected) in NODES {
        let installed = &installed[programs];
        let reading = installed.node(kernel, cgroups.get(hierarchy));
        let screen = installed.screen(&reading, Forecast::NotMeasured);
        assert_eq!(judge_node(&reading).state, expected, "{name}:\n{screen}");
        assert!(screen.lines().count() <= 16, "{name}:\n{screen}");
        assert_golden("node", name, &screen);
    }
}

#[test]
fn accounting_that_is_proven_to_be_off_is_told_as_the_cure() {
    // Only a kernel refuses to list the slab caches of a cgroup; what `kmem status` makes of that is tested there.
    let (old, cured, unknown) = (
        Installed::old(),
        Installed::cured(),
        Installed::new(&[("runc", "runc 1", "nothing that is known")]),
    );
    let idle = idle();
    for (name, installed, kernel, expected) in [
        ("cured-proven", &cured, "centos7", NodeState::Cured),
        ("cured-by-nokmem", &old, "centos7-nokmem", NodeState::Cured),
        ("leaks-not-yet", &old, "centos7", NodeState::Leaks),
        ("unknown-off", &unknown, "centos7", NodeState::Unknown),
    ] {
        let mut reading = installed.node(kernel, Some(&idle));
        reading.status.verdict = kmembuild::host::kmem::Verdict::Off;
        assert_eq!(judge_node(&reading).state, expected, "{name}");
        let screen = installed.screen(&reading, Forecast::NotMeasured);
        assert_golden("node", name, &screen);
    }
}

#[test]
fn the_time_that_is_left_is_told_where_it_is_known() {
    let cured = Installed::cured();
    let reading = cured.node("hybrid", None);
    for (hours, expected) in [
        (0, "full by now"),
        (3, "full in 3 hours\n"),
        (100, "full in 4 days\n"),
    ] {
        let full = time() + SignedDuration::from_hours(hours);
        let screen = cured.screen(&reading, Forecast::Full(full));
        assert!(screen.contains(expected), "{expected}: {screen}");
    }
    for (forecast, expected) in [
        (Forecast::Steady, "; no growth was measured\n"),
        (
            Forecast::TooShort,
            "; measured for too short a time for a forecast\n",
        ),
        (
            Forecast::BeforeBoot,
            "; measured before the last start of this machine only\n",
        ),
        (Forecast::NotMeasured, " %)\n"),
    ] {
        let screen = cured.screen(&reading, forecast);
        assert!(screen.contains(expected), "{expected}: {screen}");
    }
}

#[test]
fn every_pair_of_what_decides_has_an_answer_that_contradicts_no_part_of_it() {
    let installed = [
        Installed::old(),
        Installed::cured(),
        Installed::new(&[]),
        Installed::new(&[("runc", "runc 1", "nothing that is known")]),
    ];
    let hierarchies = [Some(accounted()), Some(idle()), Some(cgroups("")), None];
    let mut seen = std::collections::BTreeSet::new();
    for installed in &installed {
        for kernel in [
            "centos7",
            "centos7-full",
            "centos7-nokmem",
            "fedora22",
            "hybrid",
            "modern",
            "broken",
        ] {
            for cgroups in &hierarchies {
                let reading = installed.node(kernel, cgroups.as_ref());
                let judgement = judge_node(&reading);
                let document = NodeDocument::of(&reading, &judgement);
                let text = format!("{kernel}: {document:?}");
                seen.insert(judgement.state);
                let fails = |check: &str| {
                    let mut lines = judgement.lines.iter();
                    lines.any(|line| {
                        line.check == check && line.level == kmembuild::host::doctor::Level::Fail
                    })
                };
                // The doctor fails for a program or the cgroups exactly where the node leaks or has to be rebooted for it.
                let is_bad = ["runc", "kubelet", "accounting"].into_iter().any(fails);
                let leaks = matches!(judgement.state, NodeState::Leaks | NodeState::RebootNeeded);
                assert!(!is_bad || leaks, "{text}");
                if judgement.state == NodeState::NotAffected {
                    assert!(!is_bad, "{text}");
                }
                // Only what nothing speaks against is well.
                if matches!(judgement.state, NodeState::Cured) {
                    assert_ne!(
                        reading.status.verdict,
                        kmembuild::host::kmem::Verdict::On,
                        "{text}"
                    );
                }
                assert!(!judgement.why.is_empty(), "{text}");
            }
        }
    }
    assert_eq!(seen.len(), NodeState::ALL.len(), "{seen:?}");
}
