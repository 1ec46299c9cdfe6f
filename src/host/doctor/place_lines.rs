//! Is there, for everything that the recipes look for, a place that answers?

use std::collections::BTreeSet;

use super::line::{Half, Level, Line};
use super::places::{Need, Place, PlaceKind, Purpose};
use super::probe::{Answer, Probe, ProbeError};
use crate::execute::with_causes;

/// An answer that takes longer than this, in milliseconds, is worth a word.
const SLOW: u64 = 2_000;

/// What a place is good for.
enum State {
    Usable(String),
    /// It answers, and takes its time.
    Slow(String),
    Unusable(String),
}

/// A line for each place. One that is of no use is a failure only where something has no other place; `from_here`: the
/// registries were asked from this host although the engine is on another one.
pub fn judge_places(places: &[Place], probes: &[Probe], from_here: bool) -> Vec<Line> {
    let states: Vec<_> = places
        .iter()
        .zip(probes)
        .map(|(place, probe)| (place, state(place, probe)))
        .collect();
    let had: BTreeSet<&Need> = states
        .iter()
        .filter(|(_, state)| !matches!(state, State::Unusable(_)))
        .flat_map(|(place, _)| &place.needs)
        .collect();
    let lines = states.iter().map(|(place, state)| {
        let remark = if from_here && place.kind == PlaceKind::Registry {
            ", asked from here, not from the engine's host"
        } else {
            ""
        };
        let (check, remedy) = match place.kind {
            PlaceKind::Source => ("source", "--source names another URL, or a local clone"),
            PlaceKind::Registry => (
                "registry",
                "--mirror (or `mirrors` of the configuration) names a registry that answers, --image-archive brings the image as a file",
            ),
            PlaceKind::Debian => (
                "debian-mirror",
                "--debian-mirror (or `debian-mirror` of the configuration) names another",
            ),
        };
        let line = |level, found: &str| {
            let line = Line::new(Half::Build, check, level, format!("{found}{remark}"));
            line.of(place.name.clone())
        };
        match state {
            State::Usable(found) => line(Level::Ok, found),
            State::Slow(found) => line(Level::Warn, found)
                .remedy("a nearer mirror is faster; --stall-timeout gives a slow one more time"),
            State::Unusable(found) => {
                let missing: Vec<_> = place
                    .needs
                    .iter()
                    .filter(|need| !had.contains(need))
                    .map(what)
                    .collect();
                if missing.is_empty() {
                    line(Level::Warn, found).remedy("the next place is tried in its stead")
                } else {
                    line(Level::Fail, found)
                        .remedy(format!("no place has {}: {remedy}", missing.join(", ")))
                }
            }
        }
    });
    lines.collect()
}

fn what(need: &Need) -> String {
    let what = match need.purpose {
        Purpose::Source => "the source",
        Purpose::Image => "the image",
        Purpose::ImageOfSome => "the image of some versions",
    };
    format!("{what} of {}", need.recipe)
}

fn state(place: &Place, probe: &Probe) -> State {
    let through = match &probe.proxy {
        Some(proxy) => format!(" through {proxy}"),
        None => String::new(),
    };
    let milliseconds = probe.milliseconds;
    let usable = |text: String| {
        if milliseconds > SLOW {
            State::Slow(text)
        } else {
            State::Usable(text)
        }
    };
    match &probe.outcome {
        Ok(Answer::Folder) => State::Usable("a repository of this host".to_owned()),
        Ok(Answer::Connected) => usable(format!(
            "resolves and connects, {milliseconds} ms; nothing was asked"
        )),
        Ok(Answer::Http { status, .. }) => {
            let text = format!("answers {status}{through}, {milliseconds} ms");
            match unexpected(place.kind, *status) {
                None => usable(text),
                Some(reason) => State::Unusable(format!("{text}: {reason}")),
            }
        }
        Err(error @ ProbeError::TimedOut { .. }) => State::Unusable(format!("{error}{through}")),
        Err(error) => State::Unusable(format!(
            "{}{through}, {milliseconds} ms",
            with_causes(error)
        )),
    }
}

/// What is wrong with a status for a place of that kind.
fn unexpected(kind: PlaceKind, status: u16) -> Option<&'static str> {
    match (kind, status) {
        // A registry that wants to know who asks first.
        (_, 200..=299) | (PlaceKind::Registry, 401) => None,
        (_, 407) => Some("the proxy wants credentials"),
        (_, 500..) => Some("it is in trouble"),
        (PlaceKind::Source, 401 | 403) => {
            Some("it gives the repository to nobody that it does not know")
        }
        (PlaceKind::Source, _) => Some("no repository is there"),
        (PlaceKind::Registry, _) => Some("a registry answers otherwise"),
        (PlaceKind::Debian, _) => Some("it does not have this release of Debian"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::places::Target;
    use super::*;

    fn place(name: &str, kind: PlaceKind, needs: &[(&str, Purpose)]) -> Place {
        Place {
            name: name.to_owned(),
            kind,
            target: Target::Unusable(String::new()),
            needs: needs
                .iter()
                .map(|(recipe, purpose)| Need {
                    recipe: (*recipe).to_owned(),
                    purpose: *purpose,
                })
                .collect(),
        }
    }

    fn answered(status: u16, milliseconds: u64) -> Probe {
        Probe {
            outcome: Ok(Answer::Http {
                status,
                ahead: None,
            }),
            milliseconds,
            proxy: None,
        }
    }

    fn dead() -> Probe {
        Probe {
            outcome: Err(ProbeError::Connect {
                host: "a".to_owned(),
                port: 1,
                source: io::ErrorKind::ConnectionRefused.into(),
            }),
            milliseconds: 3,
            proxy: None,
        }
    }

    #[test]
    fn a_dead_place_is_a_failure_only_without_another() {
        let source = |name| place(name, PlaceKind::Source, &[("runc", Purpose::Source)]);
        let registry = place("hub", PlaceKind::Registry, &[("runc", Purpose::Image)]);
        let both = [source("a"), source("b"), registry];
        let lines = judge_places(&both, &[dead(), answered(200, 5), dead()], false);
        let levels: Vec<_> = lines.iter().map(|line| line.level).collect();
        assert_eq!(levels, [Level::Warn, Level::Ok, Level::Fail]);
        let remedy = lines[2].remedy.as_deref().unwrap();
        assert!(
            remedy.contains("no place has the image of runc"),
            "{remedy}"
        );
        assert_eq!(lines[1].found, "answers 200, 5 ms");
    }

    #[test]
    fn debians_archive_is_another_way_to_the_image() {
        let image = [("runc", Purpose::Image)];
        let both = [
            place("hub", PlaceKind::Registry, &image),
            place("debian", PlaceKind::Debian, &image),
        ];
        let lines = judge_places(&both, &[dead(), answered(200, 2_500)], true);
        assert_eq!(lines[0].level, Level::Warn);
        assert!(lines[0].found.contains("asked from here"), "{lines:?}");
        assert_eq!(lines[1].level, Level::Warn, "slow: {lines:?}");
        assert!(!lines[1].found.contains("asked from here"), "{lines:?}");
    }

    #[test]
    fn an_answer_has_to_be_that_of_such_a_place() {
        for (kind, good, bad) in [
            (PlaceKind::Source, &[200][..], &[401, 404, 407, 500][..]),
            (PlaceKind::Registry, &[200, 401], &[403, 404, 407, 503]),
            (PlaceKind::Debian, &[200], &[404, 407, 500]),
        ] {
            for status in good {
                assert_eq!(unexpected(kind, *status), None, "{kind:?} {status}");
            }
            for status in bad {
                assert!(unexpected(kind, *status).is_some(), "{kind:?} {status}");
            }
        }
    }
}
