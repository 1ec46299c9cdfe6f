//! The glibc that a program requires: one built on a new distribution does not start on an old one.

use object::Endianness;
use object::elf::{Vernaux, Verneed};
use object::read::ReadRef;
use object::read::elf::FileHeader;

use super::check::{Check, CheckName, Outcome};
use super::findings::{Findings, Format};
use super::glibc_version::GlibcVersion;
use super::image::{Image, damaged};

/// What a program requires of glibc.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GlibcNeeds {
    /// The highest version.
    pub(super) highest: Option<GlibcVersion>,
    /// Symbol versions without a number.
    pub(super) unnumbered: Vec<String>,
}

impl GlibcNeeds {
    fn add(&mut self, name: &str) {
        let Some(rest) = name.strip_prefix("GLIBC_") else {
            return;
        };
        // Packed relocations: the name has no number, but glibc has had it since 2.36.
        let rest = if rest == "ABI_DT_RELR" { "2.36" } else { rest };
        if let Ok(version) = rest.parse() {
            self.highest = self.highest.max(Some(version));
        } else if !self.unnumbered.iter().any(|known| known == name) {
            self.unnumbered.push(name.to_owned());
        }
    }
}

/// More required versions than any real program has: a forged table must not keep this process busy.
const MOST_VERSIONS: u64 = 4096;

/// Reads the table of required versions (`.gnu.version_r`) through the dynamic segment, as the loader does.
pub(super) fn read<Elf: FileHeader<Endian = Endianness>>(
    image: &Image<'_, Elf>,
) -> Result<GlibcNeeds, Format> {
    let mut needs = GlibcNeeds::default();
    let Some(address) = image.dynamic.versions else {
        return Ok(needs);
    };
    let broken = || damaged("invalid table of required versions");
    let mut library_at = image.file_offset(address).ok_or_else(broken)?;
    let mut left = MOST_VERSIONS;
    for _ in 0..image.dynamic.version_count {
        let library: &Verneed<Endianness> =
            image.data.read_at(library_at).map_err(|()| broken())?;
        let mut version_at = library_at + u64::from(library.vn_aux.get(image.endian));
        for _ in 0..library.vn_cnt.get(image.endian) {
            left = left.checked_sub(1).ok_or_else(broken)?;
            let version: &Vernaux<Endianness> =
                image.data.read_at(version_at).map_err(|()| broken())?;
            needs.add(&image.string(version.vna_name.get(image.endian).into())?);
            version_at += u64::from(version.vna_next.get(image.endian));
        }
        match library.vn_next.get(image.endian) {
            0 => break,
            next => library_at += u64::from(next),
        }
        left = left.checked_sub(1).ok_or_else(broken)?;
    }
    Ok(needs)
}

/// The paths of glibc's loader for programs of each architecture, by Go's name. They are the same on every distribution,
/// because the ABI of each architecture fixes the path that is in every program.
const LOADERS: [(&str, &[&str]); 19] = [
    ("386", &["/lib/ld-linux.so.2"]),
    ("amd64", &["/lib64/ld-linux-x86-64.so.2"]),
    ("amd64p32", &["/libx32/ld-linux-x32.so.2"]),
    ("arm", &["/lib/ld-linux-armhf.so.3", "/lib/ld-linux.so.3"]),
    ("armbe", &["/lib/ld-linux-armhf.so.3", "/lib/ld-linux.so.3"]),
    ("arm64", &["/lib/ld-linux-aarch64.so.1"]),
    ("arm64be", &["/lib/ld-linux-aarch64_be.so.1"]),
    ("loong64", &["/lib64/ld-linux-loongarch-lp64d.so.1"]),
    ("mips", MIPS),
    ("mipsle", MIPS),
    ("mips64", MIPS64),
    ("mips64le", MIPS64),
    ("mips64p32", MIPS64P32),
    ("mips64p32le", MIPS64P32),
    ("ppc64", &["/lib64/ld64.so.1", "/lib64/ld64.so.2"]),
    ("ppc64le", &["/lib64/ld64.so.2"]),
    (
        "riscv64",
        &[
            "/lib/ld-linux-riscv64-lp64d.so.1",
            "/lib/ld-linux-riscv64-lp64.so.1",
        ],
    ),
    ("s390", &["/lib/ld.so.1"]),
    ("s390x", &["/lib/ld64.so.1"]),
];
const MIPS: &[&str] = &["/lib/ld.so.1", "/lib/ld-linux-mipsn8.so.1"];
const MIPS64: &[&str] = &["/lib64/ld.so.1", "/lib64/ld-linux-mipsn8.so.1"];
const MIPS64P32: &[&str] = &["/lib32/ld.so.1", "/lib32/ld-linux-mipsn8.so.1"];

/// Whether it is where every distribution has glibc's loader for programs of the architecture.
fn is_glibcs(interpreter: &str, architecture: Option<&str>) -> bool {
    let of_architecture = LOADERS.iter().find(|(name, _)| Some(*name) == architecture);
    of_architecture.is_some_and(|(_, loaders)| loaders.contains(&interpreter))
}

pub(super) fn check(findings: &Findings, floor: GlibcVersion) -> Check {
    let expected = format!("starts with glibc {floor}");
    let Some(linkage) = &findings.linkage else {
        return Check::not_a_program(CheckName::Glibc, expected);
    };
    if let Some(packing) = &findings.packing {
        return Check::unknown(CheckName::Glibc, expected, packing);
    }
    // An unknown name without a number may be newer than any floor.
    let unknown: Vec<_> = findings
        .glibc_unnumbered
        .iter()
        .filter(|name| *name != "GLIBC_PRIVATE")
        .collect();
    let architecture = findings.architecture.as_deref();
    let foreign = linkage
        .interpreter()
        .filter(|path| !is_glibcs(path, architecture));
    let (passes, found) = match (findings.glibc, foreign) {
        (_, Some(path)) if path.contains("/ld-musl-") => {
            (false, format!("uses musl's loader {path}, not glibc"))
        }
        (_, Some(path)) => (
            false,
            format!("uses the loader {path}, not the system's glibc"),
        ),
        (Some(version), None) => (version <= floor, format!("requires glibc {version}")),
        (None, None) if linkage.is_static() => {
            (true, "statically linked: no glibc required".to_owned())
        }
        (None, None) => (true, "requires no glibc version".to_owned()),
    };
    let mut evidence: Vec<_> = findings
        .glibc
        .iter()
        .map(|version| format!("highest version in the table of required versions: {version}"))
        .collect();
    evidence.extend(
        findings
            .glibc_unnumbered
            .iter()
            .map(|name| format!("requires {name}")),
    );
    Check {
        name: CheckName::Glibc,
        outcome: Outcome::passed_if(passes && unknown.is_empty()),
        expected,
        found,
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_highest_and_keeps_the_unnumbered() {
        let mut needs = GlibcNeeds::default();
        for name in [
            "GLIBC_2.2.5",
            "GLIBC_2.17",
            "GLIBC_2.3.2",
            "GLIBCXX_3.4.29",
            "GLIBC_PRIVATE",
            "GLIBC_PRIVATE",
        ] {
            needs.add(name);
        }
        assert_eq!(needs.highest, "2.17".parse().ok());
        assert_eq!(needs.unnumbered, ["GLIBC_PRIVATE"]);
        needs.add("GLIBC_ABI_DT_RELR");
        assert_eq!(needs.highest, "2.36".parse().ok());
    }
}
