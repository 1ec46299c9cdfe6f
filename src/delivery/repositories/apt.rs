//! The metadata of a suite of an apt repository: lists of packages by architecture, a list of them, and its signature.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::entry::Entry;
use super::names::COMPONENT;
use super::yum::gzip;
use crate::attestation::PackageKey;
use crate::checksum::sha256_hex;

/// The form of a date in `Release`.
const DATE: &str = "%a, %d %b %Y %H:%M:%S UTC";

/// The metadata, by paths relative to the directory of the suite.
pub(super) struct AptMetadata {
    /// The lists of packages, each as it is and compressed.
    pub(super) lists: BTreeMap<String, Vec<u8>>,
    architectures: Vec<String>,
}

impl AptMetadata {
    /// Those of `entries`.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut by_arch = BTreeMap::<&str, String>::new();
        for entry in entries {
            *by_arch.entry(&entry.arch).or_default() += &entry.texts[0];
        }
        let mut lists = BTreeMap::new();
        for (arch, text) in &by_arch {
            let path = format!("{COMPONENT}/binary-{arch}/Packages");
            lists.insert(format!("{path}.gz"), gzip(text.as_bytes()));
            lists.insert(path, text.clone().into_bytes());
        }
        Self {
            lists,
            architectures: by_arch.into_keys().map(str::to_owned).collect(),
        }
    }

    /// Path of a list under its sha256, where no later one replaces it.
    pub(super) fn by_hash(path: &str, content: &[u8]) -> Option<String> {
        let (folder, _) = path.rsplit_once('/')?;
        Some(format!("{folder}/by-hash/SHA256/{}", sha256_hex(content)))
    }

    /// The list of the lists, with its signature in it, and beside it.
    pub(super) fn signed(
        &self,
        suite: &str,
        date: u32,
        key: &PackageKey,
    ) -> [(&'static str, String); 3] {
        let text = self.release(suite, date);
        let message = key.sign_message(&text, date);
        let signature = key.sign_detached(text.as_bytes(), date);
        [
            ("InRelease", message),
            ("Release", text),
            ("Release.gpg", signature),
        ]
    }

    fn release(&self, suite: &str, date: u32) -> String {
        let date = Timestamp::from_second(date.into()).unwrap_or(Timestamp::UNIX_EPOCH);
        let date = date.strftime(DATE).to_string();
        let mut text = format!(
            "Origin: kmembuild\nLabel: kmembuild\nSuite: {suite}\nCodename: {suite}\nDate: {date}\nArchitectures: {}\n\
             Components: {COMPONENT}\nAcquire-By-Hash: yes\nSHA256:\n",
            self.architectures.join(" ")
        );
        for (path, content) in &self.lists {
            text += &format!(" {} {} {path}\n", sha256_hex(content), content.len());
        }
        text
    }
}

/// A date in a `Release`, in seconds since 1970.
pub(super) fn parse_date(date: &str) -> Option<u32> {
    let date = jiff::civil::DateTime::strptime(DATE, date).ok()?;
    let time = Offset::UTC.to_timestamp(date).ok()?;
    u32::try_from(time.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_and_read() {
        let metadata = AptMetadata::of(&[]);
        let text = metadata.release("stable", 1_577_100_000);
        let date = text.lines().find_map(|line| line.strip_prefix("Date: "));
        assert_eq!(date, Some("Mon, 23 Dec 2019 11:20:00 UTC"));
        assert_eq!(date.and_then(parse_date), Some(1_577_100_000));
        assert_eq!(parse_date("yesterday"), None);
    }
}
