//! JSON and YAML: `kubectl version -o json`, `kubectl get node NAME -o json`, `kubectl get --raw /version`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::commit::Commit;
use super::error::LikeError;
use super::other_report;
use super::reported::{Like, Program};
use super::version::ReportedVersion;
use crate::recipe::parse_yaml;

/// The parts of kubectl's documents that contain a version. Which document it is follows from the fields that are
/// present.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    client_version: Option<IgnoredAny>,
    server_version: Option<Info>,
    status: Option<NodeStatus>,
    items: Option<Vec<Item>>,
    // What the API server answers at /version is the version itself.
    major: Option<String>,
    git_version: Option<String>,
    git_commit: Option<String>,
    git_tree_state: Option<String>,
    platform: Option<String>,
}

/// What Kubernetes reports about one of its programs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info {
    pub(super) major: Option<String>,
    pub(super) git_version: Option<String>,
    pub(super) git_commit: Option<String>,
    pub(super) git_tree_state: Option<String>,
    pub(super) platform: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    status: Option<NodeStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeStatus {
    node_info: Option<NodeInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: Option<String>,
    operating_system: Option<String>,
    architecture: Option<String>,
}

/// Whether a text that is not JSON begins like the YAML form of one of these documents.
pub(super) fn is_yaml(text: &str) -> bool {
    const KEYS: [&str; 4] = ["clientVersion:", "serverVersion:", "apiVersion:", "kind:"];
    text.lines()
        .any(|line| KEYS.iter().any(|key| line.starts_with(key)))
}

pub(super) fn read_json(text: &str) -> Result<Vec<Like>, LikeError> {
    let document = serde_json::from_str(text).map_err(|source| match source.classify() {
        serde_json::error::Category::Data => LikeError::OtherDocument {
            reason: source.to_string(),
        },
        _ => LikeError::Json { source },
    });
    // A document of another program may have anything in the places of kubectl's.
    if let Some(program) = other_report::of_json(text) {
        return Err(LikeError::OtherReport { program });
    }
    read(document?)
}

pub(super) fn read_yaml(text: &str) -> Result<Vec<Like>, LikeError> {
    let document = parse_yaml("the text", text).map_err(|source| LikeError::Yaml {
        source: Box::new(source),
    })?;
    read(document)
}

fn read(document: Document) -> Result<Vec<Like>, LikeError> {
    match document {
        Document {
            server_version: Some(info),
            ..
        } => Ok(vec![info.read("serverVersion")?]),
        Document {
            client_version: Some(_),
            ..
        } => Err(LikeError::NoServer),
        Document {
            status: Some(NodeStatus {
                node_info: Some(node),
            }),
            ..
        } => Ok(vec![node.read()?]),
        Document {
            items: Some(items), ..
        } => {
            let nodes = items.into_iter().filter_map(|item| item.status?.node_info);
            let nodes: Vec<Like> = nodes.map(NodeInfo::read).collect::<Result<_, _>>()?;
            if nodes.is_empty() {
                return Err(LikeError::OtherDocument {
                    reason: "it contains no node".to_owned(),
                });
            }
            Ok(nodes)
        }
        Document {
            major: major @ Some(_),
            git_version: git_version @ Some(_),
            git_commit,
            git_tree_state,
            platform,
            ..
        } => {
            let info = Info {
                major,
                git_version,
                git_commit,
                git_tree_state,
                platform,
            };
            Ok(vec![info.read("the version")?])
        }
        _ => Err(LikeError::OtherDocument {
            reason: "it has neither serverVersion nor nodeInfo".to_owned(),
        }),
    }
}

impl Info {
    /// `place` is its place in the document, for messages.
    pub(super) fn read(self, place: &'static str) -> Result<Like, LikeError> {
        let missing = || LikeError::Missing {
            place,
            field: "gitVersion",
        };
        let version = self.git_version.filter(|version| !version.is_empty());
        let version = ReportedVersion::of_kubernetes(&version.ok_or_else(missing)?)?;
        let platform = self.platform.filter(|platform| !platform.is_empty());
        let architecture = match platform.as_deref().map(|text| text.split_once('/')) {
            None => None,
            Some(Some(("linux", architecture))) => Some(architecture.to_owned()),
            Some(_) => {
                return Err(LikeError::OtherSystem {
                    platform: platform.unwrap_or_default(),
                });
            }
        };
        let dirty = self.git_tree_state.filter(|state| state == "dirty");
        Ok(Like {
            program: Some(Program::Kubernetes),
            version: Some(version),
            commit: self.git_commit.as_deref().and_then(Commit::read),
            architecture,
            changed: dirty.map(|state| format!("its tree state is {state:?}")),
        })
    }
}

impl NodeInfo {
    fn read(self) -> Result<Like, LikeError> {
        let missing = LikeError::Missing {
            place: "nodeInfo",
            field: "kubeletVersion",
        };
        let version = ReportedVersion::of_kubernetes(&self.kubelet_version.ok_or(missing)?)?;
        let system = self.operating_system.filter(|system| system != "linux");
        if let Some(system) = system {
            let architecture = self.architecture.unwrap_or_default();
            return Err(LikeError::OtherSystem {
                platform: format!("{system}/{architecture}"),
            });
        }
        Ok(Like {
            program: Some(Program::Kubernetes),
            version: Some(version),
            architecture: self.architecture,
            ..Like::default()
        })
    }
}
