//! Measurements and where they were made, and their CSV: comment lines with the origin, a header, and a line for each
//! measurement.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::origin::{COMMENT, Origin};
use super::sample::{SAMPLE_FORMAT, Sample};
use crate::regular_file;

/// Largest file in bytes: a measurement every ten seconds of a whole year has less.
const LARGEST: u64 = 256 << 20;

/// The measurements of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where they were made.
    pub origin: Origin,
    /// By their time.
    pub samples: Vec<Sample>,
}

/// A file of measurements that cannot be used.
#[derive(Debug, Error)]
pub enum SamplesError {
    /// The file could not be read, or is not CSV of this format.
    #[error("could not read {} as a file written by `kmem watch --csv`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: csv::Error,
    },
    /// The file was written by an unknown version of this tool.
    #[error("{} has format {format}, but this version of kmembuild reads format {SAMPLE_FORMAT}; use the version that wrote it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The file has only a header.
    #[error("{} contains no measurements", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Recording {
    /// Reads a file written by `kmem watch`, of this version or of one that did not write the origin yet. An incomplete
    /// last line, e.g. after a power failure, is ignored.
    ///
    /// # Errors
    /// If the file cannot be read, has another format, or contains no measurements.
    pub fn read(path: &Path) -> Result<Self, SamplesError> {
        let unreadable = |source| SamplesError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let text =
            regular_file::read_text(path, LARGEST).map_err(|error| unreadable(error.into()))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut samples = Vec::new();
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(COMMENT))
            .from_reader(whole.as_bytes());
        for sample in reader.deserialize() {
            let sample: Sample = sample.map_err(unreadable)?;
            if sample.format != SAMPLE_FORMAT {
                return Err(SamplesError::Format {
                    path: path.to_owned(),
                    format: sample.format,
                });
            }
            samples.push(sample);
        }
        if samples.is_empty() {
            return Err(SamplesError::Empty {
                path: path.to_owned(),
            });
        }
        // The clock may have been set back during the watch.
        samples.sort_by_key(|sample| sample.time);
        let origin = Origin::of_text(whole);
        Ok(Self { origin, samples })
    }

    /// All of it as CSV.
    ///
    /// # Errors
    /// Never in practice: the CSV is written to memory.
    pub fn to_csv(&self) -> io::Result<String> {
        samples_to_csv(&self.samples, Some(&self.origin))
    }
}

/// The measurements as CSV: with `origin`, those at the beginning of a file, after comment lines and the header.
///
/// # Errors
/// Never in practice: the CSV is written to memory.
pub fn samples_to_csv(samples: &[Sample], origin: Option<&Origin>) -> io::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(origin.is_some())
        .from_writer(Vec::new());
    for sample in samples {
        writer.serialize(sample).map_err(io::Error::other)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    let comments = origin.map(Origin::to_lines).unwrap_or_default();
    Ok(comments + &String::from_utf8_lossy(&bytes))
}
