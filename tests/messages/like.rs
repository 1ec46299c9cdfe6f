//! Errors in reading the version that a node has.

use kmembuild::like::{LikeError, Vendor};
use kmembuild::recipe::parse_yaml;
use kmembuild::verify::VerifyError;

use super::{Message, json, system, text};

pub(super) fn messages() -> Vec<Message> {
    let yaml = parse_yaml::<u32>("the text", "kind: [").expect_err("not a number in YAML");
    let unreadable = VerifyError::Open {
        path: "runc".into(),
        source: system(),
    };
    let vendor = |name| Vendor {
        name,
        tag: text("v1.15.5"),
    };
    samples!("like", explained LikeError:
        Input { input: text("standard input"), source: Box::new(LikeError::Empty) },
        Terminal { input: text("standard input") },
        Unreadable { input: text("version.txt"), source: system() },
        TooLarge { limit: 1 << 20 },
        Empty,
        Program,
        NoText,
        Json { source: json() },
        Yaml { source: Box::new(yaml) },
        OtherDocument { reason: text("it contains no node") },
        OtherReport { program: text("`docker info`") },
        NotKubernetes { version: text("18.09.8") },
        NoServer,
        Missing { place: "serverVersion", field: "gitVersion" },
        CutShort,
        UnknownText { line: text("bash: runc: command not found") },
        NoVersion { text: text("v1.15.5; rm -rf /") },
        Several { found: vec![text("v1.15.5, arm64"), text("v1.16.3, arm64")] },
        Nothing,
        NoCommit { version: text("1.0.0-rc10+dev") },
        OtherSystem { platform: text("windows/amd64") },
        Architecture { reason: text("\"vax\" is not a supported architecture; use one of amd64, arm64") },
        ProgramUnreadable (unreadable),
        NoProgram { reason: text("an ELF file that is not whole") },
        NotRun { reason: text("this host cannot start it") },
        NotReported { reasons: text("`version`: it exited with code 3; `-v`: it printed nothing") },
        OtherProgram { program: text("crun"), recipe: text("runc"), outputs: text("runc, recvtty") },
        Vendor
            { version: text("v1.15.5-eks-1-15-1"), vendor: vendor(Some("Amazon EKS")) }
            { version: text("v1.15.5-acme"), vendor: vendor(None) },
        OtherCommit
            {
                version: text("v1.0.0-rc10"),
                reported: text("2c7861bc"),
                tag: text("v1.0.0-rc10"),
                served: text("dc9208a3"),
                other_tag: Some(text("v1.0.0-rc94")),
            }
            {
                version: text("v1.0.0-rc10"),
                reported: text("aaaaaaaa"),
                tag: text("v1.0.0-rc10"),
                served: text("dc9208a3"),
                other_tag: None,
            },
    )
}
