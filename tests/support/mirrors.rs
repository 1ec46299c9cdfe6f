//! A row of mirrors, of which the last alone has what is looked for.

use std::fs::{self, File};
use std::path::PathBuf;

use super::docker_command::docker_succeeds;
use super::registry::{Registry, free_address};
use super::toolchain_image::alone;

/// A dead mirror, one without the images, and one with them. The images' short names are global on the engine, so
/// only one test at a time has mirrors; dropping them takes all the names away again.
pub struct Mirrors {
    registry: Registry,
    dead: String,
    names: Vec<String>,
    _alone: File,
}

impl Mirrors {
    /// Mirrors that have the engine's `image` under official `names` (with tag), names which the engine does not know.
    pub fn with(image: &str, names: &[&str]) -> Self {
        let alone = alone("mirrors");
        let registry = Registry::start_in(&storage_for(image));
        for name in names {
            docker_succeeds(&["rmi", name]);
            registry.push(image, &format!("hub/library/{name}"));
        }
        Self {
            registry,
            dead: free_address(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            _alone: alone,
        }
    }

    /// The command line's words for them, in order.
    pub fn words(&self) -> Vec<String> {
        let address = &self.registry.address;
        [
            &self.dead,
            &format!("{address}/empty"),
            &format!("{address}/hub"),
        ]
        .into_iter()
        .flat_map(|prefix| ["--mirror".to_owned(), prefix.clone()])
        .collect()
    }

    /// The references of `name` that do not work, in the order in which they are tried.
    pub fn useless(&self, name: &str) -> [String; 4] {
        let empty = format!("{}/empty", self.registry.address);
        [&self.dead, &empty]
            .map(|prefix| {
                [
                    format!("{prefix}/library/{name}"),
                    format!("{prefix}/{name}"),
                ]
            })
            .concat()
            .try_into()
            .expect("four references")
    }

    /// The one that works.
    pub fn working(&self, name: &str) -> String {
        format!("{}/hub/library/{name}", self.registry.address)
    }

    /// Ends the registry; whoever needs it now fails.
    pub fn stop(&mut self) {
        self.registry.stop();
    }
}

/// A folder that outlasts the test: pushing the toolchain takes a minute, pushing what the storage has takes nothing.
/// Holds one image, so that it does not grow.
fn storage_for(image: &str) -> PathBuf {
    let storage = std::env::temp_dir().join("kmembuild-test-registry");
    let holds = storage.join("holds");
    if fs::read_to_string(&holds).is_ok_and(|held| held == image) {
        return storage;
    }
    let _ = fs::remove_dir_all(&storage);
    fs::create_dir_all(&storage).expect("a folder for the registry");
    fs::write(holds, image).expect("a note of what it holds");
    storage
}

impl Drop for Mirrors {
    fn drop(&mut self) {
        for name in &self.names {
            docker_succeeds(&["rmi", name, &self.working(name)]);
        }
    }
}
