//! The figures of `kmem watch`.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::accounting::Accounting;
use super::status::Status;
use crate::regular_file;

/// Version of the CSV format, in its first column.
pub const SAMPLE_FORMAT: u32 = 1;
/// Largest file of them in bytes: a measurement every ten seconds of a whole year has less.
const LARGEST: u64 = 256 << 20;

/// The figures of a machine at one moment. Unknown figures are `None`, and empty in CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// [`SAMPLE_FORMAT`].
    pub format: u32,
    /// When it was taken; written in milliseconds, all with the same number of digits, so that a sort by text is one by
    /// time.
    #[serde(serialize_with = "in_milliseconds")]
    pub time: Timestamp,
    /// Entries of /sys/kernel/slab.
    pub slab_caches: Option<u64>,
    /// Memory cgroups in /proc/cgroups; before kernel 3.19 without removed ones that are still kept.
    pub memory_cgroups: Option<u64>,
    /// Memory cgroups found by the walk.
    pub cgroups_found: Option<u64>,
    /// Of these, cgroups without a process in them or below them.
    pub cgroups_without_processes: Option<u64>,
    /// Of these, cgroups with accounting.
    pub cgroups_on: Option<u64>,
    /// Kernel memory in bytes charged to the cgroups of kubelet and of runtimes.
    pub kernel_memory_bytes: Option<u64>,
}

fn in_milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

/// A file of samples that cannot be used.
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

impl Sample {
    /// The figures in a status that was read at `time`.
    pub fn of(status: &Status, time: Timestamp) -> Self {
        let walked = |value: u64| status.root.as_ref().map(|_| value);
        Self {
            format: SAMPLE_FORMAT,
            time,
            slab_caches: status.system.slabs,
            memory_cgroups: status.system.memory_cgroups,
            cgroups_found: walked(status.cgroups),
            cgroups_without_processes: walked(status.without_processes),
            cgroups_on: walked(status.count(Accounting::On)),
            kernel_memory_bytes: status.kernel_memory,
        }
    }

    /// Seconds since `first`; 0 if the clock was set back in between.
    pub fn seconds_since(&self, first: &Self) -> f64 {
        self.time.duration_since(first.time).as_secs_f64().max(0.0)
    }
}

/// The samples as CSV, with the header line if `head` is set.
///
/// # Errors
/// Never in practice: the CSV is written to memory.
pub fn samples_to_csv(samples: &[Sample], head: bool) -> io::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(head)
        .from_writer(Vec::new());
    for sample in samples {
        writer.serialize(sample).map_err(io::Error::other)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file written by `kmem watch`. An incomplete last line, e.g. after a power failure, is ignored.
///
/// # Errors
/// If the file cannot be read, has another format, or contains no samples.
pub fn read_samples(path: &Path) -> Result<Vec<Sample>, SamplesError> {
    let unreadable = |source| SamplesError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = regular_file::read_text(path, LARGEST).map_err(|error| unreadable(error.into()))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut samples = Vec::new();
    for sample in csv::Reader::from_reader(whole.as_bytes()).deserialize() {
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
    Ok(samples)
}
