//! Why nothing can be built to be like what was given.

use thiserror::Error;

use super::vendor::Vendor;
use crate::recipe::RecipeError;
use crate::verify::VerifyError;

/// Why nothing can be built to be like what was given.
#[derive(Debug, Error)]
pub enum LikeError {
    /// What was given is not understood; the source says why.
    #[error("{input} does not tell what to build")]
    Input {
        /// `standard input`, or the file.
        input: String,
        /// Why not.
        #[source]
        source: Box<LikeError>,
    },
    /// Nobody pipes anything in.
    #[error("{input} is a terminal, and nothing would come from it but what you type")]
    Terminal {
        /// `standard input`, or the file.
        input: String,
    },
    /// It cannot be read.
    #[error("{input} cannot be read")]
    Unreadable {
        /// `standard input`, or the file.
        input: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is larger than what any of the understood commands prints.
    #[error(
        "it is larger than {}, which no version is",
        bytesize::ByteSize(*limit)
    )]
    TooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// There is nothing in it.
    #[error("it is empty: what should have written to it printed nothing")]
    Empty,
    /// A program itself was piped in.
    #[error("it is a program itself, which can be asked for its version only as a file")]
    Program,
    /// It is not text.
    #[error("it is neither text in UTF-8 nor a program")]
    NoText,
    /// It is cut short or no JSON.
    #[error("it begins like JSON and is none, or is cut short")]
    Json {
        /// What the reader said.
        #[source]
        source: serde_json::Error,
    },
    /// It is cut short or no YAML.
    #[error("it begins like YAML of kubectl and is none, or is cut short")]
    Yaml {
        /// What the reader said.
        #[source]
        source: Box<RecipeError>,
    },
    /// It is a document of another kind.
    #[error("it is not what `kubectl version` or `kubectl get node` prints: {reason}")]
    OtherDocument {
        /// What is wrong or missing.
        reason: String,
    },
    /// kubectl told its own version only.
    #[error(
        "it has no server's version, only that of kubectl itself: kubectl could not reach the server"
    )]
    NoServer,
    /// A part of a known form is missing.
    #[error("its {place} has no {field}")]
    Missing {
        /// The part that is there.
        place: &'static str,
        /// The field that is not in it.
        field: &'static str,
    },
    /// It ends before it is whole.
    #[error("its version.Info{{...}} is cut short")]
    CutShort,
    /// It is some other text.
    #[error("it is no version that any of the known commands prints; it begins with {line:?}")]
    UnknownText {
        /// Its first line.
        line: String,
    },
    /// A version holds what no version does.
    #[error("{text:?} is not a version")]
    NoVersion {
        /// What is there instead.
        text: String,
    },
    /// It tells of several.
    #[error("it tells of several that differ: {}", found.join("; "))]
    Several {
        /// Each in one line.
        found: Vec<String>,
    },
    /// The program was built without its labels.
    #[error("it names neither a version nor a commit: the program was built without them")]
    Nothing,
    /// The version alone does not say which commit.
    #[error("{version} is no release but some commit after one, and it does not say which")]
    NoCommit {
        /// The version.
        version: String,
    },
    /// It is for another operating system.
    #[error("it is for {platform}, and only programs for Linux are built")]
    OtherSystem {
        /// Operating system and architecture.
        platform: String,
    },
    /// The architecture is none that recipes know.
    #[error("it is for an architecture that is not known: {reason}")]
    Architecture {
        /// What is known.
        reason: String,
    },
    /// The program could not be opened or read.
    #[error("the program cannot be looked at")]
    ProgramUnreadable(#[source] VerifyError),
    /// It begins as a program does and is none.
    #[error("it is no whole program: {reason}")]
    NoProgram {
        /// What it is instead.
        reason: String,
    },
    /// The program cannot be run here.
    #[error("the program cannot be run here to hear its version: {reason}")]
    NotRun {
        /// Why not.
        reason: String,
    },
    /// The program was run and told no version.
    #[error("the program was run and tells no version: {reasons}")]
    NotTold {
        /// Each attempt's arguments, with what came of it.
        reasons: String,
    },
    /// The recipe builds something else.
    #[error("it is the version of {program}, and the recipe {recipe} builds {outputs}")]
    OtherProgram {
        /// Whose version it is.
        program: String,
        /// The recipe.
        recipe: String,
        /// Names of its outputs.
        outputs: String,
    },
    /// It is a vendor's build.
    #[error(
        "{version} is {vendor}: it derives from upstream's tag {}, but its code is not the tag's: the vendor builds changes of its own, from a repository of its own",
        vendor.tag
    )]
    Vendor {
        /// The version.
        version: String,
        /// Whose it is.
        vendor: Vendor,
    },
    /// The tag is another commit than the reported one.
    #[error("{version} and commit {reported} do not belong together: upstream's {tag} is commit {served}{}", other_tag.as_ref().map(|tag| format!(", and {reported} is {tag}")).unwrap_or_default())]
    OtherCommit {
        /// The version as reported.
        version: String,
        /// The commit that was reported with it.
        reported: String,
        /// The tag of that version.
        tag: String,
        /// The tag's commit.
        served: String,
        /// The tag that the recipe knows the reported commit by.
        other_tag: Option<String>,
    },
}

impl LikeError {
    /// What it says of `input` (`standard input`, or a file).
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

    /// The error below the mention of the input.
    pub fn root(&self) -> &Self {
        match self {
            LikeError::Input { source, .. } => source.root(),
            other => other,
        }
    }
}
