//! Carries out a plan on a cluster, in the place of steps in a session.

use std::path::Path;
use std::time::Duration;

use super::document::WorkChecks;
use super::error::ClusterBuildError;
use super::input::{Inputs, spool_directory};
use super::output::Outputs;
use crate::artifacts::{BuildLog, Manifest};
use crate::build::BuildError;
use crate::build::attempt::Attempt;
use crate::build::prepared::stall;
use crate::checksum::sha256_hex;
use crate::engine::{
    ClusterApi, ClusterReport, ClusterWork, LABEL_LIFETIME, LABEL_RECIPE, LABEL_REGISTERED_IN,
    LABEL_RUN,
};
use crate::events::{Sink, Stage, Warning};
use crate::execute::UsedImage;
use crate::failure::with_causes;
use crate::plan::PlannedSource;
use crate::transport::{Access, Patience, Transport};

/// Time that a pod has beyond the limit of its steps: for the source, the outputs and the transfers.
const GRACE: Duration = Duration::from_mins(15);

/// What a build on a cluster writes to.
struct Into<'a> {
    staging: &'a Path,
    log: &'a BuildLog,
    sink: &'a dyn Sink,
}

impl Attempt<'_> {
    /// Builds on a cluster. The outputs are in the staging directory then, and their manifest says what this machine found in
    /// them.
    pub(in crate::build) async fn build_on_cluster(
        &self,
        cluster: &dyn ClusterApi,
        image: &UsedImage,
        (staging, log): (&Path, &BuildLog),
        sink: &dyn Sink,
    ) -> Result<Manifest, BuildError> {
        let into = Into { staging, log, sink };
        let (plan, workspace) = (&self.prepared.plan, self.workspace);
        if plan.build.script.is_some() {
            return Err(ClusterBuildError::Script.into());
        }
        let title = format!("{} {}", plan.recipe.name, plan.version);
        let key = plan.content_key(&image.image.content);
        let (transport, place) = (self.transport(), cluster.exchange());
        let inputs = Inputs {
            prepared: self.prepared,
            image,
            key: &key,
            checks: WorkChecks {
                no_network: self.order.checks.no_network
                    || workspace.configuration.require_no_network,
            },
            workspace,
        };
        let stage = Stage::begin(into.sink, "inputs", format!("to {place}"));
        let putting = inputs.put(&title, place, &transport, into.sink);
        let input = workspace.or_stopped(putting).await??;
        stage.end(format!("{place}@{input}"));
        let work = self.work(&title, &key, image, input);
        let done = cluster
            .carry_out(&work, into.sink, &workspace.cancel)
            .await?;
        let Some(report) = done else {
            return Err(BuildError::Interrupted);
        };
        let outputs = Outputs {
            title: &title,
            prepared: self.prepared,
            image,
            report: &report,
            place,
        };
        let stage = Stage::begin(into.sink, "result", format!("from {place}"));
        let taking = self.take_out(&outputs, &transport, &into);
        let taken = workspace.or_stopped(taking).await;
        match &taken {
            Err(error) if error.is_interruption() => self.forget(cluster, &report, &into).await,
            // It can still be had: the same command takes it.
            Ok(Err(BuildError::Cluster(ClusterBuildError::Result { .. }))) => {
                let warning = Warning::JobLeft(report.job.clone());
                into.sink.event(&warning.into());
            }
            _ => self.forget(cluster, &report, &into).await,
        }
        if let Ok(Err(BuildError::Cluster(ClusterBuildError::InPod { .. }))) = &taken {
            stage.end("the build failed".to_owned());
            return taken?;
        }
        let manifest = taken??;
        stage.end(format!("{} files", manifest.files.len()));
        Ok(manifest)
    }

    async fn take_out(
        &self,
        outputs: &Outputs<'_>,
        transport: &Transport,
        into: &Into<'_>,
    ) -> Result<Manifest, BuildError> {
        let spool = spool_directory(self.workspace)?;
        let opened = transport.open(outputs.place, Access::Read, into.sink).await;
        let at = opened.map_err(|source| ClusterBuildError::Result {
            title: outputs.title.to_owned(),
            place: outputs.place.to_string(),
            source,
        })?;
        let taken = outputs
            .take(&at, spool.path(), into.staging, into.log)
            .await;
        Ok(taken?)
    }

    /// Removes the Job; that it cannot be is told, and changes nothing for the result.
    async fn forget(&self, cluster: &dyn ClusterApi, report: &ClusterReport, into: &Into<'_>) {
        if let Err(error) = cluster.forget(report).await {
            let warning = Warning::LeftBehind(report.job.clone(), with_causes(&error));
            into.sink.event(&warning.into());
        }
    }

    fn work(
        &self,
        title: &str,
        key: &str,
        image: &UsedImage,
        input: crate::transport::Digest,
    ) -> ClusterWork {
        let build = &self.prepared.plan.build;
        let lifetime = Duration::from_secs(build.limits.timeout_seconds).saturating_add(GRACE);
        let run = self.run.id();
        // What is to be built again is not what somebody else builds.
        let key = if self.order.cache.rebuild {
            sha256_hex(format!("{key} {run}").as_bytes())
        } else {
            key.to_owned()
        };
        let text = |text: &str| text.to_owned();
        let registered = self.run.registered_in();
        let registered = registered.map(|place| (text(LABEL_REGISTERED_IN), text(place)));
        let labels = [
            (text(LABEL_RUN), text(run)),
            (text(LABEL_RECIPE), self.prepared.plan.recipe.name.clone()),
            (text(LABEL_LIFETIME), lifetime.as_secs().to_string()),
        ];
        let reference = image.image.repo_digests.first();
        ClusterWork {
            key,
            title: title.to_owned(),
            image: reference.cloned().unwrap_or_else(|| image.name.clone()),
            input,
            scratch: match &self.prepared.plan.source {
                PlannedSource::Git { .. } => Some(build.workdir.clone()),
                PlannedSource::Directory { .. } => None,
            },
            memory: build.limits.memory.or(build.needs.memory),
            nano_cpus: build.limits.nano_cpus,
            disk: None,
            lifetime,
            run: run.to_owned(),
            labels: labels.into_iter().chain(registered).collect(),
        }
    }

    fn transport(&self) -> Transport {
        Transport {
            settings: self.workspace.registries.clone(),
            patience: Patience::with_stall(stall(self.order, self.workspace)),
        }
    }
}
