//! The suites that a mirror of Debian's archive has of a release: the release itself, its updates, and what Debian's
//! security team has mended since.
//!
//! Debian's own archive has the last one on another host and in another directory (`debian-security`). Mirrors have it
//! beside their `debian`, or not at all, so it is looked for there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::recipe::DebianMirror;
use crate::regular_file;
use crate::source::redacted;

/// Where apt has its program that downloads as apt does, through its proxy and with its certificates.
const HELPERS: [&str; 2] = ["/usr/lib/apt/apt-helper", "/usr/libexec/apt/apt-helper"];
/// The keys that mmdebstrap takes for Debian's suites where the host's apt does not know them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The first line of a signed list of a suite: some servers answer everything with a page of theirs.
const SIGNED: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
/// Longest time for one question: a mirror that answers none of them is soon found to be gone by mmdebstrap.
const LONGEST: Duration = Duration::from_secs(20);
/// Largest list of a suite in bytes; Debian's have about 200 KB.
const LARGEST: u64 = 16 << 20;
/// Suites that change all the time, and so have neither updates nor security fixes apart from them.
const ROLLING: [&str; 5] = ["testing", "unstable", "sid", "experimental", "rc-buggy"];

/// What a mirror has, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DebianSources {
    /// URL and suite of each, the release first.
    pub(super) taken: Vec<(String, String)>,
    /// What was not found: `updates`, `security fixes`.
    pub(super) missing: Vec<&'static str>,
}

impl DebianSources {
    /// Looks at the mirror for what it has of the release `suite`. What does not answer within `limit` is not there.
    pub(super) async fn of(mirror: &DebianMirror, suite: &str, limit: Duration) -> Self {
        let url = mirror.as_str().trim_end_matches('/');
        let limit = limit.min(LONGEST);
        let mut sources = Self {
            taken: vec![(url.to_owned(), suite.to_owned())],
            missing: Vec::new(),
        };
        if ROLLING.contains(&suite) {
            return sources;
        }
        let updates = vec![(url.to_owned(), format!("{suite}-updates"))];
        for (what, candidates) in [
            ("updates", updates),
            ("security fixes", security(url, suite)),
        ] {
            let mut found = None;
            for (url, suite) in candidates {
                if has(&url, &suite, limit).await {
                    found = Some((url, suite));
                    break;
                }
            }
            match found {
                Some(found) => sources.taken.push(found),
                None => sources.missing.push(what),
            }
        }
        sources
    }

    /// mmdebstrap's arguments for them. The first one is a bare URL, of which it makes the line for the release.
    pub(super) fn arguments(&self) -> Vec<String> {
        let signed_by = if Path::new(KEYRING).exists() {
            format!("[signed-by=\"{KEYRING}\"] ")
        } else {
            String::new()
        };
        let lines = self.taken.iter().enumerate();
        lines
            .map(|(index, (url, suite))| match index {
                0 => url.clone(),
                _ => format!("deb {signed_by}{url} {suite} main"),
            })
            .collect()
    }

    /// For people: `http://mirror/debian bullseye, http://mirror/debian bullseye-updates`, without passwords.
    pub(super) fn description(&self) -> String {
        let taken = self.taken.iter();
        let taken: Vec<_> = taken
            .map(|(url, suite)| format!("{} {suite}", redacted(url)))
            .collect();
        taken.join(", ")
    }

    /// For people: `updates and security fixes`; empty if nothing is missing.
    pub(super) fn left_out(&self) -> String {
        self.missing.join(" and ")
    }
}

/// Where a mirror may have the security fixes of a release, the usual place first: beside its `debian`, in a repository of
/// its own with that ending, or among everything else. Their name changed with bullseye.
fn security(url: &str, suite: &str) -> Vec<(String, String)> {
    let mut places = Vec::new();
    if let Some((parent, _)) = url
        .rsplit_once('/')
        .filter(|(parent, _)| !parent.ends_with('/'))
    {
        places.push(format!("{parent}/debian-security"));
    }
    for place in [
        format!("{url}-security"),
        format!("{url}/debian-security"),
        url.to_owned(),
    ] {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let names = [format!("{suite}-security"), format!("{suite}/updates")];
    places
        .iter()
        .flat_map(|place| names.iter().map(|name| (place.clone(), name.clone())))
        .collect()
}

/// Whether there is a suite, by its signed list.
async fn has(url: &str, suite: &str, limit: Duration) -> bool {
    let list = format!("{url}/dists/{suite}/InRelease");
    if let Some(path) = list.strip_prefix("file://") {
        return is_list(Path::new(path));
    }
    let Some(helper) = HELPERS.iter().find(|path| Path::new(path).exists()) else {
        return false;
    };
    let Ok(directory) = tempfile::tempdir() else {
        return false;
    };
    let file = directory.path().join("InRelease");
    let mut command = Command::new(helper);
    command
        .args(["-o", "Acquire::Retries=1", "download-file", "--", &list])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let status = tokio::time::timeout(limit, command.status()).await;
    matches!(status, Ok(Ok(status)) if status.success()) && is_list(&file)
}

fn is_list(path: &Path) -> bool {
    regular_file::read(path, LARGEST).is_ok_and(|text| text.starts_with(SIGNED))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::path::Path;
    use std::time::Duration;

    use super::{DebianSources, SIGNED};

    const LIMIT: Duration = Duration::from_mins(1);

    fn suite(root: &Path, place: &str, content: &[u8]) {
        let folder = root.join(place);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("InRelease"), content).unwrap();
    }

    /// Serves the files of a folder for as long as the test runs, and a page for everything else.
    fn serve(root: &Path) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let root = root.to_owned();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let request = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                let path = request
                    .split(' ')
                    .nth(1)
                    .unwrap_or("/")
                    .trim_start_matches('/');
                let body = fs::read(root.join(path)).unwrap_or_else(|_| b"<html>".to_vec());
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        format!("http://{address}")
    }

    async fn of(mirror: &str, suite: &str) -> DebianSources {
        DebianSources::of(&mirror.parse().unwrap(), suite, LIMIT).await
    }

    #[tokio::test]
    async fn all_suites_are_taken_from_where_a_mirror_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for place in [
            "debian/dists/bullseye-updates",
            "debian-security/dists/bullseye-security",
            "old/debian/dists/buster-updates",
            "old/debian-security/dists/buster/updates",
            "proxy-security/dists/bullseye-security",
            "all/dists/bullseye-updates",
            "all/dists/bullseye-security",
        ] {
            suite(root, place, SIGNED);
        }
        let url = serve(root);
        let file = format!("file://{}", root.display());
        for base in [&url, &file] {
            for (mirror, suite, expected) in [
                (
                    "debian",
                    "bullseye",
                    [
                        "debian bullseye-updates",
                        "debian-security bullseye-security",
                    ],
                ),
                (
                    "debian/",
                    "bullseye",
                    [
                        "debian bullseye-updates",
                        "debian-security bullseye-security",
                    ],
                ),
                (
                    "old/debian",
                    "buster",
                    [
                        "old/debian buster-updates",
                        "old/debian-security buster/updates",
                    ],
                ),
                (
                    "all",
                    "bullseye",
                    ["all bullseye-updates", "debian-security bullseye-security"],
                ),
            ] {
                let found = of(&format!("{base}/{mirror}"), suite).await;
                let mirror = mirror.trim_end_matches('/');
                let [updates, security] = expected;
                let expected =
                    format!("{base}/{mirror} {suite}, {base}/{updates}, {base}/{security}");
                assert_eq!(found.description(), expected);
                assert_eq!(found.left_out(), "");
                let arguments = found.arguments();
                assert_eq!(arguments[0], format!("{base}/{mirror}"));
                assert!(arguments[2].starts_with("deb ") && arguments[2].ends_with(" main"));
                assert_eq!(arguments.len(), 3);
            }
        }
    }

    #[tokio::test]
    async fn what_a_mirror_does_not_have_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        suite(root, "debian/dists/bullseye-updates", SIGNED);
        // Not what it should be.
        suite(root, "debian-security/dists/bullseye-security", b"<html>");
        let url = serve(root);
        let found = of(&format!("{url}/debian"), "bullseye").await;
        assert_eq!(found.left_out(), "security fixes");
        assert_eq!(found.arguments().len(), 2);
        let found = of(&format!("{url}/debian"), "buster").await;
        assert_eq!(found.left_out(), "updates and security fixes");
        assert_eq!(found.arguments(), [format!("{url}/debian")]);
        let found = of(&format!("{url}/debian"), "sid").await;
        assert_eq!(found.left_out(), "");
        let found = of("http://user:secret@127.0.0.1:1/debian", "buster").await;
        assert_eq!(found.description(), "http://127.0.0.1:1/debian buster");
    }
}
