//! Does every source, registry and mirror that the recipes need answer?

use std::collections::BTreeSet;

use super::line::{Half, Level, Line};
use super::places::{Need, Place, PlaceKind, Purpose};
use super::probe::{Answer, Probe, ProbeError, Redirect};
use crate::advice::{OTHER_DEBIAN_MIRROR, OTHER_REGISTRY, OTHER_SOURCE, SLOW_MIRROR};
use crate::failure::with_causes;
use crate::source::redacted;

/// An answer that takes longer than this, in milliseconds, is a warning.
const SLOW: u64 = 2_000;

/// What a place can be used for.
enum State {
    Usable(String),
    /// It answers, but slowly.
    Slow(String),
    /// It could not be asked in the way a build would use it.
    Unknown(String),
    Unusable(String),
}

/// A line for each place. One that cannot be used is a failure only if a build with default options needs it and no other
/// place can replace it. `from_here`: the registries were asked from this host although the engine is on another one;
/// `hub_mirrors`: the mirrors that the engine asks before Docker Hub.
pub fn judge_places(
    places: &[Place],
    probes: &[Probe],
    from_here: bool,
    hub_mirrors: &[String],
) -> Vec<Line> {
    let states: Vec<_> = places
        .iter()
        .zip(probes)
        .map(|(place, probe)| (place, state(place, probe)))
        .collect();
    let mirror_of = |place: &Place| hub_mirrors.first().filter(|_| place.is_hub());
    let had: BTreeSet<&Need> = states
        .iter()
        .filter(|(place, state)| !matches!(state, State::Unusable(_)) || mirror_of(place).is_some())
        .flat_map(|(place, _)| &place.needs)
        .collect();
    let lines = states.iter().map(|(place, state)| {
        let remark = if from_here && place.kind == PlaceKind::Registry {
            " (checked from this machine, not from the engine's host)"
        } else {
            ""
        };
        let line = |level, found: &str| {
            let check = match place.kind {
                PlaceKind::Source => "source",
                PlaceKind::Registry => "registry",
                PlaceKind::Debian => "debian-mirror",
            };
            let line = Line::new(Half::Build, check, level, format!("{found}{remark}"));
            line.of(place.name.clone())
        };
        match state {
            State::Usable(found) => line(Level::Ok, found),
            State::Slow(found) => line(Level::Warn, found)
                .remedy(format!("use a nearer mirror; {SLOW_MIRROR}")),
            State::Unknown(found) => line(Level::Warn, found)
                .remedy("use `docker pull` with one of its images to see whether it answers"),
            State::Unusable(found) => {
                if let Some(mirror) = mirror_of(place) {
                    return line(Level::Warn, found).remedy(format!(
                        "the engine asks its mirror {} first; use `docker pull` to see whether that has the image",
                        redacted(mirror)
                    ));
                }
                let needs = place.needs.iter();
                let missing: Vec<_> = needs.filter(|need| !had.contains(need)).collect();
                let (level, remedy) = without(&missing, place.kind);
                let defaults = missing.iter().filter(|need| need.is_default);
                line(level, found)
                    .remedy(remedy)
                    .stops(defaults.map(|need| need.recipe.as_str()))
            }
        }
    });
    lines.collect()
}

/// The level if no place has what is missing, and what to do.
fn without(missing: &[&Need], kind: PlaceKind) -> (Level, String) {
    if missing.is_empty() {
        return (Level::Warn, "the next one is used instead".to_owned());
    }
    let defaults: Vec<_> = missing
        .iter()
        .copied()
        .filter(|need| need.is_default)
        .collect();
    let (level, told) = if defaults.is_empty() {
        (Level::Warn, missing)
    } else {
        (Level::Fail, defaults.as_slice())
    };
    let remedy = match kind {
        PlaceKind::Source => OTHER_SOURCE,
        PlaceKind::Registry => OTHER_REGISTRY,
        PlaceKind::Debian => OTHER_DEBIAN_MIRROR,
    };
    let names: Vec<_> = told.iter().map(|need| what(need)).collect();
    let around = told.iter().filter_map(|need| {
        let way = need.way_around.as_ref()?;
        Some(match told {
            [_] => format!("; {way}"),
            _ => format!("; for {} {way}", need.recipe),
        })
    });
    // A recipe may lack several things that the same other way does not need.
    let around: BTreeSet<String> = around.collect();
    let around = String::from_iter(around);
    let names = names.join(", ");
    (
        level,
        format!("{names} not available anywhere: {remedy}{around}"),
    )
}

fn what(need: &Need) -> String {
    let recipe = &need.recipe;
    match need.purpose {
        Purpose::Source => format!("source of {recipe}"),
        Purpose::Image(_) if need.is_default => format!("image of {recipe}"),
        Purpose::Image(way) => format!("image of {recipe} for `--image {way}`"),
        Purpose::Client => format!("docker client of {recipe} for `--via run-sh`"),
    }
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
        Ok(Answer::Folder) => State::Usable("repository on this machine".to_owned()),
        Ok(Answer::Listed) => usable(format!(
            "git lists its references{through}, {milliseconds} ms"
        )),
        Ok(Answer::Connected) => usable(match &probe.proxy {
            None => format!("accepts connections, {milliseconds} ms; no request was sent"),
            Some(proxy) => format!(
                "the proxy {proxy} accepts connections, {milliseconds} ms; no request was sent through SOCKS"
            ),
        }),
        Ok(Answer::Http { status, .. }) => {
            let led = match &probe.redirect {
                Some(Redirect::Followed(address)) => format!(" at {address}"),
                _ => String::new(),
            };
            let text = format!("answers {status}{led}{through}, {milliseconds} ms");
            if let Some(Redirect::Refused(address)) = &probe.redirect {
                return State::Unusable(format!(
                    "{text}: it redirects to {address}; only addresses on the same host or with https are followed"
                ));
            }
            match unexpected(place.kind, *status) {
                None => usable(text),
                Some(reason) => State::Unusable(format!("{text}: {reason}")),
            }
        }
        Err(error @ ProbeError::HiddenPassword) => State::Unknown(error.to_string()),
        Err(error @ ProbeError::TimedOut { .. }) => State::Unusable(format!("{error}{through}")),
        Err(error) => State::Unusable(format!("{}{through}", with_causes(error))),
    }
}

/// What is wrong with a status code of a place of that kind.
fn unexpected(kind: PlaceKind, status: u16) -> Option<&'static str> {
    match (kind, status) {
        // The registry asks for credentials first.
        (_, 200..=299) | (PlaceKind::Registry, 401) => None,
        (_, 407) => Some("the proxy requires credentials"),
        (_, 500..) => Some("server error"),
        (PlaceKind::Source, 401 | 403) => Some("the repository requires credentials"),
        (PlaceKind::Source, _) => Some("repository not found"),
        (PlaceKind::Registry, _) => Some("this is not a registry"),
        (PlaceKind::Debian, _) => Some("this release of Debian is not there"),
    }
}
