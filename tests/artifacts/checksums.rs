//! Lists of checksums.

use kmembuild::artifacts::{checksum_file, read_checksum_file};

#[test]
fn every_changed_byte_is_seen() {
    let digest = kmembuild::checksum::sha256_hex(b"x");
    let sums = ["a", "b/c d", "b/e"].map(|path| (path.to_owned(), digest.clone()));
    let sums = sums.into();
    let text = checksum_file(&sums);
    assert_eq!(read_checksum_file(&text), Ok(sums.clone()));
    assert_eq!(
        read_checksum_file(""),
        Ok(std::collections::BTreeMap::new())
    );
    for at in 0..text.len() {
        for flip in [1, 0x20] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            let changed = String::from_utf8(bytes).expect("ASCII stays ASCII");
            assert_ne!(read_checksum_file(&changed), Ok(sums.clone()), "{changed}");
        }
        assert_ne!(read_checksum_file(&text[..at]), Ok(sums.clone()));
    }
}
