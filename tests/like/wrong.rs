//! What is no version, or not enough of one.

use kmembuild::like::read;

use super::forms::{V1_15_5, info, kubectl_json};

/// Why it is refused.
#[track_caller]
pub fn refusal(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(error) => error.to_string(),
        Ok(like) => panic!("this was read: {like:?}"),
    }
}

#[test]
fn what_is_not_a_version_at_all_is_called_by_its_name() {
    let many = vec![b'x'; (1 << 20) + 1];
    for (bytes, said) in [
        (&b""[..], "the text is empty"),
        (b" \n\t\n", "the text is empty"),
        (&many, "the input is too large for a version: more than 1.0 MiB"),
        (b"\x7fELF\x02\x01\x01", "the input is a program"),
        (b"\xff\xfe\0runc", "neither UTF-8 text nor a program"),
        (b"runc version 1.0\xe9\n", "neither UTF-8 text nor a program"),
        (b"runc version\0 1.0.0\n", "neither UTF-8 text nor a program"),
        (
            b"bash: runc: command not found\n",
            "the text is not the output of a supported command; it begins with \"bash: runc: command not found\"",
        ),
        (b"v1.15.5\n", "it begins with \"v1.15.5\""),
        (
            b"containerd github.com/containerd/containerd v1.2.13 7ad184331fa3e55e52b890ea95e65ba581ae3429\n",
            "the text is a report of containerd",
        ),
        (b"The version 2 of it\n", "not the output of a supported command"),
        (b"Server Version: \n", "\"\" is not a version"),
        (b"runc version v1;reboot\n", "\"v1;reboot\" is not a version"),
    ] {
        let refused = refusal(bytes);
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn a_cluster_that_did_not_answer_is_not_replaced_by_its_client() {
    for text in [
        r#"{"clientVersion": {"gitVersion": "v1.18.2", "platform": "linux/amd64"}, "kustomizeVersion": "v5.5.0"}"#,
        r#"{"clientVersion": {"gitVersion": "v1.18.2"}, "serverVersion": null}"#,
        "clientVersion:\n  gitVersion: v1.18.2\n  platform: linux/amd64\n",
        "Client Version: v1.32.4\nKustomize Version: v5.5.0\n",
        &format!("Client Version: {}\n", info("v1.18.2", V1_15_5)),
    ] {
        let refused = refusal(text.as_bytes());
        assert_eq!(
            refused,
            "the text contains only the version of kubectl itself, because kubectl could not reach the server"
        );
    }
}

#[test]
fn documents_of_other_kinds_and_other_systems_are_refused() {
    for (text, said) in [
        ("{}", "it has neither serverVersion nor nodeInfo"),
        (
            "[]",
            "the text is not the output of `kubectl version` or `kubectl get node`",
        ),
        (
            r#"{"serverVersion": "v1.15.5"}"#,
            "the text is not the output",
        ),
        (
            r#"{"serverVersion": {"gitVersion": 1}}"#,
            "the text is not the output",
        ),
        (
            r#"{"serverVersion": {}}"#,
            "serverVersion in the text has no gitVersion",
        ),
        (
            r#"{"serverVersion": {"gitVersion": ""}}"#,
            "has no gitVersion",
        ),
        (
            r#"{"status": {"nodeInfo": {}}}"#,
            "nodeInfo in the text has no kubeletVersion",
        ),
        (
            r#"{"kind": "Pod", "status": {"phase": "Running"}}"#,
            "neither",
        ),
        ("serverVersion: [1]\n", "the text is not valid YAML"),
        (
            "serverVersion: {gitVersion: v1\n",
            "the text is not valid YAML",
        ),
        (
            "version.Info{Major:\"1\"}",
            "version.Info in the text has no gitVersion",
        ),
        (
            r#"{"serverVersion": {"gitVersion": "v1.15.5", "platform": "windows/amd64"}}"#,
            "the program is for windows/amd64; only Linux is supported",
        ),
        (
            r#"{"status": {"nodeInfo": {"kubeletVersion": "v1.15.5", "operatingSystem": "windows", "architecture": "amd64"}}}"#,
            "the program is for windows/amd64",
        ),
    ] {
        let refused = refusal(text.as_bytes());
        assert!(refused.contains(said), "{text}: {refused}");
    }
}

#[test]
fn a_text_that_is_cut_short_is_never_half_read() {
    let json = kubectl_json("v1.15.5", V1_15_5);
    for length in 1..json.trim_end().len() {
        let refused = refusal(&json.as_bytes()[..length]);
        assert!(refused.contains("truncated"), "{length}: {refused}");
    }
    let raw = info("v1.15.5", V1_15_5);
    for length in 13..raw.len() {
        assert_eq!(
            refusal(&raw.as_bytes()[..length]),
            "version.Info{...} in the text is truncated"
        );
    }
}

#[test]
fn strange_bytes_are_refused_and_do_no_harm() {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8).to_le_bytes()[0]
    };
    let good = kubectl_json("v1.15.5", V1_15_5) + &info("v1.15.5", V1_15_5);
    for round in 0..300 {
        let mut bytes = good.clone().into_bytes();
        if round % 2 == 0 {
            bytes.rotate_left(usize::from(random()) * 3);
        }
        for _ in 0..4 {
            let at = (usize::from(random()) << 8 | usize::from(random())) % bytes.len();
            bytes[at] = random();
        }
        // Whatever comes of it, it ends.
        let _ = read(&bytes);
    }
    let deep = "[".repeat(100_000);
    assert!(refusal(deep.as_bytes()).contains("JSON"));
    let aliases = "kind: &a [x, x, x]\nitems: &b [*a, *a, *a, *a]\nstatus: [*b, *b, *b, *b]\n";
    assert!(refusal(aliases.as_bytes()).contains("YAML"));
}
