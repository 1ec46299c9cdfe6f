//! The architecture of a program, by Go's names.

use object::Endianness;
use object::elf;
use object::read::elf::FileHeader;

use super::check::{Check, CheckName, Outcome};
use super::findings::{Findings, Format};
use super::image::Image;

/// The instruction set of a program.
pub(super) struct Machine {
    /// For people, e.g. `x86-64`.
    pub(super) name: String,
    /// Go's name, if Go supports it.
    pub(super) architecture: Option<&'static str>,
}

pub(super) fn read<Elf: FileHeader<Endian = Endianness>>(
    image: &Image<'_, Elf>,
    bits: u8,
) -> Machine {
    let little = image.header.is_little_endian();
    let machine = image.header.e_machine(image.endian);
    let (name, architecture) = match (machine, bits, little) {
        (elf::EM_X86_64, 64, true) => ("x86-64", Some("amd64")),
        (elf::EM_X86_64, 32, true) => ("x86-64 with 32-bit pointers", Some("amd64p32")),
        (elf::EM_386, 32, true) => ("Intel 80386", Some("386")),
        (elf::EM_AARCH64, 64, true) => ("AArch64", Some("arm64")),
        (elf::EM_AARCH64, 64, false) => ("AArch64, big-endian", Some("arm64be")),
        (elf::EM_ARM, 32, true) => ("Arm", Some("arm")),
        (elf::EM_ARM, 32, false) => ("Arm, big-endian", Some("armbe")),
        (elf::EM_PPC64, 64, true) => ("PowerPC64, little-endian", Some("ppc64le")),
        (elf::EM_PPC64, 64, false) => ("PowerPC64", Some("ppc64")),
        (elf::EM_S390, 64, false) => ("IBM Z", Some("s390x")),
        (elf::EM_RISCV, 64, true) => ("RISC-V", Some("riscv64")),
        (elf::EM_LOONGARCH, 64, true) => ("LoongArch", Some("loong64")),
        (elf::EM_MIPS, 32, true) => ("MIPS, little-endian", Some("mipsle")),
        (elf::EM_MIPS, 32, false) => ("MIPS", Some("mips")),
        (elf::EM_MIPS, 64, true) => ("MIPS64, little-endian", Some("mips64le")),
        (elf::EM_MIPS, 64, false) => ("MIPS64", Some("mips64")),
        _ => ("", None),
    };
    Machine {
        name: if name.is_empty() {
            format!("machine {}", machine.0)
        } else {
            name.to_owned()
        },
        architecture,
    }
}

/// Go's name of this host's architecture, which may differ from Rust's.
pub fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// Why this host cannot run a program for `architecture`; `None` if it can.
pub(super) fn foreign(architecture: Option<&str>) -> Option<String> {
    let architecture = architecture.unwrap_or("an unknown architecture");
    let runs = architecture == own_architecture()
        || (own_architecture() == "amd64" && architecture == "386");
    (!runs).then(|| {
        format!(
            "built for {architecture}, but this host is {}",
            own_architecture()
        )
    })
}

pub(super) fn check(findings: &Findings, expected: &str) -> Check {
    let Format::Elf { bits, machine } = &findings.format else {
        return Check::not_a_program(CheckName::Architecture, expected.to_owned());
    };
    Check {
        name: CheckName::Architecture,
        outcome: Outcome::passed_if(findings.architecture.as_deref() == Some(expected)),
        expected: expected.to_owned(),
        found: findings
            .architecture
            .clone()
            .unwrap_or_else(|| machine.clone()),
        evidence: vec![format!("ELF header: {bits}-bit, {machine}")],
    }
}
