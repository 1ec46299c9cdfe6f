//! Lists of vendored components, in three formats.

use kmembuild::attestation::{godeps_json, modules_txt, vendor_conf};

const LIST: &str = "\
# github.com/checkpoint-restore/go-criu/v4 v4.0.2
## explicit
github.com/checkpoint-restore/go-criu/v4
github.com/checkpoint-restore/go-criu/v4/rpc
# github.com/a/unused v1.0.0
## explicit; go 1.13
# github.com/a/old v1.0.0 => github.com/b/new v1.1.0
github.com/a/old/sub
# k8s.io/api v0.0.0 => ./staging/src/k8s.io/api
## explicit; go 1.13
k8s.io/api/core/v1
# github.com/a/old => github.com/b/new v1.1.0
# k8s.io/api => ./staging/src/k8s.io/api
";

#[test]
fn modules_with_packages_are_components() {
    let found: Vec<_> = modules_txt(LIST)
        .expect("a good list")
        .into_iter()
        .map(|one| format!("{} {} {:?}", one.name, one.version, one.source))
        .collect();
    assert_eq!(
        found,
        [
            "github.com/checkpoint-restore/go-criu/v4 v4.0.2 None",
            "github.com/a/old v1.1.0 Some(\"github.com/b/new\")",
            "k8s.io/api v0.0.0 Some(\"./staging/src/k8s.io/api\")",
        ]
    );
    assert_eq!(modules_txt(""), Ok(Vec::new()));
    assert_eq!(modules_txt(&LIST.replace('\n', "\r\n")), modules_txt(LIST));
}

#[test]
fn what_is_wrong_with_modules_is_told_with_its_line() {
    for (text, line) in [
        ("github.com/a/b\n", 1),
        ("## explicit\n", 1),
        ("# github.com/a/b\n", 1),
        ("# github.com/a/b v1\ngithub.com/a/b\ngithub.com/a/bc\n", 3),
        ("# github.com/a/b v1\n\ngithub.com/a/b x\n", 3),
        ("# => ./x\n", 1),
        ("# a => b => c => d\n", 1),
    ] {
        let error = modules_txt(text).expect_err(text);
        assert_eq!(error.line, line, "{error}");
    }
}

#[test]
fn reads_packages_with_their_revisions() {
    let text = r#"{
        "ImportPath": "k8s.io/kubernetes",
        "GoVersion": "go1.9",
        "Deps": [
            {"ImportPath": "github.com/a/b/c", "Comment": "v1.2.3", "Rev": "0123"},
            {"ImportPath": "github.com/a/d", "Comment": "v1.2-7-g0123456", "Rev": "4567"},
            {"ImportPath": "bitbucket.org/e/f", "Rev": "89ab"}
        ]
    }"#;
    let found = godeps_json(text).expect("a good list");
    let versions: Vec<_> = found.iter().map(|one| one.version.as_str()).collect();
    assert_eq!(versions, ["v1.2.3", "4567", "89ab"]);
    assert_eq!(found[0].name, "github.com/a/b/c");
}

#[test]
fn what_is_wrong_with_godeps_is_told_with_its_line() {
    for (text, line) in [
        ("{\n\"Deps\": [\n", 3),
        (
            "{\n\"Deps\": [\n{\"ImportPath\": \"a\",\n\"Rev\": \"\"}]}",
            4,
        ),
        ("{\n\"Deps\": [\n{\"ImportPath\": \"a\"}]}", 3),
        ("{}", 1),
    ] {
        let error = godeps_json(text).expect_err(text);
        assert!(error.line.abs_diff(line) <= 1, "{error}");
    }
}

#[test]
fn reads_paths_versions_and_urls() {
    let text = "# OCI runtime-spec\ngithub.com/opencontainers/runtime-spec v1.0.0\n\n\
        golang.org/x/sys\t95c6576299259db960f6c5b9b69ea52422860fce\t\
        https://github.com/golang/sys # a mirror\r\n  \n";
    let found = vendor_conf(text).expect("a good list");
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].version, "v1.0.0");
    assert_eq!(found[0].source, None);
    assert_eq!(found[1].name, "golang.org/x/sys");
    assert_eq!(
        found[1].source.as_deref(),
        Some("https://github.com/golang/sys")
    );
}

#[test]
fn what_is_wrong_with_vendor_conf_is_told_with_its_line() {
    for (text, line) in [
        ("a v1\nb\n", 2),
        ("a v1 u w\n", 1),
        ("# x\n\na v1\na v2\n", 4),
        ("a # v1\n", 1),
    ] {
        assert_eq!(vendor_conf(text).expect_err(text).line, line);
    }
}
