//! Carries out a plan on a cluster, in the place of steps in a session.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::document::WorkChecks;
use super::error::ClusterBuildError;
use super::input::{Inputs, spool_directory};
use super::output::{Outputs, Taken};
use crate::artifacts::{BuildLog, Manifest, TOOL};
use crate::build::BuildError;
use crate::build::attempt::Attempt;
use crate::build::manifest::write_manifest;
use crate::build::order::RunCheck;
use crate::build::prepared::stall;
use crate::checksum::sha256_hex;
use crate::engine::{
    ClusterApi, ClusterError, ClusterReport, ClusterWork, EngineError, LABEL_LIFETIME,
    LABEL_RECIPE, LABEL_REGISTERED_IN, LABEL_RUN,
};
use crate::events::{Sink, Stage, Warning};
use crate::execute::UsedImage;
use crate::failure::with_causes;
use crate::number_of::number_of;
use crate::plan::{PlannedSource, canonical_json};
use crate::transport::{Access, Patience, Transport};
use crate::verify::CheckName;

/// Time that a pod has beyond the limit of its steps: for the source, the outputs and the transfers.
const GRACE: Duration = Duration::from_mins(15);

/// How long the API is given to remove a Job once the run is stopped.
const REMOVAL: Duration = Duration::from_secs(10);

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
        started: Timestamp,
    ) -> Result<Manifest, BuildError> {
        let into = Into { staging, log, sink };
        let (plan, workspace) = (&self.prepared.plan, self.workspace);
        if plan.build.script.is_some() {
            return Err(ClusterBuildError::Script.into());
        }
        if self.order.checks.run == RunCheck::Required && !self.is_foreign() {
            let what = "judge a program by running it";
            return Err(EngineError::from(ClusterError::NoSessions { what }).into());
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
            Ok(Err(BuildError::Cluster(ClusterBuildError::Result { source, .. })))
                if !source.is_final() =>
            {
                let warning = Warning::JobLeft(report.job.clone());
                into.sink.event(&warning.into());
            }
            _ => self.forget(cluster, &report, &into).await,
        }
        let taken = match taken? {
            Ok(taken) => taken,
            Err(error) => {
                if let BuildError::Cluster(ClusterBuildError::InPod { .. }) = error {
                    stage.end("the build failed".to_owned());
                }
                return Err(error);
            }
        };
        stage.end(number_of(taken.built.files.len(), "file"));
        self.judge_taken(taken, started)
    }

    async fn take_out(
        &self,
        outputs: &Outputs<'_>,
        transport: &Transport,
        into: &Into<'_>,
    ) -> Result<Taken, BuildError> {
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

    /// The manifest of what was taken: as of what is built here, by the content of the files. What a program printed about its
    /// version was seen where it was built.
    fn judge_taken(&self, taken: Taken, started: Timestamp) -> Result<Manifest, BuildError> {
        let Taken {
            built,
            versions,
            node,
        } = taken;
        let mut manifest = write_manifest(self.prepared, &built, started)?;
        for file in &mut manifest.files {
            for check in &mut file.checks {
                if let (CheckName::Version, Some(said)) = (check.name, versions.get(&file.name)) {
                    check.clone_from(said);
                }
            }
        }
        let node = node.as_deref().unwrap_or("(unknown)");
        manifest.engine += &format!(", node {node}");
        Ok(manifest)
    }

    /// Removes the Job; that it cannot be is told, and changes nothing for the result.
    async fn forget(&self, cluster: &dyn ClusterApi, report: &ClusterReport, into: &Into<'_>) {
        let stopped = async {
            self.workspace.cancel.cancelled().await;
            tokio::time::sleep(REMOVAL).await;
        };
        let removed = tokio::select! {
            removed = cluster.forget(report) => removed,
            () = stopped => {
                into.sink.event(&Warning::JobLeft(report.job.clone()).into());
                return;
            }
        };
        if let Err(error) = removed {
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
        // The same content under other limits, with other demands or by another version of the tool is other work.
        let no_network =
            self.order.checks.no_network || self.workspace.configuration.require_no_network;
        let mut asked = canonical_json(&(key, &build.limits, no_network, TOOL));
        if self.order.cache.rebuild {
            // What is to be built again is not what somebody else builds.
            asked += run;
        }
        let key = sha256_hex(asked.as_bytes());
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
