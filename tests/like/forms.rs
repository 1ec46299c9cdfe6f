//! Every form that is understood, as the programs print it.

use kmembuild::like::{Like, Origin, Program, read};

use super::wrong::refusal;

/// Commit of Kubernetes 1.15.5.
pub const V1_15_5: &str = "20c265fef0741dd71a66480e35bd69f18351daea";
const RC10: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

/// What one of Kubernetes' programs knows of its build, as Go prints it.
pub fn info(version: &str, commit: &str) -> String {
    format!(
        r#"version.Info{{Major:"1", Minor:"15", GitVersion:"{version}", GitCommit:"{commit}", GitTreeState:"clean", BuildDate:"2019-10-15T19:07:57Z", GoVersion:"go1.12.10", Compiler:"gc", Platform:"linux/amd64"}}"#
    )
}

/// What `kubectl version -o json` prints. The client is another version, for another system.
pub fn kubectl_json(version: &str, commit: &str) -> String {
    format!(
        r#"{{
  "clientVersion": {{
    "major": "1", "minor": "18", "gitVersion": "v1.18.2", "gitCommit": "52c56ce7a8272c798dbc29846288d7cd9fbae032",
    "gitTreeState": "clean", "buildDate": "2020-04-16T11:56:40Z", "goVersion": "go1.13.9", "compiler": "gc",
    "platform": "darwin/amd64"
  }},
  "serverVersion": {{
    "major": "1", "minor": "15", "gitVersion": "{version}", "gitCommit": "{commit}",
    "gitTreeState": "clean", "buildDate": "2019-10-15T19:07:57Z", "goVersion": "go1.12.10", "compiler": "gc",
    "platform": "linux/amd64"
  }}
}}
"#
    )
}

#[track_caller]
fn like(text: &str) -> Like {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Version, commit and architecture.
#[track_caller]
fn parts(like: &Like) -> (Option<&str>, Option<&str>, Option<&str>) {
    let version = like.version.as_ref().map(|version| version.text.as_str());
    let commit = like.commit.as_ref().and_then(|commit| commit.id.as_deref());
    (version, commit, like.architecture.as_deref())
}

#[test]
fn kubectl_tells_the_server_and_not_itself() {
    let whole = (Some("v1.15.5"), Some(V1_15_5), Some("amd64"));
    let json = kubectl_json("v1.15.5", V1_15_5);
    let yaml = format!(
        "clientVersion:\n  gitVersion: v1.18.2\n  platform: darwin/amd64\nkustomizeVersion: v5.5.0\nserverVersion:\n  \
         gitCommit: {V1_15_5}\n  gitTreeState: clean\n  gitVersion: v1.15.5\n  major: \"1\"\n  minor: 15+\n  \
         platform: linux/amd64\n\n"
    );
    let client = info("v1.18.2", "52c56ce7a8272c798dbc29846288d7cd9fbae032");
    let server = info("v1.15.5", V1_15_5);
    let text = format!("Client Version: {client}\nServer Version: {server}\n");
    let dos = json.replace('\n', "\r\n");
    let marked = format!("\u{feff}{json}");
    for text in [json, yaml, text, dos, marked] {
        let like = like(&text);
        assert_eq!(parts(&like), whole, "{text}");
        assert_eq!(like.program, Some(Program::Kubernetes));
        assert_eq!(like.changed, None);
    }
    for text in [
        "Client Version: v1.32.4\nKustomize Version: v5.5.0\nServer Version: v1.15.5\n",
        "Server Version: v1.15.5\nWARNING: version difference between client (1.32) and server (1.15)\n",
    ] {
        assert_eq!(parts(&like(text)), (Some("v1.15.5"), None, None));
    }
}

#[test]
fn a_kubelet_tells_its_version_and_raw_its_commit() {
    let plain = like("Kubernetes v1.15.5\n");
    assert_eq!(parts(&plain), (Some("v1.15.5"), None, None));
    let warned =
        like("I1015 12:00:00.000000       1 feature_gate.go:216] none\nKubernetes v1.15.5\n");
    assert_eq!(plain, warned);
    let raw = like(&info("v1.15.5", V1_15_5));
    assert_eq!(parts(&raw), (Some("v1.15.5"), Some(V1_15_5), Some("amd64")));
    let dirty = info("v1.15.5-dirty", V1_15_5).replace("clean", "dirty");
    let dirty = like(&dirty);
    assert_eq!(
        dirty.changed.as_deref(),
        Some("its tree state is \"dirty\"")
    );
    let unset = like(&info("v0.0.0-master+$Format:%h$", "$Format:%H$"));
    assert_eq!(unset.version.unwrap().origin, Origin::Unset);
    assert_eq!(unset.commit, None);
}

#[test]
fn a_node_tells_its_kubelet() {
    let node = |version: &str, architecture: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "n1"}}, "status": {{"nodeInfo": {{"architecture": "{architecture}", "containerRuntimeVersion": "docker://19.3.3", "kernelVersion": "3.10.0-1062.el7.x86_64", "kubeletVersion": "{version}", "operatingSystem": "linux"}}}}}}"#
        )
    };
    let list = |nodes: &[String]| format!(r#"{{"kind": "List", "items": [{}]}}"#, nodes.join(","));
    let one = node("v1.15.5", "arm64");
    let expected = (Some("v1.15.5"), None, Some("arm64"));
    assert_eq!(parts(&like(&one)), expected);
    assert_eq!(parts(&like(&list(&[one.clone(), one.clone()]))), expected);
    let mixed = list(&[one.clone(), node("v1.16.3", "arm64"), one]);
    assert_eq!(
        refusal(mixed.as_bytes()),
        "the text contains different versions: v1.15.5, arm64; v1.16.3, arm64"
    );
    assert!(refusal(list(&[]).as_bytes()).ends_with("it contains no node"));
    let yaml = "apiVersion: v1\nkind: Node\nstatus:\n  nodeInfo:\n    architecture: amd64\n    kubeletVersion: v1.15.5\n";
    assert_eq!(parts(&like(yaml)), (Some("v1.15.5"), None, Some("amd64")));
}

#[test]
fn runc_tells_version_and_commit_in_the_words_of_its_time() {
    let whole = format!("commit: {RC10}");
    for (text, version, commit) in [
        (
            format!("runc version 1.0.0-rc10\n{whole}\nspec: 1.0.1-dev\n"),
            Some("1.0.0-rc10"),
            Some(RC10),
        ),
        (
            "runc version 1.1.5\ncommit: v1.1.5-0-gf19387a6\nspec: 1.0.2-dev\ngo: go1.18.10\nlibseccomp: 2.5.1\n".to_owned(),
            Some("1.1.5"),
            Some("f19387a6"),
        ),
        (
            "runc version 1.0.0~rc93+ds1\ncommit: 1.0.0~rc93+ds1-5+deb11u5\nspec: 1.0.2-dev\ngo: go1.15.15\n".to_owned(),
            Some("1.0.0~rc93+ds1"),
            None,
        ),
        (
            format!("runc version 1.0.0-rc5+dev\n{whole}\nspec: 1.0.0\n"),
            Some("1.0.0-rc5+dev"),
            Some(RC10),
        ),
        // built without a version, and without anything
        (format!("runc version {whole}\nspec: 1.0.0\n"), None, Some(RC10)),
        ("runc version spec: 1.0.1-dev\n".to_owned(), None, None),
        // the same from several nodes
        (
            format!("runc version 1.0.0-rc10\n{whole}\nrunc version 1.0.0-rc10\n{whole}\n"),
            Some("1.0.0-rc10"),
            Some(RC10),
        ),
    ] {
        let like = like(&text);
        assert_eq!(parts(&like), (version, commit, None), "{text}");
        assert_eq!(like.program, Some(Program::Named("runc".to_owned())));
    }
}

#[test]
fn a_program_is_known_by_the_name_of_its_file() {
    let kubernetes = Program::Kubernetes;
    for file in ["kubelet", "kube-proxy", "hyperkube"] {
        assert!(kubernetes.is(file), "{file}");
    }
    assert!(!kubernetes.is("runc"));
    let crun = like("crun version 0.19.1\ncommit: 1535fedf0b83fb898d449f9680000f729ba719f5\n");
    let program = crun.program.unwrap();
    assert_eq!(program.to_string(), "crun");
    assert!(!program.is("runc"));
}
