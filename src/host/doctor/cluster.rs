//! Does a cluster answer, and may it be used?

use super::line::{Half, Level, Line};
use crate::advice;
use crate::engine::{
    ClusterExamined, ClusterSettings, EngineChoice, EngineError, EngineInfo, Surroundings, connect,
};
use crate::failure::with_causes;

/// What a cluster reported, or why it did not.
#[derive(Debug)]
pub struct ClusterReading {
    /// Product and version.
    pub info: Result<EngineInfo, EngineError>,
    /// What it allows; `None` if it did not answer at all.
    pub examined: Option<Result<ClusterExamined, EngineError>>,
}

impl ClusterReading {
    /// Asks the cluster.
    pub async fn read(surroundings: Surroundings) -> Self {
        let engine = match connect(EngineChoice::Kubernetes, surroundings).await {
            Ok(engine) => engine,
            Err(error) => {
                return Self {
                    info: Err(error),
                    examined: None,
                };
            }
        };
        Self {
            info: Ok(engine.describe().clone()),
            examined: match engine.as_cluster() {
                Some(cluster) => Some(cluster.examine().await),
                None => None,
            },
        }
    }
}

/// The lines about the cluster.
pub fn judge_cluster(reading: &ClusterReading, settings: &ClusterSettings) -> Vec<Line> {
    let line = |check, level, found: String| Line::new(Half::Build, check, level, found);
    let failed = |check, error: &EngineError| {
        let failed = line(check, Level::Fail, with_causes(error));
        match advice::engine(error) {
            Some(remedy) => failed.remedy(remedy),
            None => failed,
        }
    };
    let info = match &reading.info {
        Ok(info) => info,
        Err(error) => return vec![failed("engine-kubernetes", error)],
    };
    let found = format!("{} at {}", info.version, info.address);
    let mut lines = vec![line("engine-kubernetes", Level::Ok, found)];
    match &reading.examined {
        None => {}
        Some(Err(error)) => lines.push(failed("cluster-rights", error)),
        Some(Ok(examined)) => {
            lines.push(judge_rights(examined));
            let quotas = match examined.quotas.as_slice() {
                [] => "none that this user can read".to_owned(),
                quotas => quotas.join("; "),
            };
            lines.push(line("cluster-quota", Level::Ok, quotas));
            let place = settings.registry.as_ref().map(ToString::to_string);
            let place = place.unwrap_or_default();
            lines.push(match &examined.registry {
                Ok(()) => line("cluster-registry", Level::Ok, format!("{place} answers")),
                Err(error) => line("cluster-registry", Level::Fail, with_causes(error)).remedy(
                    "check --registry, and log in with `docker login` where it wants a password",
                ),
            });
        }
    }
    lines
}

fn judge_rights(examined: &ClusterExamined) -> Line {
    let missing = examined.rights.iter().filter(|right| !right.is_granted);
    let missing: Vec<_> = missing
        .map(|right| format!("{} {}", right.verb, right.resource))
        .collect();
    let namespace = &examined.namespace;
    if missing.is_empty() {
        let found = format!("all that are needed in the namespace {namespace}");
        return Line::new(Half::Build, "cluster-rights", Level::Ok, found);
    }
    let found = format!(
        "this user may not {} in the namespace {namespace}",
        missing.join(", ")
    );
    Line::new(Half::Build, "cluster-rights", Level::Fail, found)
        .remedy("ask whoever runs the cluster for the role in examples/kubernetes/rbac.yaml")
}
