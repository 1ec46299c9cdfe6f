//! Checksums of the files of a result.

use std::fs;
use std::path::Path;

use kmembuild::artifacts::{SHA256SUMS, checksum_file};
use kmembuild::checksum::sha256_hex;

/// Writes the checksums of all other files in a folder, as a build does.
pub fn write_checksums(folder: &Path) {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let sums = files
        .filter(|file| file.file_name() != SHA256SUMS)
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, sha256_hex(&fs::read(file.path()).unwrap()))
        });
    let text = checksum_file(&sums.collect());
    fs::write(folder.join(SHA256SUMS), text).unwrap();
}
