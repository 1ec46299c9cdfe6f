//! Errors in reading the version that a node has.

use thiserror::Error;

use super::vendor::Vendor;
use crate::recipe::RecipeError;
use crate::verify::VerifyError;

/// Why a node's version could not be read, or cannot be built.
#[derive(Debug, Error)]
pub enum LikeError {
    /// The input is not usable; the source says why.
    #[error("could not determine from {input} what to build")]
    Input {
        /// `standard input`, or the file.
        input: String,
        /// Why not.
        #[source]
        source: Box<LikeError>,
    },
    /// Standard input is a terminal.
    #[error("{input} is a terminal, so there is nothing to read")]
    Terminal {
        /// `standard input`, or the file.
        input: String,
    },
    /// The input cannot be read.
    #[error("could not read {input}")]
    Unreadable {
        /// `standard input`, or the file.
        input: String,
        /// The error of the system.
        #[source]
        source: std::io::Error,
    },
    /// The input is larger than the output of any supported command.
    #[error(
        "the input is too large for a version: more than {}",
        bytesize::ByteSize(*limit)
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The input is empty.
    #[error("the text is empty: the command that should have written it printed nothing")]
    Empty,
    /// The input is the contents of a program.
    #[error("the input is a program; to run it, its file name is required")]
    Program,
    /// The input is not text.
    #[error("the input is neither UTF-8 text nor a program")]
    NoText,
    /// The input is not valid JSON.
    #[error("the text is not valid JSON; it may be truncated")]
    Json {
        /// The error of the parser.
        #[source]
        source: serde_json::Error,
    },
    /// The input is not valid YAML.
    #[error("the text is not valid YAML; it may be truncated")]
    Yaml {
        /// The error of the parser.
        #[source]
        source: Box<RecipeError>,
    },
    /// The input is another kind of document.
    #[error("the text is not the output of `kubectl version` or `kubectl get node`: {reason}")]
    OtherDocument {
        /// What is wrong or missing.
        reason: String,
    },
    /// The input is a report of another program.
    #[error(
        "the text is a report of {program}; what it contains is not the version of a kubelet or of a runc"
    )]
    OtherReport {
        /// The program, or its command.
        program: String,
    },
    /// Kubernetes has no such version.
    #[error(
        "{version} is not a version of Kubernetes, whose versions begin with v1; the text is a report of another program"
    )]
    NotKubernetes {
        /// The version.
        version: String,
    },
    /// The input contains only the version of kubectl itself.
    #[error(
        "the text contains only the version of kubectl itself, because kubectl could not reach the server"
    )]
    NoServer,
    /// A part of the input is missing.
    #[error("{place} in the text has no {field}")]
    Missing {
        /// The part that is present.
        place: &'static str,
        /// The field that is missing in it.
        field: &'static str,
    },
    /// The input is truncated.
    #[error("version.Info{{...}} in the text is truncated")]
    CutShort,
    /// The input is some other text.
    #[error("the text is not the output of a supported command; it begins with {line:?}")]
    UnknownText {
        /// Its first line.
        line: String,
    },
    /// A version contains characters that no version has.
    #[error("{text:?} is not a version")]
    NoVersion {
        /// The text in the place of a version.
        text: String,
    },
    /// The input contains several versions.
    #[error("the text contains different versions: {}", found.join("; "))]
    Several {
        /// The versions, one line each.
        found: Vec<String>,
    },
    /// The program was built without version information.
    #[error("the program was built without a version and without a commit")]
    Nothing,
    /// The commit cannot be determined from the version alone.
    #[error("{version} is an unreleased version, and its commit is unknown")]
    NoCommit {
        /// The version.
        version: String,
    },
    /// The program is for another operating system.
    #[error("the program is for {platform}; only Linux is supported")]
    OtherSystem {
        /// Operating system and architecture.
        platform: String,
    },
    /// No recipe can support the architecture.
    #[error("the architecture of the program is not supported: {reason}")]
    Architecture {
        /// The supported ones.
        reason: String,
    },
    /// The program could not be opened or read.
    #[error("could not read the program")]
    ProgramUnreadable(#[source] VerifyError),
    /// The program is damaged.
    #[error("the program is incomplete or damaged: {reason}")]
    NoProgram {
        /// What is wrong with it.
        reason: String,
    },
    /// The program cannot be run here.
    #[error("the program cannot be run here to get its version: {reason}")]
    NotRun {
        /// Why not.
        reason: String,
    },
    /// The program was run and did not print its version.
    #[error("the program did not print its version: {reasons}")]
    NotReported {
        /// The arguments of each attempt, and its result.
        reasons: String,
    },
    /// The recipe builds something else.
    #[error("this is the version of {program}, but recipe {recipe} builds {outputs}")]
    OtherProgram {
        /// The program that has the version.
        program: String,
        /// The recipe.
        recipe: String,
        /// Names of the recipe's outputs.
        outputs: String,
    },
    /// It is a vendor's build.
    #[error(
        "{version} is {vendor}: it is based on upstream's tag {}, but the vendor has added changes that are not in upstream's repository",
        vendor.tag
    )]
    Vendor {
        /// The version.
        version: String,
        /// The vendor.
        vendor: Vendor,
    },
    /// The tag points to another commit than the reported one.
    #[error("version {version} does not match commit {reported}: upstream's {tag} is commit {served}{}", other_tag.as_ref().map(|tag| format!(", and {reported} is {tag}")).unwrap_or_default())]
    OtherCommit {
        /// The version as reported.
        version: String,
        /// The commit that was reported with it.
        reported: String,
        /// The tag of the version.
        tag: String,
        /// The tag's commit.
        served: String,
        /// The known tag of the reported commit.
        other_tag: Option<String>,
    },
}

impl LikeError {
    /// The error in what was read from `input` (`standard input`, or a file).
    pub(super) fn of(self, input: &str) -> Self {
        let input = input.to_owned();
        match self {
            LikeError::Input { .. } | LikeError::Terminal { .. } | LikeError::Unreadable { .. } => {
                self
            }
            source => LikeError::Input {
                input,
                source: Box::new(source),
            },
        }
    }

    /// The error without the name of the input.
    pub fn root(&self) -> &Self {
        match self {
            LikeError::Input { source, .. } => source.root(),
            other => other,
        }
    }
}
