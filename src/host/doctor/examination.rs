//! The examination: what is read for each question, and the order of the lines about it.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::bootstrap::{find_bootstrap, judge_bootstrap};
use super::clock::judge_clock;
use super::cluster::{ClusterReading, judge_cluster};
use super::engine::{EngineReading, judge_engine};
use super::line::{Half, Level, Line};
use super::local::{LocalReading, judge_local};
use super::oci::{OciReading, judge_oci};
use super::place_lines::judge_places;
use super::places::{Place, PlaceKind, places};
use super::probe::Probe;
use super::prober::{EngineRoute, Prober};
use super::room::judge_room;
use crate::engine::{Address, EngineChoice, Surroundings, connect_local, connect_runtime};
use crate::environment::Proxies;
use crate::failure::with_causes;
use crate::host::node::{Judgement, Measurements, NodeReading, judge_node};
use crate::library::{Library, LibraryError};
use crate::recipe::{DebianMirror, Recipe, RegistryPrefix};

/// A working engine answers every question within this time; the slowest question takes some engines a few seconds.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(20);

/// What to examine.
pub struct Examination<'a> {
    /// The one question to answer; both questions if `None`.
    pub only: Option<Half>,
    /// The recipes that this host should be able to build.
    pub recipes: KnownRecipes,
    /// Registry prefixes that the user's configuration adds to those of the recipes.
    pub mirrors: &'a [RegistryPrefix],
    /// The mirror of Debian's archive in the user's configuration.
    pub debian_mirror: Option<&'a DebianMirror>,
    /// The engine that was chosen.
    pub choice: EngineChoice,
    /// Where engines are.
    pub engines: Surroundings,
    /// The proxies of this process's environment.
    pub proxies: &'a Proxies,
    /// The directories of `PATH`.
    pub search_path: &'a [PathBuf],
    /// The time limit for each mirror and source.
    pub timeout: Duration,
}

/// What an examination found.
pub struct Examined {
    /// The checks: those about building first, then those about leaking.
    pub lines: Vec<Line>,
    /// The answer about leaking, if it was asked for.
    pub node: Option<Judgement>,
}

/// The recipes to examine.
#[derive(Default)]
pub struct KnownRecipes {
    readable: Vec<Recipe>,
    unreadable: Vec<Line>,
}

impl KnownRecipes {
    /// The names of those that can be read.
    pub fn names(&self) -> Vec<String> {
        let names = self.readable.iter().map(|recipe| recipe.name.to_string());
        names.collect()
    }

    /// Loads the recipes called `names`, or all recipes if there are none. Of all recipes, one that cannot be read becomes
    /// a warning.
    ///
    /// # Errors
    /// A named recipe that cannot be loaded, or a directory of recipes that cannot be listed.
    pub fn load(library: &Library, names: &[String]) -> Result<Self, LibraryError> {
        let mut recipes = Self::default();
        for name in names {
            recipes.readable.push(library.load(name)?.recipe);
        }
        if !names.is_empty() {
            return Ok(recipes);
        }
        for listed in library.list()? {
            match library.load(&listed.name) {
                Ok(loaded) => recipes.readable.push(loaded.recipe),
                Err(error) => {
                    let found = with_causes(&error);
                    let found = found.lines().next().unwrap_or_default();
                    let line = Line::new(Half::Build, "recipe", Level::Warn, found);
                    let remedy = format!(
                        "use `kmembuild recipes check` to see what is wrong with it; it is in {}",
                        listed.origin
                    );
                    recipes.unreadable.push(line.of(listed.name).remedy(remedy));
                }
            }
        }
        Ok(recipes)
    }
}

impl Examination<'_> {
    /// Answers the questions. `None` if `cancel` was cancelled before the end; nothing that was started is left running
    /// then.
    pub async fn run(self, cancel: &CancellationToken) -> Option<Examined> {
        let only = self.only;
        let search_path = self.search_path.to_vec();
        let build = async {
            if only == Some(Half::Leak) {
                return Vec::new();
            }
            tokio::select! {
                lines = self.can_it_build() => lines,
                () = cancel.cancelled() => Vec::new(),
            }
        };
        let leak = async {
            if only == Some(Half::Build) {
                return None;
            }
            does_it_leak(search_path, cancel.clone()).await
        };
        // Neither future is dropped early: a program that was started to print its version must not outlive this process.
        let (mut lines, node) = tokio::join!(build, leak);
        lines.extend(node.iter().flat_map(|node| node.lines.iter().cloned()));
        (!cancel.is_cancelled()).then_some(Examined { lines, node })
    }

    async fn can_it_build(self) -> Vec<Line> {
        let KnownRecipes {
            readable: recipes,
            unreadable,
        } = self.recipes;
        let mut places = places(&recipes, self.mirrors, self.debian_mirror);
        if self.choice == EngineChoice::Kubernetes {
            let asked = (self.engines, self.search_path, self.debian_mirror.is_some());
            return on_a_cluster(
                asked,
                &recipes,
                unreadable,
                places,
                self.proxies,
                self.timeout,
            )
            .await;
        }
        let local = LocalReading {
            choice: self.choice,
            in_container: self.engines.in_container,
            info: connect_local(self.engines.local)
                .await
                .map(|engine| engine.describe().clone()),
        };
        let oci = OciReading {
            choice: self.choice,
            info: connect_runtime(self.engines.runtime)
                .await
                .map(|engine| engine.describe().clone()),
        };
        if self.choice == EngineChoice::Local {
            return in_this_container(&local, unreadable, places, self.proxies, self.timeout).await;
        }
        let reading = EngineReading::read(&Address {
            request_timeout: ENGINE_TIMEOUT,
            ..self.engines.address
        })
        .await;
        let docker = reading.info.is_ok();
        // Nothing has to be done about an engine that is not used.
        let unused = |line: Line| Line {
            level: Level::Ok,
            remedy: None,
            found: format!("not used: {}", line.found),
            ..line
        };
        if local.is_used(docker) {
            let docker = judge_engine(&reading, self.proxies).into_iter().map(unused);
            let lines = in_this_container(&local, unreadable, places, self.proxies, self.timeout);
            return docker.chain(lines.await).collect();
        }
        let program = find_bootstrap(self.search_path);
        let has_mirror = self.debian_mirror.is_some();
        if oci.is_used(docker) {
            // It pulls nothing.
            places.retain(|place| place.kind != PlaceKind::Registry);
            let prober = Prober::new(self.proxies, &EngineRoute::default(), self.timeout);
            let answers = prober.ask(&places).await;
            let docker = judge_engine(&reading, self.proxies).into_iter().map(unused);
            let mut lines: Vec<_> = docker.collect();
            lines.push(judge_oci(&oci, false));
            lines.push(judge_local(&local, false));
            lines.extend(judge_bootstrap(&recipes, program.as_deref(), has_mirror));
            lines.extend(unreadable);
            lines.extend(judge_places(&places, &answers, false, &[]));
            let ahead: Vec<_> = answers.iter().filter_map(Probe::ahead).collect();
            lines.push(judge_clock(&ahead));
            return lines;
        }
        let prober = Prober::new(self.proxies, &reading.route(self.proxies), self.timeout);
        let answers = prober.ask(&places).await;

        let mut lines = judge_engine(&reading, self.proxies);
        lines.push(judge_oci(&oci, docker));
        lines.push(judge_local(&local, docker));
        lines.extend(judge_room(&reading, &recipes));
        lines.extend(judge_bootstrap(&recipes, program.as_deref(), has_mirror));
        lines.extend(unreadable);
        let from_here = reading.info.is_ok() && !reading.is_local();
        let setup = reading.setup();
        let hub_mirrors = setup.map_or(&[][..], |setup| &setup.hub_mirrors);
        lines.extend(judge_places(&places, &answers, from_here, hub_mirrors));
        let ahead: Vec<_> = answers.iter().filter_map(Probe::ahead).collect();
        lines.push(judge_clock(&ahead));
        lines
    }
}

/// What a build on a cluster needs of this machine: registries, whose images it looks up, sources, and mmdebstrap.
async fn on_a_cluster(
    (engines, search_path, has_mirror): (Surroundings, &[PathBuf], bool),
    recipes: &[Recipe],
    unreadable: Vec<Line>,
    places: Vec<Place>,
    proxies: &Proxies,
    timeout: Duration,
) -> Vec<Line> {
    let settings = engines.cluster.clone();
    let reading = ClusterReading::read(engines).await;
    let mut lines = judge_cluster(&reading, &settings);
    let prober = Prober::new(proxies, &EngineRoute::default(), timeout);
    let answers = prober.ask(&places).await;
    let program = find_bootstrap(search_path);
    lines.extend(judge_bootstrap(recipes, program.as_deref(), has_mirror));
    lines.extend(unreadable);
    lines.extend(judge_places(&places, &answers, false, &[]));
    let ahead: Vec<_> = answers.iter().filter_map(Probe::ahead).collect();
    lines.push(judge_clock(&ahead));
    lines
}

/// What a build in the file system of this process needs: neither registries nor mmdebstrap.
async fn in_this_container(
    local: &LocalReading,
    unreadable: Vec<Line>,
    mut places: Vec<Place>,
    proxies: &Proxies,
    timeout: Duration,
) -> Vec<Line> {
    places.retain(|place| place.kind == PlaceKind::Source);
    let prober = Prober::new(proxies, &EngineRoute::default(), timeout);
    let answers = prober.ask(&places).await;
    let mut lines = vec![judge_local(local, false)];
    lines.extend(unreadable);
    lines.extend(judge_places(&places, &answers, false, &[]));
    let ahead: Vec<_> = answers.iter().filter_map(Probe::ahead).collect();
    lines.push(judge_clock(&ahead));
    lines
}

/// Ends early when `cancel` is cancelled.
async fn does_it_leak(search_path: Vec<PathBuf>, cancel: CancellationToken) -> Option<Judgement> {
    let reading = tokio::task::spawn_blocking(move || {
        let measured = Measurements::default();
        NodeReading::read(&search_path, None, measured, &|| cancel.is_cancelled())
    });
    match reading.await {
        Ok(reading) => Some(judge_node(&reading)),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, so nobody reads the answer.
            Err(_) => None,
        },
    }
}
