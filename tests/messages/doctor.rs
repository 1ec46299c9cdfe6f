//! The doctor's lines: one sample of each.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kmembuild::engine::{ConnectFailure, EngineChoice, EngineError, Setup};
use kmembuild::environment::Proxies;
use kmembuild::host::doctor::{
    Answer, EngineReading, Leaks, Line, LocalReading, Need, Node, OciReading, Place, PlaceKind,
    Probe, ProbeError, Program, ProgramKind, Purpose, Redirect, Target, judge_bootstrap,
    judge_clock, judge_engine, judge_hierarchy, judge_kernel, judge_local, judge_memory_cgroups,
    judge_oci, judge_places, judge_programs, judge_room,
};
use kmembuild::library::Library;
use kmembuild::recipe::{ImageWay, Recipe};
use kmembuild::verify::{Findings, Kmem, KmemVerdict, VerifyError, VersionRun, inspect};

use super::{EACCES, Message, text};
use crate::doctor::setup::{good, reading};

/// The system's code for a disk that does not work.
const EIO: i32 = 5;
const GIB: u64 = 1 << 30;
const SOCKET: &str = "unix:///run/docker.sock";

pub(super) fn messages() -> Vec<Message> {
    let lines = [
        engines(),
        oci(),
        local(),
        rooms(),
        bootstraps(),
        places(),
        [&[][..], &[3], &[-600, -601, 5], &[90_000]]
            .map(judge_clock)
            .into(),
        kernels(),
        programs(),
    ];
    let mut messages: Vec<Message> = Vec::new();
    for line in lines.into_iter().flatten() {
        let message = message(&line);
        // Most lines of one sample are those of another one, too.
        let same = |one: &Message| (&one.name, &one.text) == (&message.name, &message.text);
        if !messages.iter().any(same) {
            messages.push(message);
        }
    }
    messages
}

fn message(line: &Line) -> Message {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut text = format!("{}\n", line.found.replace(root, ""));
    if let Some(remedy) = &line.remedy {
        let _ = writeln!(text, "hint: {}", remedy.replace(root, ""));
    }
    Message {
        room: "doctor",
        name: format!("{} ({:?})", line.check, line.level),
        text,
    }
}

fn engines() -> Vec<Line> {
    let own = Proxies {
        https: text("http://proxy.example.com:3128"),
        ..Proxies::default()
    };
    let with = |driver: &str| Setup {
        storage_driver: Some(text(driver)),
        ..good()
    };
    let silent = |setup: Option<Result<Setup, EngineError>>, info: Result<_, EngineError>| {
        let address = text(SOCKET);
        EngineReading {
            address,
            info,
            setup,
            free_disk: None,
            lost_bridge: None,
        }
    };
    let lost = || EngineError::Lost {
        operation: text("inspect the engine"),
        source: Box::new(io::Error::from(io::ErrorKind::ConnectionReset)),
    };
    let unreachable = EngineError::Unreachable {
        address: text(SOCKET),
        source: ConnectFailure::NoSocket {
            source: io::ErrorKind::NotFound.into(),
        },
    };
    let info = reading("1.41", good(), None).info;
    let readings = [
        reading("1.41", good(), None),
        EngineReading {
            lost_bridge: Some(text("docker0")),
            ..reading("1.41", good(), None)
        },
        reading("1.24", with("vfs"), None),
        reading("1.41", with("devicemapper"), None),
        reading(
            "1.41",
            Setup {
                has_bridge: false,
                https_proxy: text("http://proxy.example.com:3128"),
                no_proxy: text("localhost"),
                ..good()
            },
            None,
        ),
        reading(
            "1.41",
            Setup {
                forwards: Some(false),
                ..good()
            },
            None,
        ),
        silent(Some(Err(lost())), info),
        silent(None, Err(unreachable)),
    ];
    let judged = readings
        .iter()
        .flat_map(|reading| judge_engine(reading, &Proxies::default()));
    let behind_proxy = judge_engine(&readings[0], &own);
    judged.chain(behind_proxy).collect()
}

fn recipe(name: &str) -> Recipe {
    let loaded = Library::new(Vec::new()).load(name).expect("a recipe");
    loaded.recipe.clone()
}

fn oci() -> Vec<Line> {
    let info = |limits_memory| {
        let mut info = reading("1.41", good(), None).info.expect("an engine");
        "crun 1.8.1".clone_into(&mut info.version);
        info.capabilities.limits_memory = limits_memory;
        info
    };
    let judge = |choice, info, other| judge_oci(&OciReading { choice, info }, other);
    vec![
        judge(EngineChoice::Auto, Ok(info(true)), true),
        judge(EngineChoice::Auto, Ok(info(true)), false),
        judge(EngineChoice::Auto, Err(EngineError::NoRuntime), false),
        judge(EngineChoice::Runtime, Ok(info(false)), true),
        judge(EngineChoice::Runtime, Err(EngineError::NoIdMappers), true),
    ]
}

fn local() -> Vec<Line> {
    let info = |cuts_network| {
        let mut info = reading("1.41", good(), None).info.expect("an engine");
        "local engine (Debian GNU/Linux 11 (bullseye))".clone_into(&mut info.version);
        info.capabilities.cuts_network = cuts_network;
        info
    };
    let not_here = || EngineError::NotHere {
        what: "read /proc",
        source: io::ErrorKind::NotFound.into(),
    };
    let judge = |choice, in_container, info, docker| {
        let reading = LocalReading {
            choice,
            in_container,
            info,
        };
        judge_local(&reading, docker)
    };
    vec![
        judge(EngineChoice::Auto, true, Ok(info(true)), true),
        judge(EngineChoice::Auto, false, Ok(info(true)), false),
        judge(EngineChoice::Auto, true, Ok(info(true)), false),
        judge(EngineChoice::Auto, true, Err(not_here()), false),
        judge(EngineChoice::Docker, true, Ok(info(true)), false),
        judge(EngineChoice::Local, false, Ok(info(false)), true),
        judge(EngineChoice::Local, false, Err(not_here()), true),
    ]
}

fn rooms() -> Vec<Line> {
    let all = ["kubelet", "runc"].map(recipe);
    let judged = [(Some(8), Some(20)), (Some(2), Some(1)), (None, None)].map(|(memory, disk)| {
        let setup = Setup {
            memory: memory.map(|memory| memory * GIB),
            ..good()
        };
        let reading = reading("1.41", setup, disk.map(|disk| disk * GIB));
        judge_room(&reading, &all)
    });
    let unknown = judge_room(&reading("1.41", good(), Some(GIB)), &[]);
    judged.into_iter().flatten().chain(unknown).collect()
}

fn bootstraps() -> Vec<Line> {
    let program = Path::new("/usr/bin/mmdebstrap");
    let judged = [
        judge_bootstrap(&[recipe("runc-debian")], None, false),
        judge_bootstrap(&[recipe("kubelet")], None, false),
        judge_bootstrap(&[recipe("runc-debian")], Some(program), true),
        judge_bootstrap(&[recipe("runc-debian")], Some(program), false),
    ];
    judged.into_iter().flatten().collect()
}

/// A place that a recipe needs, which builds in an image of a registry unless told otherwise.
fn place(name: &str, kind: PlaceKind, purposes: &[Purpose]) -> Place {
    const DEFAULT: Purpose = Purpose::Image(ImageWay::Registry);
    let need = |purpose: &Purpose| Need {
        recipe: text("runc"),
        purpose: *purpose,
        is_default: matches!(*purpose, Purpose::Source | DEFAULT),
        way_around: (*purpose == DEFAULT).then(|| text("`--image debian` does not need it")),
    };
    Place {
        name: text(name),
        kind,
        target: Target::Unusable(String::new()),
        needs: purposes.iter().map(need).collect(),
    }
}

fn redirected(probe: Probe, redirect: Redirect) -> Probe {
    Probe {
        redirect: Some(redirect),
        ..probe
    }
}

fn places() -> Vec<Line> {
    let source = || {
        place(
            "https://github.com/opencontainers/runc.git",
            PlaceKind::Source,
            &[Purpose::Source],
        )
    };
    let ways = [ImageWay::Registry, ImageWay::Upstream, ImageWay::Lean].map(Purpose::Image);
    let hub = |purposes: &[Purpose]| place("docker.io", PlaceKind::Registry, purposes);
    let debian = || {
        place(
            "http://deb.debian.org/debian (bullseye)",
            PlaceKind::Debian,
            &[Purpose::Image(ImageWay::Debian)],
        )
    };
    let probe = |outcome, milliseconds, proxy: Option<&str>| Probe {
        outcome,
        milliseconds,
        proxy: proxy.map(text),
        redirect: None,
    };
    let answer = |status| {
        let ahead = None;
        probe(Ok(Answer::Http { status, ahead }), 5, None)
    };
    let proxy = Some("http://proxy.example.com:3128");
    let refused = || ProbeError::Connect {
        host: text("github.com"),
        port: 443,
        source: io::ErrorKind::ConnectionRefused.into(),
    };
    let mut lines = Vec::new();
    let mut judge = |places: &[Place], probes: &[Probe], from_here, mirrors: &[String]| {
        lines.extend(judge_places(places, probes, from_here, mirrors));
    };
    let elsewhere = || text("https://mirror.example.com/runc.git");
    let alone: [(Place, Probe); 20] = [
        (
            source(),
            redirected(answer(200), Redirect::Followed(elsewhere())),
        ),
        (
            source(),
            redirected(answer(302), Redirect::Refused(text("http://10.0.0.1/"))),
        ),
        (source(), answer(200)),
        (source(), answer(401)),
        (source(), answer(404)),
        (source(), answer(407)),
        (source(), answer(503)),
        (source(), probe(Ok(Answer::Folder), 0, None)),
        (source(), probe(Ok(Answer::Listed), 5, None)),
        (source(), probe(Ok(Answer::Connected), 5, None)),
        (
            source(),
            probe(Ok(Answer::Connected), 5, Some("socks5://proxy.example.com")),
        ),
        (
            source(),
            probe(
                Ok(Answer::Http {
                    status: 200,
                    ahead: None,
                }),
                4_000,
                proxy,
            ),
        ),
        (source(), probe(Err(refused()), 3, None)),
        (source(), probe(Err(refused()), 3, proxy)),
        (hub(&ways[..1]), answer(404)),
        (hub(&ways), answer(503)),
        (hub(&ways[1..]), answer(503)),
        (hub(&[Purpose::Client]), answer(503)),
        (
            hub(&ways[..1]),
            probe(Err(ProbeError::HiddenPassword), 0, None),
        ),
        (debian(), answer(404)),
    ];
    for (place, probe) in alone {
        judge(&[place], &[probe], false, &[]);
    }
    let gitee = place(
        "https://gitee.com/mirrors/runc.git",
        PlaceKind::Source,
        &[Purpose::Source],
    );
    judge(&[source(), gitee], &[answer(503), answer(200)], false, &[]);
    judge(&[hub(&ways[..1])], &[answer(200)], true, &[]);
    let mirrors = [text("https://mirror.example.com/")];
    judge(&[hub(&ways[..1])], &[answer(503)], false, &mirrors);
    lines
}

fn kernels() -> Vec<Line> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/doctor");
    let mut names: Vec<_> = fs::read_dir(&fixtures)
        .expect("the fixtures")
        .map(|entry| entry.expect("a fixture").path())
        .collect();
    names.sort();
    let judge = |path: PathBuf| {
        let node = Node::read(&path);
        let mut lines = judge_kernel(&node);
        lines.extend([judge_hierarchy(&node), judge_memory_cgroups(&node)]);
        lines
    };
    names.into_iter().flat_map(judge).collect()
}

fn programs() -> Vec<Line> {
    let path = "/usr/bin/runc";
    let with = |verdict| {
        let findings = inspect(Path::new("/bin/true")).expect("findings");
        let evidence = Vec::new();
        Findings {
            kmem: Kmem { verdict, evidence },
            ..findings
        }
    };
    let text_file = || inspect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE-MIT"));
    let io = |code| io::Error::from_raw_os_error(code);
    let program = |kind, findings, version| Program {
        kind,
        path: path.into(),
        findings,
        version,
    };
    let runc = |findings| program(ProgramKind::Runc, findings, None);
    let not_run = VersionRun::NotRun {
        reason: text("users other than root can replace it"),
    };
    let open = |code| VerifyError::Open {
        path: path.into(),
        source: io(code),
    };
    let changed = VerifyError::Changed {
        path: path.into(),
        before: 4096,
        after: 8192,
    };
    let mut found: Vec<_> = [
        KmemVerdict::On,
        KmemVerdict::OnRequest,
        KmemVerdict::Off,
        KmemVerdict::OffSilent,
        KmemVerdict::Ignored,
        KmemVerdict::Unknown,
    ]
    .map(|verdict| runc(Ok(with(verdict))))
    .into();
    found.extend([
        runc(text_file()),
        runc(Err(open(EACCES))),
        runc(Err(open(EIO))),
        runc(Err(changed)),
        program(ProgramKind::Runc, Ok(with(KmemVerdict::On)), Some(not_run)),
        program(ProgramKind::Kubelet, Ok(with(KmemVerdict::On)), None),
        program(ProgramKind::Docker, Ok(with(KmemVerdict::Unknown)), None),
    ]);
    let on = Leaks::No("this kernel does not leak");
    let judged = [Leaks::Yes, Leaks::Perhaps, on].map(|leaks| judge_programs(&found, leaks));
    let none = judge_programs(&[], Leaks::Yes);
    judged.into_iter().flatten().chain(none).collect()
}
