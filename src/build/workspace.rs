//! What builds work with: the engine, recipes, stores, caches, the configuration, a lock file, cancellation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::error::BuildError;
use crate::artifacts::cache::{KnownImages, Results, Stamps};
use crate::bundle::Bundles;
use crate::configuration::Configuration;
use crate::delivery::shared_cache::SharedCache;
use crate::engine::{ClientSettings, Engine, EngineError, Image, LABEL_LEFT_OUT};
use crate::events::Sink;
use crate::execute::{Run, find_image, image_name};
use crate::facts::{TreeFacts, read_tree};
use crate::library::{Library, LoadedRecipe};
use crate::lockfile::Lockfile;
use crate::plan::{ImageContent, Plan, PlannedImage};
use crate::private_directory;
use crate::recipe::ImageDigest;
use crate::source::Store;

/// Connects to the engine; asked once, by the first who needs it.
pub type Connect =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Engine>, EngineError>> + Send + Sync>;

/// What builds work with. Builds of one workspace share what was read once: the engine's answers, recipes, stores.
pub struct Workspace {
    /// The recipes.
    pub library: Library,
    /// The user's configuration.
    pub configuration: Configuration,
    /// Directory for what can be fetched or made again.
    pub cache_dir: PathBuf,
    /// Cancelled when the work is to stop.
    pub cancel: CancellationToken,
    /// What identifies the image of the container that the tool runs in, where that is known.
    pub image_identity: Option<ImageDigest>,
    /// Credentials and proxies for registries that the tool speaks to by itself.
    pub registries: ClientSettings,
    /// Caches that others use as well.
    pub shared_cache: Option<SharedCache>,
    /// What a closed network has in the place of mirrors and registries: with it nothing else is asked.
    pub bundle: Option<Arc<Bundles>>,
    connect: Connect,
    engine_is_noted: AtomicBool,
    lockfile: Option<Lockfile>,
    locked_images: BTreeMap<String, ImageContent>,
    engine: OnceCell<Arc<dyn Engine>>,
    recipes: Mutex<BTreeMap<String, Arc<LoadedRecipe>>>,
    stores: Mutex<BTreeMap<String, Store>>,
    /// By recipe and tree.
    trees: Mutex<BTreeMap<(String, String), TreeFacts>>,
    /// By the images' names on the engine.
    images: tokio::sync::Mutex<BTreeMap<String, ImageContent>>,
}

/// What a panic elsewhere left in it is whole: everything is put in in one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workspace {
    /// A workspace without a lock file, with the default configuration. `connect` is asked when an engine is needed.
    pub fn new(library: Library, cache_dir: PathBuf, connect: Connect) -> Self {
        Self {
            library,
            configuration: Configuration::default(),
            cache_dir,
            cancel: CancellationToken::new(),
            image_identity: None,
            registries: ClientSettings::default(),
            shared_cache: None,
            bundle: None,
            connect,
            engine_is_noted: AtomicBool::new(false),
            lockfile: None,
            locked_images: BTreeMap::new(),
            engine: OnceCell::new(),
            recipes: Mutex::default(),
            stores: Mutex::default(),
            trees: Mutex::default(),
            images: tokio::sync::Mutex::default(),
        }
    }

    /// The workspace with a lock file in force: inputs that do not match it are refused.
    #[must_use]
    pub fn with_lockfile(mut self, lockfile: Lockfile) -> Self {
        let images = lockfile.images.iter();
        self.locked_images = images
            .map(|(name, image)| (name.clone(), image.content.clone()))
            .collect();
        self.lockfile = Some(lockfile);
        self
    }

    /// The lock file in force.
    pub fn lockfile(&self) -> Option<&Lockfile> {
        self.lockfile.as_ref()
    }

    /// What the lock file in force says of images, by their names on the engine.
    pub fn locked_images(&self) -> &BTreeMap<String, ImageContent> {
        &self.locked_images
    }

    /// The engine.
    ///
    /// # Errors
    /// [`BuildError::Engine`] when none answers, [`BuildError::Interrupted`].
    pub async fn engine(&self) -> Result<&Arc<dyn Engine>, BuildError> {
        let connect = || self.unless_stopped((self.connect)());
        self.engine.get_or_try_init(connect).await
    }

    /// Whether nobody has been told yet which engine is used; from now on somebody has.
    pub(super) fn is_first_note_of_engine(&self) -> bool {
        !self.engine_is_noted.swap(true, Ordering::Relaxed)
    }

    /// What the engine answers, or [`BuildError::Interrupted`] as soon as the work is to stop: an engine may take its time,
    /// and there is nothing to clean up after a question.
    ///
    /// # Errors
    /// [`BuildError::Engine`], [`BuildError::Interrupted`].
    pub async fn unless_stopped<T>(
        &self,
        answer: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, BuildError> {
        tokio::select! {
            answer = answer => Ok(answer?),
            () = self.cancel.cancelled() => Err(BuildError::Interrupted),
        }
    }

    /// What `work` comes to, or [`BuildError::Interrupted`] as soon as the work is to stop; it must leave nothing half done.
    pub(super) async fn or_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, BuildError> {
        tokio::select! {
            done = work => Ok(done),
            () = self.cancel.cancelled() => Err(BuildError::Interrupted),
        }
    }

    /// The recipe `name`.
    ///
    /// # Errors
    /// [`BuildError::Library`].
    pub fn recipe(&self, name: &str) -> Result<Arc<LoadedRecipe>, BuildError> {
        if let Some(loaded) = locked(&self.recipes).get(name) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(self.library.load(name)?);
        locked(&self.recipes).insert(name.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Uses a recipe that was loaded from the same library before.
    pub fn know(&self, name: &str, loaded: Arc<LoadedRecipe>) {
        locked(&self.recipes).insert(name.to_owned(), loaded);
    }

    /// The store for the source of the recipe `name`.
    pub(super) fn store(&self, name: &str) -> Result<Store, BuildError> {
        let mut stores = locked(&self.stores);
        if let Some(store) = stores.get(name) {
            return Ok(store.clone());
        }
        self.claim_cache()?;
        let directory = self.cache_directory("sources");
        let store = Store::open(&directory.join(format!("{name}.git")))?;
        stores.insert(name.to_owned(), store.clone());
        Ok(store)
    }

    /// What the recipe asks of a tree in its store.
    pub(super) fn tree_facts(
        &self,
        loaded: &LoadedRecipe,
        store: &Store,
        tree: &str,
    ) -> Result<TreeFacts, BuildError> {
        let key = (loaded.recipe.name.to_string(), tree.to_owned());
        if let Some(facts) = locked(&self.trees).get(&key) {
            return Ok(facts.clone());
        }
        let facts = read_tree(&loaded.recipe, &store.tree(tree)?)?;
        locked(&self.trees).insert(key, facts.clone());
        Ok(facts)
    }

    /// What the planned image gives to a build, where it is known before the image is provided: from the lock file, because
    /// the image is on the engine, because it was there once, or because it was on the engine of somebody who shares a cache.
    pub(super) async fn image_content(
        &self,
        plan: &Plan,
        sink: &dyn Sink,
    ) -> Result<Option<ImageContent>, BuildError> {
        let name = image_name(plan);
        if let Some(content) = self.locked_images.get(&name) {
            return Ok(Some(content.clone()));
        }
        // One question at a time: most targets of a release share an image.
        let mut images = self.images.lock().await;
        if let Some(content) = images.get(&name) {
            return Ok(Some(content.clone()));
        }
        let engine = self.engine().await?.as_ref();
        let found = self.unless_stopped(find_image(plan, engine)).await?;
        let architecture = &engine.describe().architecture;
        let content = if let Some(image) = &found {
            self.note_image(plan, image);
            image.known_content().cloned()
        } else if let Some(content) = self.remembered(plan, architecture) {
            Some(content)
        } else {
            Box::pin(self.shared_image(plan, architecture, sink)).await?
        };
        if let Some(content) = &content {
            images.insert(name, content.clone());
        }
        Ok(content)
    }

    /// What the planned image gave to a build when it was last on an engine of that architecture.
    pub(super) fn remembered(&self, plan: &Plan, architecture: &str) -> Option<ImageContent> {
        let identity = plan.image_identity()?;
        // Whatever others could have put there proves nothing.
        self.claim_cache().ok()?;
        let content = self.known_images().content(&identity)?;
        (content.architecture == architecture).then_some(content)
    }

    /// What the planned image gave to the builds of somebody who shares a cache, and whom the user trusts. It is of a base that
    /// the lock file has, where that has one: such an image is made from what a name leads to.
    async fn shared_image(
        &self,
        plan: &Plan,
        architecture: &str,
        sink: &dyn Sink,
    ) -> Result<Option<ImageContent>, BuildError> {
        let (Some(shared), Some(identity)) = (&self.shared_cache, plan.image_identity()) else {
            return Ok(None);
        };
        let content = self
            .or_stopped(shared.image(&identity, architecture, sink))
            .await?;
        Ok(content.filter(|content| self.is_on_locked_base(plan, content)))
    }

    fn is_on_locked_base(&self, plan: &Plan, content: &ImageContent) -> bool {
        let PlannedImage::Dockerfile { bases, .. } = &plan.image else {
            return true;
        };
        let locked = bases.iter();
        let locked = locked.filter_map(|base| self.locked_images.get(&base.name));
        let mut locked = locked.peekable();
        locked.peek().is_none() || locked.any(|base| content.layers.starts_with(&base.layers))
    }

    /// Remembers what an image that the tool made gives to a build. One that lacks what Debian's mirror did not have is only
    /// good enough for as long as it is there.
    pub(super) fn note_image(&self, plan: &Plan, image: &Image) {
        let is_whole = !image.labels.contains_key(LABEL_LEFT_OUT);
        if let Some(identity) = plan.image_identity().filter(|_| is_whole)
            && let Some(content) = image.known_content()
            && self.claim_cache().is_ok()
        {
            // Without the record the image is made again, no more.
            let _ = self.known_images().note(&identity, content);
        }
    }

    /// The commits that tags must have by the lock file in force.
    pub(super) fn locked_tags(&self, recipe: &str) -> Vec<(String, String)> {
        let lockfile = self.lockfile.iter();
        lockfile
            .flat_map(|lockfile| lockfile.tags(recipe))
            .collect()
    }

    /// Makes the cache directory, or makes sure that it is the user's own: what is in it is published.
    ///
    /// # Errors
    /// [`BuildError::CacheDirectory`].
    pub fn claim_cache(&self) -> Result<(), BuildError> {
        private_directory::claim(&self.cache_dir).map_err(|source| {
            let path = self.cache_dir.clone();
            BuildError::CacheDirectory { path, source }
        })
    }

    /// Registers a run: what it makes on `engine` is known as its own until it ends.
    ///
    /// # Errors
    /// [`BuildError::CacheDirectory`], [`BuildError::Registration`].
    pub fn begin_run(&self, engine: &dyn Engine) -> Result<Run, BuildError> {
        self.claim_cache()?;
        let path = self.runs();
        Run::begin(&path, &engine.describe().address)
            .map_err(|source| BuildError::Registration { path, source })
    }

    /// The results that were built before.
    pub fn results(&self) -> Results {
        let secret = self.cache_directory("results.secret");
        Results::new(self.cache_directory("results"), self.locks(), secret)
    }

    fn known_images(&self) -> KnownImages {
        let secret = self.cache_directory("results.secret");
        KnownImages::new(self.cache_directory("images"), secret)
    }

    /// What was published where.
    pub(super) fn stamps(&self) -> Stamps {
        Stamps::new(self.cache_directory("published"))
    }

    /// Directory of the lock files of runs that wait for each other.
    pub fn locks(&self) -> PathBuf {
        self.cache_directory("locks")
    }

    /// Directory of the registrations of runs.
    pub fn runs(&self) -> PathBuf {
        self.cache_directory("runs")
    }

    fn cache_directory(&self, name: impl AsRef<Path>) -> PathBuf {
        self.cache_dir.join(name)
    }
}
