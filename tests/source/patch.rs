use std::os::unix::fs::PermissionsExt;

use kmembuild::source::{Patch, PatchError, SourceError, Store};

use super::upstream::{FreshStore, Upstream, request};

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// A store with a tree of `files`.
async fn tree_of(files: &[(&str, &str)]) -> (FreshStore, String) {
    let upstream = Upstream::new();
    for (path, content) in files {
        upstream.commit(path, content);
    }
    upstream.git(&["tag", "v1"]);
    let fresh = FreshStore::new();
    let served = fresh
        .fetch(&request("v1", &[upstream.work().to_str().unwrap()]))
        .await
        .unwrap();
    (fresh, served.tree)
}

fn apply(store: &Store, tree: &str, text: &str) -> Result<String, SourceError> {
    let (name, text) = ("my.patch".to_owned(), text.to_owned());
    store.patch(tree, &[Patch { name, text }])
}

fn refusal(store: &Store, tree: &str, text: &str) -> PatchError {
    match apply(store, tree, text) {
        Err(SourceError::Patch { patch, source }) => {
            assert_eq!(patch, "my.patch");
            *source
        }
        other => panic!("{other:?}"),
    }
}

fn edit(first: &str, hunk: &str) -> String {
    format!("--- a/dir/ten\n+++ b/dir/ten\n{first}\n{hunk}")
}

#[tokio::test]
async fn what_git_diffs_between_two_commits_leads_from_one_tree_to_the_other() {
    let upstream = Upstream::new();
    let work = upstream.work();
    upstream.commit("dir/ten", TEN);
    upstream.commit("with space.go", &TEN.repeat(3));
    upstream.commit("mode.sh", "#!/bin/sh\n");
    std::fs::set_permissions(work.join("mode.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    upstream.commit_all();
    upstream.commit("open-end", "a\nb");
    upstream.commit("emptied", "a\n");
    upstream.git(&["tag", "v1"]);
    for (path, content) in [
        (
            "dir/ten",
            &*TEN.replace("two\n", "").replace("nine", "9\n9.5"),
        ),
        ("with space.go", &format!("{}end\n", TEN.repeat(3))),
        ("mode.sh", "#!/bin/sh\ntrue\n"),
        ("open-end", "a\nb\nc"),
        ("emptied", ""),
    ] {
        std::fs::write(work.join(path), content).unwrap();
    }
    upstream.commit_all();
    upstream.git(&["tag", "v2"]);
    let fresh = FreshStore::new();
    let path = work.to_str().unwrap().to_owned();
    let v1 = fresh.fetch(&request("v1", &[&path])).await.unwrap();
    let want = upstream.git(&["rev-parse", "v2^{tree}"]);
    for context in ["-U3", "-U1", "-U0"] {
        let diff = upstream.git(&["diff", context, "v1", "v2"]) + "\n";
        assert_eq!(
            apply(&fresh.store, &v1.tree, &diff).unwrap(),
            want,
            "{diff}"
        );
    }
    let mail = upstream.git(&["format-patch", "--stdout", "-1"]) + "\n";
    assert_eq!(
        apply(&fresh.store, &v1.tree, &mail).unwrap(),
        want,
        "{mail}"
    );
    let back = upstream.git(&["diff", "v2", "v1"]) + "\n";
    fresh.fetch(&request("v2", &[&path])).await.unwrap();
    assert_eq!(apply(&fresh.store, &want, &back).unwrap(), v1.tree);
}

#[tokio::test]
async fn patches_are_applied_in_order() {
    let (fresh, tree) = tree_of(&[("dir/ten", TEN)]).await;
    let patch = |name: &str, from: &str, to: &str| Patch {
        name: name.to_owned(),
        text: format!(
            "Why.\n\n{}",
            edit("@@ -2 +2 @@", &format!("-{from}\n+{to}\n"))
        ),
    };
    let (first, second) = (patch("first", "two", "2"), patch("second", "2", "II"));
    let result = fresh
        .store
        .patch(&tree, &[first.clone(), second.clone()])
        .unwrap();
    let content = fresh
        .store
        .tree(&result)
        .unwrap()
        .read("dir/ten")
        .unwrap()
        .unwrap();
    assert!(content.starts_with(b"one\nII\nthree\n"));
    assert_eq!(
        result,
        fresh
            .store
            .patch(&tree, &[first.clone(), second.clone()])
            .unwrap()
    );
    let error = fresh.store.patch(&tree, &[second, first]).unwrap_err();
    assert_eq!(error.to_string(), "patch second does not apply");
}

#[tokio::test]
async fn a_hunk_at_another_line_or_with_another_context_is_refused() {
    let (fresh, tree) = tree_of(&[("dir/ten", TEN)]).await;
    let store = &fresh.store;
    let body = " three\n-four\n+4\n five\n";
    assert!(apply(store, &tree, &edit("@@ -3,3 +3,3 @@", body)).is_ok());
    for header in ["@@ -2,3 +2,3 @@", "@@ -4,3 +4,3 @@", "@@ -1,3 +1,3 @@"] {
        let error = refusal(store, &tree, &edit(header, body));
        assert!(matches!(error, PatchError::Line { .. }), "{error}");
    }
    let error = refusal(
        store,
        &tree,
        &edit("@@ -3,3 +3,3 @@ func", " three\n-4\n+IV\n five\n"),
    );
    assert_eq!(
        error.to_string(),
        "dir/ten, hunk 1 (@@ -3,3 +3,3 @@ func): line 4 of the file does not match: found \"four\\n\", expected \"4\\n\""
    );
    let error = refusal(
        store,
        &tree,
        &edit("@@ -3,3 +3,3 @@", " three\n-four\n+4\n  five\n"),
    );
    assert!(matches!(error, PatchError::Line { line: 5, .. }), "{error}");
    let error = refusal(store, &tree, &edit("@@ -10,2 +10,1 @@", " ten\n-eleven\n"));
    assert!(
        matches!(
            error,
            PatchError::Line {
                line: 11,
                found: None,
                ..
            }
        ),
        "{error}"
    );
    let error = refusal(store, &tree, &edit("@@ -40 +40 @@", "-x\n+y\n"));
    assert!(
        matches!(error, PatchError::Line { found: None, .. }),
        "{error}"
    );
    let error = refusal(store, &tree, &edit("@@ -3,3 +4,3 @@", body));
    assert!(
        matches!(error, PatchError::NewStart { expected: 3, .. }),
        "{error}"
    );
    let twice = edit(
        "@@ -3,3 +3,3 @@",
        &format!("{body}@@ -5 +5 @@\n-five\n+5\n"),
    );
    let error = refusal(store, &tree, &twice);
    assert!(
        matches!(&error, PatchError::Order { place } if place.number == 2),
        "{error}"
    );
    let error = refusal(
        store,
        &tree,
        &edit("@@ -10 +10 @@", "-ten\n\\ No newline at end of file\n+10\n"),
    );
    assert!(
        matches!(error, PatchError::Line { line: 10, .. }),
        "{error}"
    );
    let open = "-nine\n+9\n\\ No newline at end of file\n";
    let error = refusal(store, &tree, &edit("@@ -9 +9 @@", open));
    assert!(matches!(error, PatchError::NoNewline { .. }), "{error}");
}

#[tokio::test]
async fn wrong_counts_and_garbage_are_refused() {
    let (fresh, tree) = tree_of(&[("dir/ten", TEN)]).await;
    let store = &fresh.store;
    let good = edit("@@ -3,3 +3,3 @@", " three\n-four\n+4\n five\n");
    for (header, line) in [
        ("@@ -3,4 +3,4 @@", 8),
        ("@@ -3,2 +3,2 @@", 7),
        ("@@ -3,3 +3,2 @@", 7),
    ] {
        let error = refusal(store, &tree, &good.replace("@@ -3,3 +3,3 @@", header));
        assert!(
            matches!(&error, PatchError::Count { line: at, .. } if *at == line),
            "{header}: {error}"
        );
    }
    for (tail, line) in [
        ("garbage\n", 8),
        ("\n", 8),
        ("@@ -8 @@\n", 8),
        ("-- \n2.39\nmore\n", 10),
    ] {
        let error = refusal(store, &tree, &format!("{good}{tail}"));
        assert!(
            matches!(&error, PatchError::Garbage { line: at, .. } if *at == line),
            "{tail}: {error}"
        );
    }
    assert_eq!(refusal(store, &tree, "nothing\n"), PatchError::Empty);
    assert_eq!(refusal(store, &tree, ""), PatchError::Empty);
    let headless = refusal(store, &tree, "@@ -3 +3 @@\n-three\n+3\n");
    assert!(matches!(headless, PatchError::Garbage { line: 1, .. }));
    let header = "diff --git a/dir/ten b/dir/ten\n";
    let error = refusal(store, &tree, header);
    assert!(matches!(error, PatchError::Header { line: 1 }), "{error}");
    for name in ["a/../x", "/etc/passwd", "a/.git/config", "ten"] {
        let text = good.replace("a/dir/ten", name).replace("b/dir/ten", name);
        let error = refusal(store, &tree, &text);
        let missing = matches!(&error, PatchError::FileMissing { file } if file == "etc/passwd");
        assert!(
            missing || matches!(error, PatchError::Name { .. }),
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn a_patch_edits_files_and_does_nothing_else() {
    let (fresh, tree) = tree_of(&[("dir/ten", TEN), ("x", "x\n")]).await;
    let store = &fresh.store;
    for missing in ["no", "dir", "x/below"] {
        let text = format!("--- a/{missing}\n+++ b/{missing}\n@@ -1 +1 @@\n-a\n+b\n");
        let file = missing.to_owned();
        assert_eq!(
            refusal(store, &tree, &text),
            PatchError::FileMissing { file }
        );
    }
    let header = "diff --git a/x b/x\n";
    for (text, line) in [
        ("--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+b\n", 1),
        ("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", 2),
        ("--- a/x\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n", 2),
        ("--- \"a/x\"\n+++ \"b/x\"\n@@ -1 +1 @@\n-x\n+y\n", 1),
        (&format!("{header}old mode 100644\nnew mode 100755\n"), 2),
        (
            &format!("{header}new file mode 100644\nindex 0000000..1234567\n"),
            2,
        ),
        (
            &format!("{header}deleted file mode 100644\nindex 1234567..0000000\n"),
            2,
        ),
        (
            "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
            2,
        ),
        ("diff --git a/x b/y\ncopy from x\ncopy to y\n", 2),
        (
            &format!("{header}index 1234567..abcdefa 100644\nGIT binary patch\nliteral 3\n"),
            3,
        ),
        (
            &format!("{header}index 1234567..abcdefa\nBinary files a/x and b/x differ\n"),
            3,
        ),
    ] {
        let error = refusal(store, &tree, text);
        assert!(
            matches!(&error, PatchError::Unsupported { line: at, .. } if *at == line),
            "{text}: {error}"
        );
        assert!(error.to_string().ends_with(
            "a patch can only edit text files of the source; use a build step for anything else"
        ));
    }
}

#[tokio::test]
async fn a_tree_is_read() {
    let (fresh, tree) = tree_of(&[("dir/ten", TEN), ("dir/sub/x", "x\n")]).await;
    let store = &fresh.store;
    let opened = store.tree(&tree).unwrap();
    assert_eq!(opened.read("dir/ten").unwrap().unwrap(), TEN.as_bytes());
    for none in ["dir", "none", "dir/ten/below", "../dir/ten", ""] {
        assert_eq!(opened.read(none).unwrap(), None, "{none}");
    }
    assert!(opened.exists("dir/").unwrap() && !opened.exists("dirt").unwrap());
    assert!(matches!(
        store.tree(&"12".repeat(20)),
        Err(SourceError::TreeRead { .. })
    ));
}
