//! Repositories that git serves and libgit2 alone does not read: git itself is asked.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use super::upstream::{FreshStore, Upstream, git_in, request};
use crate::support::command::Workplace;
use crate::support::git_server::GitServer;

/// A server of plain files, as any web server is one.
fn plain_files(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a port");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let target = head.first().and_then(|line| line.split(' ').nth(1));
            let path = target.and_then(|target| target.split('?').next());
            let content =
                path.and_then(|path| fs::read(root.join(path.trim_start_matches('/'))).ok());
            let status = if content.is_some() {
                "200 OK"
            } else {
                "404 Not Found"
            };
            let content = content.unwrap_or_default();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                content.len()
            );
            let _ = (&stream).write_all(&[head.as_bytes(), &content].concat());
        }
    });
    format!("http://{address}")
}

/// The commit that comes from there, with its file, for the tag and for the whole commit.
async fn comes_from(url: &str, upstream: &Upstream) {
    let commit = upstream.git(&["rev-parse", "v1.0.0^{commit}"]);
    for wanted in ["v1.0.0", &commit] {
        let fresh = FreshStore::new();
        let served = fresh.fetch(&request(wanted, &[url])).await;
        let served = served.unwrap_or_else(|error| panic!("{wanted} from {url}: {error}"));
        assert_eq!(served.commit, commit, "{wanted} from {url}");
        let tree = fresh.store.tree(&served.tree).expect("its tree");
        let version = tree.read("VERSION").expect("read");
        assert_eq!(
            version.as_deref(),
            Some(&b"1.0.0\n"[..]),
            "{wanted} from {url}"
        );
    }
}

#[tokio::test]
async fn plain_files_over_http() {
    let upstream = Upstream::with_releases();
    git_in(&upstream.bare(), &["update-server-info"]);
    let server = plain_files(upstream.served());
    comes_from(&format!("{server}/upstream.git"), &upstream).await;
}

#[tokio::test]
async fn a_server_whose_repository_is_itself_shallow() {
    let upstream = Upstream::with_releases();
    let shallow = upstream.served().join("shallow.git");
    let from = format!("file://{}", upstream.bare().display());
    let to = shallow.display().to_string();
    let words = [
        "clone",
        "-q",
        "--bare",
        "--depth=1",
        "--branch=v1.0.0",
        &from,
        &to,
    ];
    git_in(&upstream.work(), &words);
    let server = GitServer::start(&upstream.served());
    comes_from(&server.url("shallow.git"), &upstream).await;
}

#[tokio::test]
async fn a_bundle() {
    let upstream = Upstream::with_releases();
    let bundle = upstream.served().join("all.bundle").display().to_string();
    upstream.git(&["bundle", "create", "-q", &bundle, "--all"]);
    comes_from(&bundle, &upstream).await;
}

#[tokio::test]
async fn a_file_that_is_no_bundle_is_refused_with_gits_words() {
    let upstream = Upstream::with_releases();
    let file = upstream.served().join("text");
    File::create(&file)
        .expect("made")
        .write_all(b"hello")
        .expect("written");
    let refused = FreshStore::new()
        .fetch(&request("v1.0.0", &[file.to_str().expect("a path")]))
        .await;
    let refused = refused.expect_err("no bundle").to_string();
    assert!(
        refused.contains("it is a file; only git itself reads bundles, and says: fatal: "),
        "{refused}"
    );
}

#[tokio::test]
async fn a_partial_clone_gets_what_it_lacks_or_says_so() {
    let upstream = Upstream::with_releases();
    git_in(
        &upstream.bare(),
        &["config", "uploadpack.allowFilter", "true"],
    );
    let from = format!("file://{}", upstream.bare().display());
    let clone = |name: &str| {
        let to = upstream.served().join(name).display().to_string();
        let words = [
            "clone",
            "-q",
            "--filter=blob:none",
            "--no-checkout",
            &from,
            &to,
        ];
        git_in(&upstream.work(), &words);
        to
    };
    let lacking = clone("lacking");
    fs::rename(upstream.bare(), upstream.served().join("away.git")).expect("moved");
    let refused = FreshStore::new()
        .fetch(&request("v1.0.0", &[&lacking]))
        .await;
    let refused = refused.expect_err("its files are gone").to_string();
    assert!(
        refused.contains("partial clone") || refused.contains("object not found"),
        "{refused}"
    );
}

/// The proxy of the environment is used for `http://`, where libgit2 would go past it.
#[test]
fn a_proxy_for_everything_is_used_for_plain_http() {
    let upstream = Upstream::with_releases();
    let server = GitServer::start(&upstream.served());
    let place = Workplace::new();
    // The server takes whole URLs as a proxy does; the host is nowhere else.
    let url = "http://git.example.com/upstream.git";
    for variable in ["all_proxy", "http_proxy"] {
        let words = [
            "plan",
            "runc",
            "--tag",
            "v1.0.0",
            "--unpinned",
            "--refresh",
            "--source",
            url,
        ];
        let mut command = place.command(&words);
        command.env(variable, format!("http://{}", server.address()));
        let before = server.requests().len();
        let finished = command.output().expect("it runs");
        assert!(server.requests().len() > before, "{variable}: {finished:?}");
        let asked = server.requests().pop().expect("a request");
        assert!(asked.contains("http://git.example.com/"), "{asked}");
    }
}
