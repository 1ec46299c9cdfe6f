//! Writes the script.

use super::binary::NodeBinary;
use super::error::NodeScriptError;
use crate::artifacts::TOOL;
use crate::delivery::flush::FLUSH;
use crate::host::doctor::{ProgramKind, WELL_KNOWN_DIRECTORIES, program_names};

/// What the script does.
const BODY: &str = include_str!("node.sh");
/// Where the facts about the binaries are inserted.
const HEAD: &str = "#@HEAD@\n";

/// The script for these binaries, at least one. The same binaries give the same bytes.
///
/// # Errors
/// If two of them have the same name, or are for different or unsupported platforms.
pub fn node_script(binaries: &[NodeBinary]) -> Result<String, NodeScriptError> {
    for (place, binary) in binaries.iter().enumerate() {
        if binaries[..place]
            .iter()
            .any(|before| before.name == binary.name)
        {
            return Err(NodeScriptError::Twice {
                name: binary.name.clone(),
            });
        }
        if binary.platform != binaries[0].platform {
            return Err(NodeScriptError::Platforms {
                first: binaries[0].platform.clone(),
                second: binary.platform.clone(),
            });
        }
    }
    let platform = binaries
        .first()
        .map_or("", |binary| binary.platform.as_str());
    let machine = machine(platform)?;
    Ok(BODY.replacen(HEAD, &head(binaries, machine), 1))
}

fn head(binaries: &[NodeBinary], machine: &str) -> String {
    let list = |what: &dyn Fn(&NodeBinary) -> String, between: &str| {
        let each: Vec<_> = binaries.iter().map(what).collect();
        each.join(between)
    };
    // Names, versions and digests are single words for a shell today, but a future version may not be.
    let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| "''".to_owned(), Into::into);
    let names = |kind| program_names(kind).collect::<Vec<_>>().join(" ");
    let cases = |what: &dyn Fn(&NodeBinary) -> String| {
        list(
            &|binary| format!("    {}) echo {} ;;\n", binary.name, quoted(&what(binary))),
            "",
        )
    };
    let versions = list(
        &|binary| format!("{} {}", binary.name, binary.version),
        ", ",
    );
    format!(
        "# Replaces {} on a node by builds without kernel-memory accounting. Written by {TOOL}.\n\
         # For help: sh FILE --help\n\n\
         binaries={}\nversions={}\nmachine={machine}\n\
         sha256_of() {{\n    case $1 in\n{}    esac\n}}\n\
         size_of() {{\n    case $1 in\n{}    esac\n}}\n\
         # The path of a published result below the directory for all of them.\n\
         place_of() {{\n    case $1 in\n{}    esac\n}}\n\
         # Where these programs are, in addition to PATH, and their names: the places that `kmembuild doctor` knows.\n\
         directories={}\n\
         names_of() {{\n    case $1 in\n    runc) echo {} ;;\n    kubelet) echo {} ;;\n    esac\n}}\n\n{FLUSH}\n",
        list(&|binary| binary.name.clone(), " and "),
        quoted(&list(&|binary| binary.name.clone(), " ")),
        quoted(&versions),
        cases(&|binary| binary.sha256.clone()),
        cases(&|binary| binary.size.to_string()),
        cases(&|binary| binary.place.clone()),
        quoted(&WELL_KNOWN_DIRECTORIES.join(" ")),
        quoted(&names(ProgramKind::Runc)),
        quoted(&names(ProgramKind::Kubelet)),
    )
}

/// What `uname -m` prints on a machine of that platform.
fn machine(platform: &str) -> Result<&'static str, NodeScriptError> {
    Ok(match platform {
        "linux-amd64" => "x86_64",
        "linux-arm64" => "aarch64",
        "linux-arm" => "armv7l",
        "linux-ppc64le" => "ppc64le",
        "linux-s390x" => "s390x",
        _ => {
            return Err(NodeScriptError::UnknownPlatform {
                platform: platform.to_owned(),
            });
        }
    })
}
