//! The user's configuration file.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::failure::{Failure, FailureKind};
use crate::recipe::{Span, parse_yaml};

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
    /// Longest time without a byte from a mirror.
    pub stall_timeout: Option<Span>,
}

/// The only version of the configuration format that this tool reads.
const CONFIG_FORMAT: u32 = 1;

impl Config {
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
        match &config.format {
            Some(format) if format.value == CONFIG_FORMAT => Ok(config),
            _ => Err(Failure::new(
                FailureKind::Usage,
                format!("{file} must begin with `format: {CONFIG_FORMAT}`"),
            )),
        }
    }
}
