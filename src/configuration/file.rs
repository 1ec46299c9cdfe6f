//! The user's configuration file.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;

use thiserror::Error;

use super::kubernetes::KubernetesConfiguration;
use crate::engine::EngineChoice;
use crate::recipe::{ByteSize, DebianMirror, RecipeError, RegistryPrefix, TimeSpan, parse_yaml};
use crate::regular_file;
use crate::transport::CacheReference;

/// `config.yaml` in the configuration directory. All fields except `format` are optional.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Configuration {
    /// Version of the format: 1.
    pub format: Option<Spanned<u32>>,
    /// Prefixes of registries to look for images in, after those of the command line.
    #[serde(default)]
    pub mirrors: Vec<RegistryPrefix>,
    /// Mirror of Debian's archive for bootstrapped images.
    pub debian_mirror: Option<DebianMirror>,
    /// Maximum size of the cache of results.
    pub cache_size: Option<ByteSize>,
    /// Time without a byte from a mirror after which the next one is tried.
    pub stall_timeout: Option<TimeSpan>,
    /// Engine to build with.
    pub engine: Option<EngineChoice>,
    /// Refuse an engine that cannot cut the network of steps that are to have none.
    #[serde(default)]
    pub require_no_network: bool,
    /// Refuse an engine that cannot keep limits on memory and processors.
    #[serde(default)]
    pub require_limits: bool,
    /// Shared caches to take results from, after those of the command line.
    #[serde(default)]
    pub cache_from: Vec<CacheReference>,
    /// Shared caches to put results into, after those of the command line.
    #[serde(default)]
    pub cache_to: Vec<CacheReference>,
    /// Public keys whose results are taken from shared caches; relative to the directory of the file.
    #[serde(default)]
    pub cache_keys: Vec<PathBuf>,
    /// The cluster of the engine kubernetes.
    #[serde(default)]
    pub kubernetes: Box<KubernetesConfiguration>,
}

/// Largest configuration file in bytes.
const LARGEST: u64 = 1 << 20;
/// The only version of the configuration format that this tool reads.
const CONFIG_FORMAT: u32 = 1;

/// Default maximum size of the cache of results, in bytes.
const CACHE_SIZE: u64 = 20 << 30;

impl Configuration {
    /// Maximum size of the cache of results, in bytes.
    pub fn cache_size(&self) -> u64 {
        self.cache_size.map_or(CACHE_SIZE, |size| size.0)
    }

    /// Reads `config.yaml` in `directory`; if it does not exist, the configuration is empty.
    ///
    /// # Errors
    /// [`ConfigurationError`].
    pub fn read(directory: &Path) -> Result<Self, ConfigurationError> {
        let path = directory.join("config.yaml");
        let file = path.display().to_string();
        let text = match regular_file::read_text(&path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ConfigurationError::Unreadable { file, source }),
        };
        let mut configuration: Self = parse_yaml(&file, &text)?;
        match &configuration.format {
            None => return Err(ConfigurationError::NoFormat { file }),
            Some(format) if format.value != CONFIG_FORMAT => {
                let found = format.value;
                return Err(ConfigurationError::Format { file, found });
            }
            Some(_) => {}
        }
        for key in &mut configuration.cache_keys {
            *key = directory.join(&*key);
        }
        if let Some(program) = &mut configuration.kubernetes.program {
            *program = directory.join(&*program);
        }
        Ok(configuration)
    }
}

/// A configuration file that is not usable.
#[derive(Debug, Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("could not read {file}")]
    Unreadable {
        /// The file.
        file: String,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The file is not a configuration; the error contains the place.
    #[error(transparent)]
    Invalid(#[from] RecipeError),
    /// The version of the format is missing.
    #[error("{file} must begin with `format: {CONFIG_FORMAT}`")]
    NoFormat {
        /// The file.
        file: String,
    },
    /// The version of the format is not supported.
    #[error(
        "{file}: format {found} is not supported; this version of kmembuild reads format {CONFIG_FORMAT}"
    )]
    Format {
        /// The file.
        file: String,
        /// The format.
        found: u32,
    },
}
