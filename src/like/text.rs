//! Text that programs print: `runc --version`, `kubelet --version`, `kubectl version`.

use super::commit::Commit;
use super::document::Info;
use super::error::LikeError;
use super::names::{OF_THE_SYSTEM, is_name};
use super::other_report;
use super::reported::{Like, Program};
use super::version::ReportedVersion;

/// How Go prints the build information of Kubernetes.
const INFO: &str = "version.Info{";

/// Where a text came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextOrigin {
    /// The user provided it. What kubectl reports about itself is ignored.
    User,
    /// A program printed it about itself.
    Program,
}

/// All versions in the text.
pub(super) fn read(text: &str, origin: TextOrigin) -> Result<Vec<Like>, LikeError> {
    if origin == TextOrigin::User
        && let Some(program) = other_report::of_text(text)
    {
        return Err(LikeError::OtherReport { program });
    }
    let mut found: Vec<Like> = Vec::new();
    let mut client = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("Client Version:") {
            client = Some(rest);
        } else if let Some(rest) = line.strip_prefix("Server Version:") {
            found.push(kubernetes(rest)?);
        } else if let Some(start) = line.find(INFO) {
            found.push(kubernetes(&line[start..])?);
        } else if let Some(version) = line.strip_prefix("Kubernetes ").filter(|rest| begins(rest)) {
            found.push(kubernetes(version)?);
        } else if let Some((name, rest)) = line.split_once(" version ")
            && is_name(name)
            && !OF_THE_SYSTEM.contains(&name)
            && (begins(rest) || labels(rest))
        {
            found.push(named(name, rest)?);
        } else if let Some(label) = line.strip_prefix("commit:")
            && let Some(last) = found.last_mut()
            && matches!(last.program, Some(Program::Named(_)))
            && last.commit.is_none()
        {
            last.commit = Commit::read(label);
        }
    }
    match (found.is_empty(), client) {
        (false, _) => Ok(found),
        (true, Some(client)) if origin == TextOrigin::Program => Ok(vec![kubernetes(client)?]),
        (true, Some(_)) => Err(LikeError::NoServer),
        (true, None) => Err(LikeError::UnknownText {
            line: text
                .trim()
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(100)
                .collect(),
        }),
    }
}

/// A version of Kubernetes, alone or with all its build information.
fn kubernetes(text: &str) -> Result<Like, LikeError> {
    let text = text.trim();
    let Some(start) = text.find(INFO) else {
        let word = text.split_whitespace().next().unwrap_or_default();
        return Ok(Like {
            program: Some(Program::Kubernetes),
            version: Some(ReportedVersion::of_kubernetes(word)?),
            ..Like::default()
        });
    };
    let fields = &text[start + INFO.len()..];
    let Some((fields, _)) = fields.split_once('}') else {
        return Err(LikeError::CutShort);
    };
    let field = |name: &str| {
        fields.split(',').find_map(|field| {
            let (key, value) = field.split_once(':')?;
            let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
            (key.trim() == name).then(|| value.to_owned())
        })
    };
    let info = Info {
        major: field("Major"),
        git_version: field("GitVersion"),
        git_commit: field("GitCommit"),
        git_tree_state: field("GitTreeState"),
        platform: field("Platform"),
    };
    // Other programs, such as KubeVirt's, print the same without it.
    let lacks_major = info.major.is_none();
    let like = info.read("version.Info")?;
    if lacks_major {
        return Err(LikeError::Missing {
            place: "version.Info",
            field: "Major, which all programs of Kubernetes report",
        });
    }
    Ok(like)
}

/// What follows `NAME version`: a version, or its labels if the program was built without a version.
fn named(name: &str, rest: &str) -> Result<Like, LikeError> {
    let mut like = Like {
        program: Some(Program::Named(name.to_owned())),
        ..Like::default()
    };
    if let Some(label) = rest.strip_prefix("commit:") {
        like.commit = Commit::read(label);
    } else if !labels(rest) {
        let word = rest.split([' ', '\t', ',']).next().unwrap_or_default();
        like.version = Some(ReportedVersion::read(word)?);
    }
    Ok(like)
}

/// Whether a version begins here.
fn begins(text: &str) -> bool {
    let text = text.trim_start();
    let number = text.strip_prefix('v').unwrap_or(text);
    number.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("unknown")
}

/// Whether runc's labels begin here.
fn labels(text: &str) -> bool {
    text.starts_with("commit:") || text.starts_with("spec:")
}
