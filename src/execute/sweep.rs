//! Removes what dead runs left on an engine, and the registrations of those that have nothing left there.

use std::collections::BTreeSet;
use std::path::Path;

use super::registrations::{Registrations, State, run_of};
use crate::engine::{
    Engine, EngineError, LABEL_DEADLINE, LABEL_LIFETIME, LABEL_RECIPE, Leftover, LeftoverKind,
};

/// What may be removed.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent permissions"
)]
pub struct Sweep<'a> {
    /// Sessions of dead runs of this machine, sessions whose lifetime is over, and what upstream's scripts left.
    pub dead_runs: bool,
    /// Sessions that were kept on request.
    pub kept: bool,
    /// Sessions of other machines whose lifetime is not over.
    pub foreign: bool,
    /// Compile caches.
    pub volumes: bool,
    /// Toolchain images that the tool made.
    pub images: bool,
    /// Only caches and images of this recipe.
    pub recipe: Option<&'a str>,
}

impl Sweep<'_> {
    /// What every build removes before it starts.
    pub const DEAD_RUNS: Self = Self {
        dead_runs: true,
        kept: false,
        foreign: false,
        volumes: false,
        images: false,
        recipe: None,
    };

    /// Whether this may be removed. The engine itself knows whether a session uses a cache or an image.
    pub fn allows(&self, thing: &Leftover, runs: &Registrations<'_>) -> bool {
        let of_recipe = |allowed: bool| {
            let recipe = thing.labels.get(LABEL_RECIPE).map(String::as_str);
            // A session of a live run may be about to use it.
            allowed
                && (self.recipe.is_none() || self.recipe == recipe)
                && runs.state(thing) != State::Alive
        };
        match thing.kind {
            LeftoverKind::Container if !is_session(thing) => false,
            LeftoverKind::Container => {
                self.dead_runs
                    && match runs.state(thing) {
                        State::Alive => false,
                        State::Dead => true,
                        State::Kept => self.kept,
                        State::NotOurs => self.foreign || is_over(thing),
                    }
            }
            LeftoverKind::Volume => of_recipe(self.volumes),
            LeftoverKind::Image => of_recipe(self.images),
        }
    }
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was removed.
    pub removed: Vec<Leftover>,
    /// Caches and images that sessions use.
    pub in_use: Vec<Leftover>,
    /// Sessions that runs of other machines may still use.
    pub of_others: Vec<Leftover>,
    /// What could not be removed, by its name for people, and why.
    pub failed: Vec<(String, EngineError)>,
}

/// Removes from `engine` what `sweep` allows, and the registrations in `folder` ([`super::Run::begin`]) of runs that are
/// dead and have nothing left on it. What cannot be removed does not keep the rest from being removed.
///
/// # Errors
/// The [`EngineError`] of an engine that cannot list its contents, or is gone.
pub async fn sweep(
    engine: &dyn Engine,
    folder: &Path,
    sweep: Sweep<'_>,
) -> Result<Swept, EngineError> {
    let runs = Registrations::of(folder);
    // Before the engine is asked: a run that begins later is not among them, whatever it makes meanwhile.
    let registered = if sweep.dead_runs {
        runs.list(&engine.describe().address)
    } else {
        Vec::new()
    };
    // All are judged before the first is removed: by the registration of a run, all of its sessions are known.
    let Judged {
        allowed,
        of_others,
        mut busy,
    } = judge(engine.leftovers().await?, sweep, &runs);
    let mut swept = Swept {
        of_others,
        ..Swept::default()
    };
    for thing in allowed {
        match engine.remove(&thing).await {
            Ok(()) => swept.removed.push(thing),
            Err(EngineError::InUse { .. }) => swept.in_use.push(thing),
            Err(error) => {
                if thing.kind == LeftoverKind::Container {
                    busy.insert(run_of(&thing).to_owned());
                }
                swept.fail(thing.name, error)?;
            }
        }
    }
    let locks = folder.parent().map(|cache| cache.join("locks"));
    // After the sessions that drive the scripts: a script that still runs makes more.
    for registration in registered {
        let may_go = match registration.state {
            State::Dead => true,
            // Without a session and without a script's leftovers, nothing is kept any more.
            State::Kept => sweep.kept || registration.scripts.is_empty(),
            State::Alive | State::NotOurs => false,
        };
        if !may_go || !registration.is_here {
            continue;
        }
        let mut is_gone = !busy.contains(&registration.run);
        for left in &registration.scripts {
            let (removed, failed) = left.remove(engine, locks.as_deref()).await;
            swept.removed.extend(removed);
            is_gone &= failed.is_empty();
            for (name, error) in failed {
                swept.fail(name, error)?;
            }
        }
        if is_gone {
            registration.forget();
        }
    }
    Ok(swept)
}

/// What [`sweep`] would remove, as far as can be known before it tries: the engine tells only then that a session uses a
/// cache or an image, and what dead scripts left is not looked for.
///
/// # Errors
/// The [`EngineError`] of an engine that cannot list its contents.
pub async fn would_sweep(
    engine: &dyn Engine,
    folder: &Path,
    sweep: Sweep<'_>,
) -> Result<Swept, EngineError> {
    let runs = Registrations::of(folder);
    let judged = judge(engine.leftovers().await?, sweep, &runs);
    Ok(Swept {
        removed: judged.allowed,
        of_others: judged.of_others,
        ..Swept::default()
    })
}

/// What is on an engine, as a sweep sees it.
struct Judged {
    /// What may be removed, sessions first.
    allowed: Vec<Leftover>,
    /// Sessions that runs of other machines may still use.
    of_others: Vec<Leftover>,
    /// Runs that have sessions which stay.
    busy: BTreeSet<String>,
}

fn judge(mut leftovers: Vec<Leftover>, sweep: Sweep<'_>, runs: &Registrations<'_>) -> Judged {
    // Sessions use caches and images.
    leftovers.sort_by_key(|thing| thing.kind);
    let (allowed, left): (Vec<_>, Vec<_>) = leftovers
        .into_iter()
        .partition(|thing| sweep.allows(thing, runs));
    let mut of_others = Vec::new();
    let mut busy = BTreeSet::new();
    for thing in left.into_iter().filter(is_session) {
        busy.insert(run_of(&thing).to_owned());
        if sweep.dead_runs && runs.state(&thing) == State::NotOurs {
            of_others.push(thing);
        }
    }
    Judged {
        allowed,
        of_others,
        busy,
    }
}

impl Swept {
    /// Records what could not be removed; an engine that is gone cannot remove the rest either.
    fn fail(&mut self, name: String, error: EngineError) -> Result<(), EngineError> {
        match error {
            EngineError::Unreachable { .. } | EngineError::Lost { .. } => Err(error),
            error => {
                self.failed.push((name, error));
                Ok(())
            }
        }
    }
}

/// Whether it is a session, in whatever state: not a container that somebody started from an image of the tool, whose labels
/// it inherits.
fn is_session(thing: &Leftover) -> bool {
    thing.kind == LeftoverKind::Container
        && (thing.labels.contains_key(LABEL_LIFETIME) || thing.labels.contains_key(LABEL_DEADLINE))
}

/// Whether the time of a session is over, by the engine's clock alone. The clock of the machine that made the session may be
/// wrong, and so may that of this one: a session must not be removed under a live run for that. Where the engine does not
/// tell the time, nothing is over; a session ends by itself.
fn is_over(thing: &Leftover) -> bool {
    let Some(age) = thing.age else {
        return false;
    };
    let seconds = |label| thing.labels.get(label)?.parse::<u64>().ok();
    match (seconds(LABEL_LIFETIME), seconds(LABEL_DEADLINE)) {
        (Some(lifetime), _) => age.made.saturating_add(lifetime) < age.now,
        (None, Some(deadline)) => deadline < age.now,
        (None, None) => false,
    }
}
