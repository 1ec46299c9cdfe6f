//! The user's configuration file.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::failure::{Failure, FailureKind};
use crate::recipe::{ByteSize, Span, parse_yaml};

/// `config.yaml` in the configuration folder. Every field but `format` may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Version of the format: 1.
    pub format: Option<Spanned<u32>>,
    /// Registry prefixes to look for images under, after those of the command line.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Mirror of Debian's archive for bootstrapped images.
    pub debian_mirror: Option<String>,
    /// Most that the cache of results takes.
    pub cache_size: Option<ByteSize>,
    /// Longest time without a byte from a mirror.
    pub stall_timeout: Option<Span>,
}

/// The only version of the configuration format that this tool reads.
const CONFIG_FORMAT: u32 = 1;

/// Most that the cache of results takes when nobody says otherwise, in bytes.
const CACHE_SIZE: u64 = 20 << 30;

impl Config {
    /// Most that the cache of results takes, in bytes.
    pub fn cache_size(&self) -> u64 {
        self.cache_size.map_or(CACHE_SIZE, |size| size.0)
    }

    /// Reads `config.yaml` in `folder`; no such file is an empty configuration.
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
                    format!("{file} could not be read: {error}"),
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
                    "{file}: format {} is not known to this version of the tool, which reads format {CONFIG_FORMAT}",
                    format.value
                ));
            }
            Some(_) => {}
        }
        if config.mirrors.iter().any(|mirror| mirror.trim().is_empty()) {
            return refuse(format!(
                "{file}: a mirror without a name would be no registry"
            ));
        }
        Ok(config)
    }
}
