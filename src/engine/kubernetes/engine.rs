//! The engine: images in a registry, and whole builds.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::batch::v1::Job;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::failure::{Asked, failed};
use super::names::{MANAGED_BY, MANAGER};
use super::watch::Watch;
use crate::engine::cluster::{
    ClusterApi, ClusterExamined, ClusterReport, ClusterSettings, ClusterWork,
};
use crate::engine::cluster_error::ClusterError;
use crate::engine::contract::{Engine, Session};
use crate::engine::error::EngineError;
use crate::engine::image::{Image, ImageSource};
use crate::engine::info::{Capabilities, Capacity, EngineInfo, Product, go_architecture};
use crate::engine::leftover::{Leftover, LeftoverKind};
use crate::engine::session::SessionSpec;
use crate::events::Sink;
use crate::transport::{Patience, Place, RepositoryName, Transport};

/// Jobs at a time, where nobody says how many.
const PARALLELISM: usize = 10;
/// How long a pod may wait for a node and for its images, where nobody says how long.
const PENDING: Duration = Duration::from_mins(10);
/// Repository below the prefix that inputs and results go through.
const WORK: &str = "work";

/// A cluster, in one of its namespaces.
pub(super) struct KubernetesEngine {
    pub(super) info: EngineInfo,
    pub(super) settings: ClusterSettings,
    pub(super) client: Client,
    pub(super) namespace: String,
    /// Minor version of the API server.
    pub(super) minor: u32,
    pub(super) pending: Duration,
    /// Prefix of the repositories, as they are reached from here and from pods.
    pub(super) prefix: RepositoryName,
    pub(super) prefix_of_pods: RepositoryName,
    exchange: Place,
    pub(super) transport: Transport,
    /// Images by their names.
    pub(super) images: Mutex<BTreeMap<String, Image>>,
    /// Reference of the image with the tool, once it is pushed.
    pub(super) tool: OnceCell<String>,
    watch: OnceLock<Watch>,
}

impl std::fmt::Debug for KubernetesEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubernetesEngine")
            .field("info", &self.info)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// A repository below a prefix.
pub(super) fn below(prefix: &RepositoryName, name: &str) -> RepositoryName {
    RepositoryName {
        repository: format!("{}/{name}", prefix.repository),
        ..prefix.clone()
    }
}

impl KubernetesEngine {
    pub(super) fn new(
        settings: ClusterSettings,
        client: Client,
        (version, minor): (&str, &str),
        (address, namespace): (String, String),
        (prefix, prefix_of_pods): (RepositoryName, RepositoryName),
    ) -> Self {
        let digits = minor.trim_end_matches(|c: char| !c.is_ascii_digit());
        let own = rustix::system::uname();
        let own = own.machine().to_string_lossy().into_owned();
        let architecture = settings.architecture.clone();
        let architecture = architecture.unwrap_or_else(|| go_architecture(&own).to_owned());
        let version = super::state::shown(version);
        let stall = settings.stall;
        Self {
            info: EngineInfo {
                product: Product::Kubernetes,
                version: format!("Kubernetes {version}"),
                api_version: version,
                architecture,
                address: format!("{address}/{namespace}"),
                capabilities: Capabilities {
                    gets_images: true,
                    builds_dockerfile: false,
                    // What a pod really has, its manifest says.
                    cuts_network: true,
                    limits_memory: true,
                    limits_processors: true,
                    keeps_caches: false,
                    has_host_socket: false,
                },
                instead_of: None,
            },
            namespace,
            minor: digits.parse().unwrap_or_default(),
            pending: settings.pending.unwrap_or(PENDING),
            exchange: Place::Repository(below(&prefix, WORK)),
            prefix,
            prefix_of_pods,
            transport: Transport {
                settings: settings.client.clone(),
                patience: stall.map_or_else(Patience::default, Patience::with_stall),
            },
            settings,
            client,
            images: Mutex::default(),
            tool: OnceCell::new(),
            watch: OnceLock::new(),
        }
    }

    /// The watch of the namespace, which begins when it is first needed.
    pub(super) fn watch(&self) -> &Watch {
        let begin = || Watch::begin(&self.client, &self.namespace);
        self.watch.get_or_init(begin)
    }

    pub(super) fn asked<'a>(
        &'a self,
        verb: &'static str,
        resource: &'static str,
        what: &'a str,
    ) -> Asked<'a> {
        Asked {
            verb,
            resource,
            what,
            namespace: &self.namespace,
            address: &self.info.address,
        }
    }

    /// Reference of the input of work, as pods pull it.
    pub(super) fn input_of_pods(&self, work: &ClusterWork) -> String {
        format!("{}@{}", below(&self.prefix_of_pods, WORK), work.input)
    }
}

#[async_trait]
impl ClusterApi for KubernetesEngine {
    fn parallelism(&self) -> usize {
        self.settings.parallelism.unwrap_or(PARALLELISM)
    }

    fn exchange(&self) -> &Place {
        &self.exchange
    }

    async fn carry_out(
        &self,
        work: &ClusterWork,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<ClusterReport>, EngineError> {
        self.have_done(work, sink, cancel).await
    }

    async fn examine(&self) -> Result<ClusterExamined, EngineError> {
        self.look().await
    }

    async fn forget(&self, report: &ClusterReport) -> Result<(), EngineError> {
        self.remove(&report.job, &report.uid).await
    }
}

#[async_trait]
impl Engine for KubernetesEngine {
    fn describe(&self) -> &EngineInfo {
        &self.info
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        // Which nodes there are is none of its business: the cluster finds one.
        Ok(Capacity {
            processors: u64::try_from(self.parallelism()).unwrap_or(u64::MAX),
            memory: u64::MAX,
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        self.known_image(reference).await
    }

    async fn provide(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        tokio::select! {
            image = self.provide_image(name, source, sink) => image.map(Some),
            () = cancel.cancelled() => Ok(None),
        }
    }

    async fn name(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let mut images = self
            .images
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let image = images.values().find(|image| image.id == id).cloned();
        let Some(image) = image else {
            let image = id.to_owned();
            return Err(EngineError::NoImage { image });
        };
        images.insert(name.to_owned(), image);
        Ok(())
    }

    async fn open(&self, _: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        let what = "run single commands";
        Err(ClusterError::NoSessions { what }.into())
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        let jobs: Api<Job> = Api::namespaced(self.client.clone(), &self.namespace);
        let labelled = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
        let listed = jobs.list(&labelled).await;
        let listed = listed.map_err(|error| failed(error, self.asked("list", "jobs", "jobs")))?;
        let found = listed.items.into_iter().map(|job| {
            let is_active = job.status.as_ref().and_then(|status| status.active);
            Leftover {
                kind: LeftoverKind::Container,
                id: job.uid().unwrap_or_default(),
                name: job.name_any(),
                labels: job.labels().clone(),
                running: is_active.unwrap_or_default() > 0,
                // The API does not tell the time, and a Job ends by its own deadline.
                age: None,
                size: None,
            }
        });
        Ok(found.collect())
    }

    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        self.remove(&leftover.name, &leftover.id).await
    }

    fn as_cluster(&self) -> Option<&dyn ClusterApi> {
        Some(self)
    }
}
