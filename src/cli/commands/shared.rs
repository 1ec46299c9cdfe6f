//! What the targets of one command share, so that it is had once: the engine, recipes, stores, what was read of trees.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::{Invocation, explain};
use crate::artifacts::cache::{Results, Stamps};
use crate::engine::{Engine, EngineInfo, Image};
use crate::execute::{find_image, image_name};
use crate::facts::{TreeFacts, read_tree};
use crate::failure::Failure;
use crate::library::LoadedRecipe;
use crate::plan::{ImageContent, Plan};
use crate::source::Store;

/// An engine that answered, and what it said of itself.
#[derive(Debug, Clone)]
pub(super) struct Connected {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) info: EngineInfo,
}

/// What was had already.
#[derive(Default)]
pub(super) struct Shared {
    connected: OnceCell<Connected>,
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

impl Invocation<'_> {
    /// The engine that the command line or the environment names.
    pub(super) async fn connected(&self) -> Result<&Connected, Failure> {
        let connect = || async {
            let engine = self.engine().await?;
            let info = engine.describe().clone();
            Ok(Connected { engine, info })
        };
        self.shared.connected.get_or_try_init(connect).await
    }

    /// The recipe `name`.
    pub(super) fn recipe(&self, name: &str) -> Result<Arc<LoadedRecipe>, Failure> {
        if let Some(loaded) = locked(&self.shared.recipes).get(name) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(self.library.load(name).map_err(explain::library)?);
        locked(&self.shared.recipes).insert(name.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// The store for the source of the recipe `name`.
    pub(super) fn store(&self, name: &str) -> Result<Store, Failure> {
        let mut stores = locked(&self.shared.stores);
        if let Some(store) = stores.get(name) {
            return Ok(store.clone());
        }
        let folder = self.environment.cache_dir.join("sources");
        let store = Store::open(&folder.join(format!("{name}.git"))).map_err(explain::source)?;
        stores.insert(name.to_owned(), store.clone());
        Ok(store)
    }

    /// What the recipe asks of a tree in its store.
    pub(super) fn tree_facts(
        &self,
        loaded: &LoadedRecipe,
        store: &Store,
        tree: &str,
    ) -> Result<TreeFacts, Failure> {
        let key = (loaded.recipe.name.to_string(), tree.to_owned());
        if let Some(facts) = locked(&self.shared.trees).get(&key) {
            return Ok(facts.clone());
        }
        let read = store.tree(tree).map_err(explain::source)?;
        let facts = read_tree(&loaded.recipe, &read).map_err(explain::facts)?;
        locked(&self.shared.trees).insert(key, facts.clone());
        Ok(facts)
    }

    /// What the planned image gives to a build, where it is known before the image is provided: the lock file says
    /// it, or the image is on the engine.
    pub(super) async fn image_content(&self, plan: &Plan) -> Result<Option<ImageContent>, Failure> {
        let name = image_name(plan);
        if let Some(content) = self.locked_images.get(&name) {
            return Ok(Some(content.clone()));
        }
        // One question at a time: most targets of a release share an image.
        let mut images = self.shared.images.lock().await;
        if let Some(content) = images.get(&name) {
            return Ok(Some(content.clone()));
        }
        let engine = &self.connected().await?.engine;
        let found = self
            .unless_stopped(find_image(plan, engine.as_ref()))
            .await?;
        let found = found.as_ref().and_then(Image::known_content);
        if let Some(content) = found {
            images.insert(name, content.clone());
        }
        Ok(found.cloned())
    }

    /// The commits that tags must have by the lock file.
    pub(super) fn locked_tags(&self, recipe: &str) -> Vec<(String, String)> {
        let lockfile = self.lockfile.iter();
        lockfile
            .flat_map(|lockfile| lockfile.tags(recipe))
            .collect()
    }

    /// The results that were built before.
    pub(super) fn results(&self) -> Results {
        Results::new(self.cache_folder("results"), self.cache_folder("locks"))
    }

    /// What was published where.
    pub(super) fn stamps(&self) -> Stamps {
        Stamps::new(self.cache_folder("published"))
    }

    pub(super) fn cache_folder(&self, name: &str) -> PathBuf {
        self.environment.cache_dir.join(name)
    }
}
