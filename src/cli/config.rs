//! The user's configuration file.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::failure::{Failure, FailureKind};
use crate::recipe::{ByteSize, TimeSpan, parse_yaml};

/// `config.yaml` in the configuration directory. All fields except `format` are optional.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Version of the format: 1.
    pub format: Option<Spanned<u32>>,
    /// Prefixes of registries to look for images in, after those of the command line.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Mirror of Debian's archive for bootstrapped images.
    pub debian_mirror: Option<String>,
    /// Maximum size of the cache of results.
    pub cache_size: Option<ByteSize>,
    /// Time without a byte from a mirror after which the next one is tried.
    pub stall_timeout: Option<TimeSpan>,
}

/// The only version of the configuration format that this tool reads.
const CONFIG_FORMAT: u32 = 1;

/// Default maximum size of the cache of results, in bytes.
const CACHE_SIZE: u64 = 20 << 30;

impl Config {
    /// Most that the cache of results takes, in bytes.
    pub fn cache_size(&self) -> u64 {
        self.cache_size.map_or(CACHE_SIZE, |size| size.0)
    }

    /// Reads `config.yaml` in `folder`; if it does not exist, the configuration is empty.
    ///
    /// # Errors
    /// A usage failure with place and reason.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("config.yaml");
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::new(
                    FailureKind::Usage,
                    format!("could not read {file}: {error}"),
                ));
            }
        };
        let config: Self =
            parse_yaml(&file, &text).map_err(|error| Failure::new(FailureKind::Usage, error))?;
        let refuse = |text: String| Err(Failure::new(FailureKind::Usage, text));
        match &config.format {
            None => return refuse(format!("{file} must begin with `format: {CONFIG_FORMAT}`")),
            Some(format) if format.value != CONFIG_FORMAT => {
                return refuse(format!(
                    "{file}: format {} is not supported; this version of kmembuild reads format {CONFIG_FORMAT}",
                    format.value
                ));
            }
            Some(_) => {}
        }
        if config.mirrors.iter().any(|mirror| mirror.trim().is_empty()) {
            return refuse(format!("{file}: a mirror is empty"));
        }
        Ok(config)
    }
}
