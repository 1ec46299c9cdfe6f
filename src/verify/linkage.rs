//! How a program is linked: does it start without any library of the host?

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _};

use super::check::{Check, CheckName, Outcome};
use super::findings::{Findings, Format, Linkage};
use super::image::{Image, damaged};

/// The longest path that Linux supports, so the longest interpreter that is accepted.
const LONGEST_PATH: u64 = 4096;

pub(super) fn read<Elf: FileHeader<Endian = Endianness>>(
    image: &Image<'_, Elf>,
) -> Result<Linkage, Format> {
    let mut interpreter = None;
    for segment in image.segments {
        if segment.p_type(image.endian) != elf::PT_INTERP {
            continue;
        }
        // The kernel takes the first one.
        if interpreter.is_some() {
            return Err(damaged("more than one interpreter"));
        }
        if segment.file_range(image.endian).1 > LONGEST_PATH {
            return Err(damaged("implausibly long path of the interpreter"));
        }
        interpreter = segment
            .interpreter(image.endian, image.data)
            .map_err(|error| damaged(error.to_string()))?
            .map(|path| String::from_utf8_lossy(path).into_owned());
    }
    let needed = image
        .dynamic
        .needed
        .iter()
        .map(|name| image.string(*name))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if interpreter.is_some() || !needed.is_empty() {
        Linkage::Dynamic {
            interpreter,
            needed,
        }
    } else if image.header.e_type(image.endian) == elf::ET_DYN {
        Linkage::StaticPie
    } else {
        Linkage::Static
    })
}

pub(super) fn check(findings: &Findings, static_linked: bool) -> Check {
    let expected = if static_linked {
        "statically linked"
    } else {
        "dynamically linked"
    }
    .to_owned();
    let Some(linkage) = &findings.linkage else {
        return Check::not_a_program(CheckName::Linkage, expected);
    };
    if let Some(packing) = &findings.packing {
        return Check::unknown(CheckName::Linkage, expected, packing);
    }
    let alone = || vec!["no interpreter, no required library".to_owned()];
    let (found, evidence) = match linkage {
        Linkage::Static => ("statically linked", alone()),
        Linkage::StaticPie => ("statically linked, position independent", alone()),
        Linkage::Dynamic {
            interpreter,
            needed,
        } => (
            "dynamically linked",
            interpreter
                .iter()
                .map(|path| format!("interpreter {path}"))
                .chain(needed.iter().map(|name| format!("requires {name}")))
                .collect(),
        ),
    };
    Check {
        name: CheckName::Linkage,
        outcome: Outcome::passed_if(linkage.is_static() == static_linked),
        expected,
        found: found.to_owned(),
        evidence,
    }
}
