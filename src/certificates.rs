//! The certificates that https trusts, looked up one by one instead of being read all together.
//!
//! As soon as libgit2 is used, be it for http, OpenSSL reads the whole file of the system's certificates; that takes
//! longer than anything else the tool does before the first byte goes out. Mostly the same certificates are in a
//! folder as well, each under a name made of a hash of its subject, and from there OpenSSL takes only those that a
//! connection needs. What it reads is said by two variables of the environment. A process cannot change its own
//! environment safely, but it can start anew with another one.
//!
//! Nothing else is trusted then than before: this is done only when the folder holds every certificate of the file.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// OpenSSL's variable for the file and for the folder of certificates, each with the one that keeps the user's value.
const VARIABLES: [(&str, &str); 2] = [
    ("SSL_CERT_FILE", "KMEMBUILD_USERS_SSL_CERT_FILE"),
    ("SSL_CERT_DIR", "KMEMBUILD_USERS_SSL_CERT_DIR"),
];
/// A smaller file, in bytes, is read faster than a process starts anew.
const WORTH_IT: u64 = 64 << 10;
const BEGIN: &str = "-----BEGIN ";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Starts this process anew so that OpenSSL looks certificates up in their folder, where that changes nothing but the
/// time it takes. Returns when there is nothing to gain, or when starting anew failed.
///
/// To be called before anything is begun, with the process's own arguments.
pub fn look_up_one_by_one(arguments: &[OsString]) {
    // What git2 is going to tell OpenSSL: the user's variables, or else where this system has its certificates.
    let found = openssl_probe::probe();
    let (Some(file), Some(folder)) = (found.cert_file, found.cert_dir) else {
        return;
    };
    let Some(one) = stand_in(&file, &folder) else {
        return;
    };
    let (Some((name, arguments)), Ok(program)) = (arguments.split_first(), env::current_exe())
    else {
        return;
    };
    let mut again = Command::new(program);
    again.arg0(name).args(arguments);
    for ((variable, keeper), value) in VARIABLES.into_iter().zip([one, folder.into()]) {
        again.env(keeper, env::var_os(variable).unwrap_or_default());
        again.env(variable, value);
    }
    // It returns only when it failed, and then everything works as well, only slower.
    let _ = again.exec();
}

/// What has to change in this process's environment, so that it is the user's again: variables with their values,
/// those without one are to go. Other programs may read certificates in another way than OpenSSL does.
pub fn users_own() -> Vec<(&'static str, Option<OsString>)> {
    let mut own = Vec::new();
    for (variable, keeper) in VARIABLES {
        if let Some(value) = env::var_os(keeper) {
            own.push((variable, Some(value).filter(|value| !value.is_empty())));
            own.push((keeper, None));
        }
    }
    own
}

/// What may be read in place of `file` when certificates can be looked up in `folder`: one file of the folder. A file
/// with no certificate at all would do for OpenSSL, but other programs that inherit the variable refuse such a file.
fn stand_in(file: &Path, folder: &Path) -> Option<OsString> {
    if fs::metadata(file).ok()?.len() < WORTH_IT {
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    // Lists of revoked certificates and other things would be missed.
    let mut missing: HashSet<&str> = HashSet::new();
    missing.extend(certificates(&text)?);
    let mut first = None;
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let name = entry.file_name();
        let Some(hash) = name.to_str().and_then(|name| name.strip_suffix(".0")) else {
            continue;
        };
        if hash.len() != 8 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            continue;
        }
        // Several subjects may have one hash. OpenSSL counts up until there is no such file or one it cannot use.
        for number in 0.. {
            let path = folder.join(format!("{hash}.{number}"));
            let Ok(text) = fs::read_to_string(&path) else {
                break;
            };
            let Some(found) = certificates(&text).filter(|found| !found.is_empty()) else {
                break;
            };
            for certificate in found {
                missing.remove(certificate);
            }
            first.get_or_insert_with(|| path.into_os_string());
        }
        if missing.is_empty() {
            return first;
        }
    }
    None
}

/// The certificates in `text`; `None` when something else is in it as well.
fn certificates(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        rest = &rest[begin..];
        if !rest.starts_with(CERTIFICATE) {
            return None;
        }
        let end = rest.find(END)?;
        found.push(&rest[CERTIFICATE.len()..end]);
        rest = &rest[end + END.len()..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{WORTH_IT, certificates, stand_in};

    fn pem(text: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// A file with the certificates `all` beside a folder with the files of `hashed`.
    fn system(all: &[&str], hashed: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let (file, folder) = (root.path().join("all.pem"), root.path().join("certs"));
        let text: String = all.iter().map(|text| pem(text)).collect();
        let size = usize::try_from(WORTH_IT).unwrap();
        fs::write(&file, format!("{text}{}", "# \n".repeat(size / 3 + 1))).unwrap();
        fs::create_dir(&folder).unwrap();
        for (name, text) in hashed {
            fs::write(folder.join(name), text).unwrap();
        }
        (root, file, folder)
    }

    fn stands_in(all: &[&str], hashed: &[(&str, &str)]) -> bool {
        let (_root, file, folder) = system(all, hashed);
        let found = stand_in(&file, &folder);
        if let Some(found) = &found {
            assert_eq!(Path::new(found).parent(), Some(folder.as_path()));
        }
        found.is_some()
    }

    #[test]
    fn a_folder_with_all_certificates_of_the_file_stands_in_for_it() {
        let (a, b, c) = (&*pem("a"), &*pem("b"), &*pem("c"));
        assert!(stands_in(
            &["a", "b"],
            &[("01234567.0", a), ("89abcdef.0", b), ("89abcdef.1", c)]
        ));
        assert!(stands_in(
            &["a", "c"],
            &[("01234567.0", a), ("89abcdef.0", b), ("89abcdef.1", c)]
        ));
    }

    #[test]
    fn what_openssl_would_not_find_does_not_count() {
        let (a, b) = (&*pem("a"), &*pem("b"));
        assert!(!stands_in(&["a", "b"], &[("01234567.0", a)]));
        assert!(!stands_in(
            &["a"],
            &[("a.pem", a), ("0123456g.0", a), ("012345.0", a)]
        ));
        // A gap, and a file without a certificate, end the search for further ones of the same name.
        assert!(!stands_in(&["a"], &[("01234567.1", a)]));
        assert!(!stands_in(&["a"], &[("01234567.0", b), ("01234567.2", a)]));
        assert!(!stands_in(&["a"], &[("01234567.0", ""), ("01234567.1", a)]));
    }

    #[test]
    fn a_small_file_and_none_are_left_alone() {
        let (_root, file, folder) = system(&["a"], &[("01234567.0", &pem("a"))]);
        fs::write(&file, pem("a")).unwrap();
        assert_eq!(stand_in(&file, &folder), None);
        assert_eq!(stand_in(Path::new("/dev/null"), &folder), None);
        assert_eq!(stand_in(&folder.join("none"), &folder), None);
    }

    #[test]
    fn other_things_than_certificates_are_told_apart() {
        let two = format!("# A\n{}# B\n{}", pem("a"), pem("b"));
        assert_eq!(certificates(&two).unwrap(), ["\na\n", "\nb\n"]);
        assert_eq!(certificates("").unwrap(), [""; 0]);
        for other in ["X509 CRL", "TRUSTED CERTIFICATE"] {
            let text = format!("{}-----BEGIN {other}-----\nc\n", pem("a"));
            assert_eq!(certificates(&text), None, "{other}");
        }
        assert_eq!(certificates("-----BEGIN CERTIFICATE-----\na"), None);
    }
}
