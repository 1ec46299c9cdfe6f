//! Judging binaries: real ones from the C compiler, and headers of machines that it does not build for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::preflight::installed;
use kmembuild::verify::{
    Check, CheckName, Expectations, Findings, Format, KmemExpectation, KmemVerdict, Linkage,
    Outcome, VERSION_TIMEOUT, VerifyError, VersionExpectation, VersionRun, inspect, judge,
    run_version,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_setfl, mknodat, open};

const ON_SOURCE: &str = "libcontainer/cgroups/fs/kmem.go";
const ON_MESSAGE: &str = "because either tasks have already joined this cgroup or it has children";
const LIMIT: &str = "memory.kmem.limit_in_bytes";
const IGNORED: &str = "Kernel memory settings are ignored and will be removed";
const OFF_MESSAGE: &str = "kernel memory accounting disabled in this runc build";
const OFF_SOURCE: &str = "libcontainer/cgroups/fs/kmem_disabled.go";
const TCP: &str = "memory.kmem.tcp.limit_in_bytes";
const MEMORY: &str = "libcontainer/cgroups/fs/memory.go";
const CGROUPS: &str = "opencontainers/cgroups/fs/memory.go";
const CGROUPS_FUNCTION: &str = "github.com/opencontainers/cgroups/fs.(*MemoryGroup).Apply";
const CRUN: &str = "Failed to re-execute libcrun via memory file descriptor";
const YOUKI: &str = "crates/libcgroups/src/v1/memory.rs";
const KATA: &str = "/registry/src/index/cgroups-rs-0.3.4/src/memory.rs";
const RUNSC: &str = "gvisor.dev/gvisor/runsc/cgroup/cgroup.go";
const SYSINFO: &str = "pkg/sysinfo/sysinfo_linux.go";

const EMPTY_MAIN: &str = "int main(void) { return 0; }";

/// Compiles a program.
fn compile(folder: &Path, name: &str, code: &str, flags: &[&str]) -> PathBuf {
    let source = folder.join(format!("{name}.c"));
    let program = folder.join(name);
    fs::write(&source, code).unwrap();
    let output = installed("cc")
        .args(flags)
        .arg("-o")
        .args([&program, &source])
        .output()
        .expect("a C compiler is needed, as for the tool itself");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// A program that holds texts as a Go binary does: source paths each ended by a zero, literals without any end.
fn with_marks(texts: &[&str]) -> String {
    let (sources, literals): (Vec<&str>, Vec<&str>) =
        texts.iter().partition(|text| text.contains(".go"));
    let mut paths = String::new();
    for path in sources {
        paths.push_str("/root/src/github.com/someone/");
        paths.push_str(path);
        paths.push_str("\\0");
    }
    let glued = literals.concat();
    format!(
        "__attribute__((used)) static const char paths[] = \"{paths}\";\n\
         __attribute__((used)) static const char literals[] = \"main.x{glued}nil\";\n{EMPTY_MAIN}"
    )
}

fn expect_off() -> Expectations {
    Expectations {
        kmem: Some(KmemExpectation::Off),
        ..Expectations::default()
    }
}

fn outcome(checks: &[Check], name: CheckName) -> Outcome {
    checks
        .iter()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("no check {name}"))
        .outcome
}

#[test]
fn tells_accounting_by_the_marks_in_a_stripped_program() {
    use KmemVerdict::{Ignored, Off, OffSilent, On, OnRequest, Unknown};
    let folder = tempfile::tempdir().unwrap();
    for (index, (texts, verdict, passes)) in [
        (&[ON_SOURCE, ON_MESSAGE, LIMIT, TCP, MEMORY][..], On, false),
        (&[ON_MESSAGE, LIMIT, TCP, MEMORY], On, false),
        (&[LIMIT], On, false),
        (&[ON_SOURCE], On, false),
        (&[ON_SOURCE, OFF_MESSAGE, OFF_SOURCE], On, false),
        (&[OFF_MESSAGE, OFF_SOURCE, TCP, MEMORY], Off, true),
        (&[OFF_MESSAGE], Off, true),
        (&[TCP, MEMORY], OffSilent, true),
        (&[IGNORED, MEMORY], Ignored, true),
        (&[MEMORY], Ignored, true),
        // What sysinfo knows is not what libcontainer does.
        (&[SYSINFO, LIMIT, ON_SOURCE], On, false),
        (&[SYSINFO, LIMIT, OFF_SOURCE, TCP, MEMORY], Off, true),
        (&[SYSINFO, LIMIT], Unknown, false),
        (&[SYSINFO, LIMIT, MEMORY], Unknown, false),
        (&[ON_SOURCE, TCP], On, false),
        (&[ON_MESSAGE, TCP], On, false),
        (&[LIMIT, TCP], On, false),
        (&[SYSINFO, LIMIT, TCP, ON_MESSAGE], On, false),
        (&[SYSINFO, LIMIT, OFF_MESSAGE], Off, true),
        (&[SYSINFO, LIMIT, TCP], Unknown, false),
        (&[SYSINFO, LIMIT, TCP, MEMORY], OffSilent, true),
        (&[IGNORED], Ignored, true),
        (&[OFF_MESSAGE, TCP], Off, true),
        (&[OFF_SOURCE, TCP], Off, true),
        (&[TCP], OffSilent, true),
        // runc 1.3 and later, kubelet 1.33 and later, built from a vendor directory or not.
        (&[CGROUPS], Ignored, true),
        (&[CGROUPS_FUNCTION], Ignored, true),
        (&[IGNORED, CGROUPS, CGROUPS_FUNCTION], Ignored, true),
        (&[CGROUPS, ON_MESSAGE], On, false),
        (&[SYSINFO, LIMIT, CGROUPS], Unknown, false),
        // That controller has no such name: somebody else writes there.
        (&[LIMIT, CGROUPS], On, false),
        // Those that write only for a container that asks: runc up to rc1, and before it had a limit for TCP.
        (&[LIMIT, TCP, MEMORY], OnRequest, false),
        (&[LIMIT, MEMORY], OnRequest, false),
        (&[LIMIT, TCP, CRUN], OnRequest, false),
        (&[LIMIT, TCP, YOUKI], OnRequest, false),
        (&[LIMIT, TCP, KATA], OnRequest, false),
        (&[LIMIT, TCP, RUNSC], OnRequest, false),
        (&[LIMIT, MEMORY, CRUN, ON_MESSAGE], On, false),
        (&[LIMIT, MEMORY, CRUN, ON_SOURCE], On, false),
        (&[LIMIT, MEMORY, OFF_MESSAGE], On, false),
        // Without the name of the file it cannot be asked.
        (&[CRUN], Unknown, false),
        (&[], Unknown, false),
        (&["EnableKernelMemoryAccounting"], Unknown, false),
    ]
    .into_iter()
    .enumerate()
    {
        let program = compile(
            folder.path(),
            &format!("marks{index}"),
            &with_marks(texts),
            &["-s"],
        );
        let findings = inspect(&program).unwrap();
        assert_eq!(findings.kmem.verdict, verdict, "{texts:?}");
        let bytes = fs::read(&program).unwrap();
        for mark in &findings.kmem.evidence {
            let start = usize::try_from(mark.offset).unwrap();
            assert_eq!(
                &bytes[start..start + mark.text.len()],
                mark.text.as_bytes(),
                "{texts:?}"
            );
        }
        let checks = judge(&findings, None, &expect_off());
        assert_eq!(outcome(&checks, CheckName::Format), Outcome::Passed);
        let passed = outcome(&checks, CheckName::Kmem) == Outcome::Passed;
        assert_eq!(passed, passes, "{texts:?}");
    }
}

#[test]
fn says_that_a_version_that_ignores_kernel_memory_needed_no_such_build() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path(), "rc94", &with_marks(&[IGNORED]), &[]);
    let checks = judge(&inspect(&program).unwrap(), None, &expect_off());
    assert_eq!(
        checks[1].found,
        "ignored by this version (rc94 or later); a nokmem build is not needed"
    );
    assert_eq!(checks[1].evidence.len(), 1);
}

#[test]
fn tells_static_from_dynamic() {
    let folder = tempfile::tempdir().unwrap();
    let fixed = inspect(&compile(
        folder.path(),
        "fixed",
        EMPTY_MAIN,
        &["-static", "-no-pie"],
    ))
    .unwrap();
    assert_eq!(fixed.linkage, Some(Linkage::Static));
    assert_eq!(fixed.glibc, None);
    let movable = compile(folder.path(), "movable", EMPTY_MAIN, &["-static-pie"]);
    assert_eq!(inspect(&movable).unwrap().linkage, Some(Linkage::StaticPie));
    for flag in ["-pie", "-no-pie"] {
        let program = compile(folder.path(), "dynamic", EMPTY_MAIN, &[flag]);
        let findings = inspect(&program).unwrap();
        let Some(Linkage::Dynamic {
            interpreter: Some(interpreter),
            needed,
        }) = &findings.linkage
        else {
            panic!("{:?}", findings.linkage);
        };
        assert!(interpreter.contains("/ld-"), "{interpreter}");
        assert_eq!(needed, &["libc.so.6"]);
        assert!(findings.glibc >= Some("2.2.5".parse().unwrap()));
    }
    let library = compile(
        folder.path(),
        "library",
        "int one(void) { return 1; }",
        &["-shared", "-fPIC"],
    );
    assert_eq!(
        inspect(&library).unwrap().format,
        Format::NotAProgram {
            what: "an ELF shared library".to_owned()
        }
    );
    let object = compile(folder.path(), "object", EMPTY_MAIN, &["-c"]);
    assert_eq!(
        inspect(&object).unwrap().format,
        Format::NotAProgram {
            what: "an ELF object file".to_owned()
        }
    );
}

#[test]
fn holds_linkage_glibc_and_architecture_against_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let dynamic = inspect(&compile(folder.path(), "dynamic", EMPTY_MAIN, &[])).unwrap();
    let fixed = inspect(&compile(folder.path(), "fixed", EMPTY_MAIN, &["-static"])).unwrap();
    let host = dynamic.architecture.clone().unwrap();
    let judged = |findings: &Findings, static_linked, architecture: &str, floor: &str| {
        let expectations = Expectations {
            static_linked: Some(static_linked),
            architecture: Some(architecture.to_owned()),
            glibc_floor: Some(floor.parse().unwrap()),
            ..Expectations::default()
        };
        let checks = judge(findings, None, &expectations);
        [
            CheckName::Linkage,
            CheckName::Architecture,
            CheckName::Glibc,
        ]
        .map(|name| outcome(&checks, name) == Outcome::Passed)
    };
    assert_eq!(judged(&dynamic, true, "s390x", "2.1"), [false; 3]);
    assert_eq!(judged(&dynamic, false, &host, "2.99"), [true; 3]);
    assert_eq!(judged(&fixed, true, &host, "2.1"), [true; 3]);
    assert_eq!(judged(&fixed, false, "mips", "2.1"), [false, false, true]);
}

/// An ELF program of one segment, for any machine: header, program header, content.
fn hand_made(bits: u8, little: bool, machine: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x7fELF".to_vec();
    bytes.extend([bits / 32, if little { 1 } else { 2 }, 1]);
    bytes.resize(16, 0);
    let mut put = |value: u64, width: usize| {
        let value = value.to_be_bytes();
        let mut value = value[8 - width..].to_vec();
        if little {
            value.reverse();
        }
        bytes.extend(value);
    };
    let word = usize::from(bits / 8);
    let header: u64 = if bits == 64 { 64 } else { 52 };
    let entry: u64 = if bits == 64 { 56 } else { 32 };
    let size = header + entry + content.len() as u64;
    for (value, width) in [(2, 2), (u64::from(machine), 2), (1, 4)] {
        put(value, width);
    }
    for value in [0x40_0000 + header + entry, header, 0] {
        put(value, word);
    }
    put(0, 4);
    for value in [header, entry, 1, 0, 0, 0] {
        put(value, 2);
    }
    put(1, 4);
    if bits == 64 {
        put(5, 4);
    }
    for value in [0, 0x40_0000, 0x40_0000, size, size] {
        put(value, word);
    }
    if bits == 32 {
        put(5, 4);
    }
    put(0x1000, word);
    bytes.extend(content);
    bytes
}

#[test]
fn judges_every_machine_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    for (bits, little, machine, architecture) in [
        (64, true, 183, "arm64"),
        (64, true, 62, "amd64"),
        (64, false, 22, "s390x"),
        (64, true, 21, "ppc64le"),
        (32, true, 3, "386"),
        (32, true, 40, "arm"),
        (32, false, 8, "mips"),
    ] {
        for (text, verdict) in [(LIMIT, KmemVerdict::On), (OFF_MESSAGE, KmemVerdict::Off)] {
            fs::write(&path, hand_made(bits, little, machine, text.as_bytes())).unwrap();
            let findings = inspect(&path).unwrap();
            assert!(
                matches!(findings.format, Format::Elf { bits: found, .. } if found == bits),
                "{architecture}: {:?}",
                findings.format
            );
            assert_eq!(findings.architecture.as_deref(), Some(architecture));
            assert_eq!(findings.linkage, Some(Linkage::Static));
            assert_eq!(findings.kmem.verdict, verdict, "{architecture}");
        }
    }
    fs::write(&path, hand_made(64, true, 0x1234, b"")).unwrap();
    let findings = inspect(&path).unwrap();
    assert_eq!(findings.architecture, None);
    let expectations = Expectations {
        architecture: Some("amd64".to_owned()),
        ..Expectations::default()
    };
    let checks = judge(&findings, None, &expectations);
    assert_eq!(checks[1].outcome, Outcome::Failed);
    assert_eq!(checks[1].found, "machine 4660");
}

#[test]
fn fails_a_program_that_is_cut_short_wherever_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(
        folder.path(),
        "program",
        &with_marks(&[OFF_MESSAGE]),
        &["-s"],
    );
    let bytes = fs::read(&program).unwrap();
    let bare = hand_made(64, true, 62, OFF_MESSAGE.as_bytes());
    let path = folder.path().join("cut");
    for whole in [&bytes, &bare] {
        let lengths = [0, 1, 4, 15, 16, 63, 64, 65, 119, 120]
            .into_iter()
            .chain((121..whole.len()).step_by(997))
            .chain([whole.len() - 1]);
        for length in lengths {
            fs::write(&path, &whole[..length]).unwrap();
            let findings = inspect(&path).unwrap();
            let damaged = matches!(findings.format, Format::Damaged { .. });
            assert_eq!(damaged, length >= 4, "{length}: {:?}", findings.format);
            assert_eq!(findings.kmem.verdict, KmemVerdict::Unknown);
            let checks = judge(&findings, None, &expect_off());
            assert_eq!(outcome(&checks, CheckName::Format), Outcome::Failed);
            assert_eq!(outcome(&checks, CheckName::Kmem), Outcome::NotRun);
        }
        fs::write(&path, whole).unwrap();
        assert_eq!(inspect(&path).unwrap().kmem.verdict, KmemVerdict::Off);
    }
}

#[test]
fn survives_headers_that_lie() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path(), "program", EMPTY_MAIN, &["-s"]);
    let honest = fs::read(&program).unwrap();
    let path = folder.path().join("liar");
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for _ in 0..400 {
        let mut bytes = honest.clone();
        for _ in 0..4 {
            let at = 5 + random() % 2000;
            bytes[at] = [0, 0xff, 0x7f, 0x80][random() % 4];
        }
        fs::write(&path, &bytes).unwrap();
        inspect(&path).unwrap();
    }
}

#[test]
fn fails_other_files_even_when_the_marks_stand_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runc");
    for (content, what) in [
        (String::new(), "an empty file"),
        (format!("{OFF_MESSAGE}\n{TCP}\n"), "a text file"),
        (format!("#!/bin/sh\n# {OFF_MESSAGE}\n"), "a script"),
    ] {
        fs::write(&path, content).unwrap();
        let findings = inspect(&path).unwrap();
        assert_eq!(findings.format.to_string(), what);
        let expectations = Expectations {
            static_linked: Some(true),
            architecture: Some("amd64".to_owned()),
            glibc_floor: Some("2.17".parse().unwrap()),
            ..expect_off()
        };
        let checks = judge(&findings, None, &expectations);
        assert_eq!(checks.len(), 5);
        assert!(
            checks.iter().all(|check| check.outcome != Outcome::Passed),
            "{checks:?}"
        );
        assert_eq!(outcome(&checks, CheckName::Format), Outcome::Failed);
    }
}

#[test]
fn trusts_no_absence_in_a_file_that_is_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runc");
    for (text, verdict) in [
        (ON_MESSAGE, KmemVerdict::On),
        (OFF_SOURCE, KmemVerdict::Unknown),
        (TCP, KmemVerdict::Unknown),
        (IGNORED, KmemVerdict::Unknown),
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(inspect(&path).unwrap().kmem.verdict, verdict, "{text}");
    }
}

fn named_pipe(folder: &Path) -> PathBuf {
    let pipe = folder.join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    pipe
}

#[test]
fn refuses_what_is_no_regular_file_and_does_not_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    for (path, message) in [
        (folder.path(), "a directory, not a regular file"),
        (&pipe, "a named pipe, not a regular file"),
        (Path::new("/dev/zero"), "a device, not a regular file"),
        (&folder.path().join("missing"), "could not open"),
    ] {
        let error = inspect(path).unwrap_err().to_string();
        assert_eq!(error.matches(message).count(), 1, "{error}");
        assert!(error.contains(path.to_str().unwrap()));
        let run = run_version(path, &[], VERSION_TIMEOUT);
        assert!(matches!(run, VersionRun::NotRun { .. }), "{run:?}");
    }
    let missing = inspect(&folder.path().join("missing")).unwrap_err();
    assert!(matches!(missing, VerifyError::Open { .. }));
}

fn ran(code: &str, name: &str, timeout: Duration) -> VersionRun {
    let folder = tempfile::tempdir().unwrap();
    let headers = "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n";
    let program = compile(folder.path(), name, &format!("{headers}{code}"), &[]);
    run_version(&program, &["--version".to_owned()], timeout)
}

#[test]
fn hears_the_version_of_a_program() {
    let code = r#"
        extern char **environ;
        int main(int count, char **arguments) {
            char folder[100];
            if (count != 2 || environ[0] || getchar() != EOF) return 9;
            printf("runc version 1.0.0-rc10\n");
            fflush(stdout);
            fprintf(stderr, "%s in %s\n", arguments[1], getcwd(folder, 100));
            return 0;
        }"#;
    let run = ran(code, "version", VERSION_TIMEOUT);
    assert_eq!(
        run,
        VersionRun::Ran {
            output: "runc version 1.0.0-rc10\n--version in /\n".to_owned(),
            exit_code: Some(0)
        }
    );
    let folder = tempfile::tempdir().unwrap();
    let findings = inspect(&compile(folder.path(), "any", EMPTY_MAIN, &[])).unwrap();
    for (text, expected) in [
        ("1.0.0-rc10", Outcome::Passed),
        ("1.0.0-rc1", Outcome::Failed),
    ] {
        let expectations = Expectations {
            version: Some(VersionExpectation {
                arguments: vec!["--version".to_owned()],
                contains: vec![text.to_owned()],
            }),
            ..Expectations::default()
        };
        let checks = judge(&findings, Some(&run), &expectations);
        assert_eq!(outcome(&checks, CheckName::Version), expected, "{text}");
    }
}

#[test]
fn kills_a_program_that_does_not_end_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    let reader = open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    // What it starts says after a minute that it was left alone.
    let code = format!(
        r#"#include <fcntl.h>
        int main(void) {{
            int pipe = open("{}", O_WRONLY);
            puts("begun");
            fflush(stdout);
            if (fork()) for (;;) pause();
            sleep(60);
            return write(pipe, "alive", 5);
        }}"#,
        pipe.display()
    );
    let run = ran(&code, "stuck", Duration::from_secs(2));
    assert_eq!(
        run,
        VersionRun::TimedOut {
            output: "begun\n".to_owned(),
            limit_milliseconds: 2000
        }
    );
    // The end of the pipe is that of the last process that holds it.
    fcntl_setfl(&reader, OFlags::empty()).unwrap();
    let said = std::io::read_to_string(fs::File::from(reader)).unwrap();
    assert_eq!(said, "");
}

#[test]
fn does_not_wait_for_what_a_program_leaves_behind() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    // What it leaves behind waits to be let go, and gives up after a minute.
    let code = format!(
        r#"#include <fcntl.h>
        int main(void) {{
            char byte;
            int left[2], waits = open("{}", O_RDWR);
            puts("v1");
            fflush(stdout);
            if (pipe(left)) return 1;
            if (fork()) return read(left[0], &byte, 1) - 1;
            setsid();
            alarm(60);
            write(left[1], "x", 1);
            return read(waits, &byte, 1);
        }}"#,
        pipe.display()
    );
    let run = ran(&code, "parent", VERSION_TIMEOUT);
    assert!(matches!(run, VersionRun::Ran { output, .. } if output == "v1\n"));
    // Where the kernel gives it no space of process ids of its own, it is still there.
    if let Ok(writer) = open(&pipe, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()) {
        rustix::io::write(writer, b"x").unwrap();
    }
}

#[test]
fn takes_only_so_much_output() {
    let code = r#"int main(void) { for (int i = 0; i < 1000000; i++) puts("again"); return 0; }"#;
    let VersionRun::Ran { output, exit_code } = ran(code, "talker", VERSION_TIMEOUT) else {
        panic!("it did not end");
    };
    assert_eq!(output.len(), 64 << 10);
    assert_eq!(exit_code, Some(0));
}

#[test]
fn tells_how_a_program_ended() {
    let run = ran("int main(void) { abort(); }", "abort", VERSION_TIMEOUT);
    assert!(matches!(
        run,
        VersionRun::Ran {
            exit_code: None,
            ..
        }
    ));
    let run = ran("int main(void) { return 3; }", "three", VERSION_TIMEOUT);
    assert!(matches!(
        run,
        VersionRun::Ran {
            exit_code: Some(3),
            ..
        }
    ));
}

#[test]
fn does_not_run_what_this_host_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    let put = |content: &[u8], mode| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match run_version(&path, &[], VERSION_TIMEOUT) {
            VersionRun::NotRun { reason } => reason,
            other => panic!("{other:?}"),
        }
    };
    let foreign = put(&hand_made(64, false, 22, b"\0"), 0o755);
    assert!(foreign.starts_with("built for s390x, but this host is "));
    assert_eq!(
        put(b"#!/bin/sh\necho 1.0\n", 0o755),
        "it is not an ELF program"
    );
    let program = fs::read(compile(folder.path(), "other", EMPTY_MAIN, &[])).unwrap();
    assert!(put(&program, 0o644).starts_with("this host cannot start it: "));
    let cut = put(&program[..program.len() - 1], 0o755);
    assert!(cut.starts_with("it is an incomplete ELF file: "));
}

#[test]
fn writes_findings_and_checks_that_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path(), "runc", &with_marks(&[TCP]), &[]);
    let findings = inspect(&program).unwrap();
    let text = serde_json::to_string(&findings).unwrap();
    assert!(text.contains(r#""verdict":"off-silent""#), "{text}");
    assert!(text.contains(r#""kind":"dynamic""#), "{text}");
    assert_eq!(serde_json::from_str::<Findings>(&text).unwrap(), findings);
    let checks = judge(&findings, None, &expect_off());
    let text = serde_json::to_string(&checks).unwrap();
    assert!(
        text.contains(r#""name":"kmem","outcome":"passed""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Vec<Check>>(&text).unwrap(), checks);
}

#[test]
fn accounting_is_left_out_where_a_program_makes_no_containers() {
    let place = crate::support::command::Workplace::new();
    let code = with_marks(&[LIMIT]);
    compile(place.path(), "tool", &code, &["-static"]);
    place.run(&["verify", "--static", "tool"]).code(16);
    let quiet = place
        .run(&["verify", "--static", "--no-kmem", "tool"])
        .code(0);
    assert!(!quiet.stdout.contains("accounting"), "{}", quiet.stdout);
}
