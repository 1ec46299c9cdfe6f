//! `kmembuild kmem watch`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{ChildStdin, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::{Finished, Workplace};
use crate::support::preflight::installed;
use crate::support::running::Running;

const NAMES: &str = "format,time,slab_caches,memory_cgroups,cgroups_found,cgroups_without_processes,cgroups_on,kernel_memory_bytes";

/// A hierarchy with two cgroups that have accounting and no processes.
fn cgroups() -> CgroupFolder {
    let cgroups = CgroupFolder::new();
    for path in ["kubepods", "kubepods/pod1"] {
        cgroups.cgroup(path, &format!("{HEAD}{CACHE}"), "");
    }
    cgroups.write("kubepods/memory.kmem.usage_in_bytes", "1048576\n");
    cgroups
}

fn words<'a>(root: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &["kmem", "watch", "--root", root, "--interval", "20ms"],
        more,
    ]
    .concat()
}

/// Measurements of an hour in which pods left cgroups behind.
fn before(workplace: &Workplace) {
    let mut text = format!("{NAMES}\n");
    for minute in 0..60 {
        let (slabs, cgroups) = (400 + minute * 30, 20 + minute * 5);
        text += &format!(
            "1,2020-03-01T10:{minute:02}:00Z,{slabs},{cgroups},20,4,12,{}\n",
            minute * 1_000_000
        );
    }
    // The machine lost its power.
    text += "1,2020-03-01T11:00:0";
    workplace.write("before.csv", &text);
}

#[test]
fn lines_go_to_standard_output_as_they_are_measured() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let watched = workplace.run(&words(&root, &["--count", "3"])).code(0);
    // Beside the lines, and only there.
    let watched = watched.says("too short to tell: measure for at least 10 minutes");
    assert!(!watched.stderr.contains("not kept"), "{}", watched.stderr);
    let lines: Vec<_> = watched.stdout.lines().collect();
    let (origin, lines) = lines.split_at(4);
    for (line, begin) in origin.iter().zip([
        "# tool: kmembuild ",
        "# host: ",
        "# kernel: ",
        "# interval: 20ms",
    ]) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert_eq!((lines.len(), lines[0]), (4, NAMES));
    let mut times = Vec::new();
    for line in &lines[1..] {
        let fields: Vec<_> = line.split(',').collect();
        assert_eq!(
            (fields[0], &fields[4..]),
            ("1", &["3", "2", "2", "1048576"][..]),
            "{line}"
        );
        times.push(fields[1]);
    }
    assert!(times.is_sorted() && times[0] < times[2], "{times:?}");

    let watched = workplace
        .run(&words(&root, &["--count", "2", "--format", "json"]))
        .code(0);
    let document: Value = serde_json::from_str(&watched.stdout).expect("one document");
    assert_eq!(document["format"], 1);
    assert_eq!(document["samples"][1]["kernel_memory_bytes"], 1_048_576);
    assert_eq!(document["origin"]["interval-seconds"], 0.02);
    assert_eq!(document["trends"]["memory-cgroups"]["trend"], "too-short");
    workplace
        .run(&words(&root, &["--duration", "100ms"]))
        .code(0)
        .prints(NAMES);
}

#[test]
fn what_was_measured_is_kept_in_a_file_and_summed_up() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    before(&workplace);
    let more = [
        "--count",
        "2",
        "--csv",
        "now.csv",
        "--html",
        "now.html",
        "--compare",
        "before.csv",
    ];
    let watched = workplace.run(&words(&root, &more)).code(0);
    let watched = watched
        .prints("kernel memory")
        .prints("1.0 MiB")
        .prints("before.csv")
        .prints("wrote now.csv, now.html\nnow.csv: too short to tell");
    // Of the whole lines: 59 minutes with 30 more in each of them.
    assert!(watched.stdout.contains("+1,800"), "{}", watched.stdout);
    let csv = fs::read_to_string(workplace.path().join("now.csv")).expect("the lines");
    assert_eq!((csv.lines().count(), csv.lines().nth(4)), (7, Some(NAMES)));

    let again = workplace.run(&words(&root, &more)).code(15);
    again
        .says("could not write now.csv")
        .says("hint: use another file");
    // What one watch wrote, the next one compares with.
    let more = ["--count", "1", "--csv", "third.csv", "--compare", "now.csv"];
    workplace.run(&words(&root, &more)).code(0);
}

#[test]
fn the_page_has_all_curves_and_nothing_from_elsewhere() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    before(&workplace);
    let more = [
        "--count",
        "3",
        "--html",
        "now.html",
        "--compare",
        "before.csv",
    ];
    workplace.run(&words(&root, &more)).code(0);
    let page = fs::read_to_string(workplace.path().join("now.html")).expect("the page");
    for curve in ["path class=\"now\"", "path class=\"before\""] {
        assert_eq!(page.matches(curve).count(), 4, "{curve}");
    }
    for told in [
        "before.csv; host not recorded; kernel not recorded; 2020-03-01 10:00:00 UTC to 2020-03-01 10:59:00 UTC; 60 \
         measurements",
        "this watch; host ",
        "3 measurements, one every 20ms; kmembuild ",
        "limit: 65,535",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    for foreign in [
        "http:", "https:", "//", "src=", "@import", "url(", "<script", "{about}", "{table}",
    ] {
        assert!(!page.contains(foreign), "{foreign} is in the page");
    }
}

#[test]
fn ctrl_c_ends_it_well() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let run = workplace.start(&words(&root, &["--html", "now.html"]));
    run.until_lines(7);
    run.send(Signal::INT);
    let printed = run.finish().code(0).stdout;
    // Every line is whole.
    let mut lines = printed.lines();
    let whole = lines.all(|line| line.starts_with('#') || line.split(',').count() == 8);
    assert!(whole && printed.ends_with('\n'), "{printed}");
    let page = fs::read_to_string(workplace.path().join("now.html")).expect("the page");
    assert!(page.ends_with("</html>\n"));
}

#[test]
fn a_lost_connection_ends_it_well_unless_it_is_to_go_on() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let run = workplace.start(&words(&root, &["--html", "now.html"]));
    run.until_lines(7);
    run.send(Signal::HUP);
    run.finish().code(0);
    let page = fs::read_to_string(workplace.path().join("now.html")).expect("the page");
    assert!(page.ends_with("</html>\n"));

    // Under nohup, which takes standard output for itself where that is a terminal only.
    let mut command = Command::new("nohup");
    command
        .arg(env!("CARGO_BIN_EXE_kmembuild"))
        .args(words(&root, &[]))
        .env("HOME", workplace.path())
        .stdin(Stdio::null());
    let run = Running::start(&mut command);
    run.until_lines(6);
    run.send(Signal::HUP);
    let so_far = run.lines();
    run.until_lines(so_far + 20);
    run.send(Signal::INT);
    run.finish().code(0);
}

#[test]
fn a_figure_near_the_end_of_all_numbers_is_drawn() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    for bytes in [u64::MAX, 1 << 53] {
        cgroups.write("kubepods/memory.kmem.usage_in_bytes", &format!("{bytes}\n"));
        workplace
            .run(&words(&root, &["--count", "2", "--html", "now.html"]))
            .code(0);
        let page = fs::read_to_string(workplace.path().join("now.html")).expect("the page");
        assert!(page.len() < 50_000, "{}", page.len());
    }
}

#[test]
fn measurements_are_not_written_over_and_a_failed_start_leaves_no_file() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    before(&workplace);
    let kept = fs::read_to_string(workplace.path().join("before.csv")).expect("a file");
    std::os::unix::fs::symlink("before.csv", workplace.path().join("link.csv")).expect("linked");
    for (page, option, file) in [
        ("now.csv", "--csv", "now.csv"),
        ("now.prom", "--textfile", "./now.prom"),
        ("now.csv", "--csv", "./now.csv"),
        ("before.csv", "--compare", "before.csv"),
        ("link.csv", "--compare", "before.csv"),
    ] {
        let more = ["--count", "1", "--html", page, option, file];
        workplace.run(&words(&root, &more)).code(2).says(&format!(
            "error: --html {page} is also the file of {option}; the page would overwrite it"
        ));
    }
    let now = workplace.path().join("now.csv");
    assert!(!now.exists());
    let after = fs::read_to_string(workplace.path().join("before.csv")).expect("a file");
    assert_eq!(after, kept);

    let wrong = ["kmem", "watch", "--root", "/nowhere", "--csv", "now.csv"];
    workplace.run(&wrong).code(4);
    assert!(!now.exists());
    let right = ["--count", "1", "--csv", "now.csv"];
    workplace.run(&words(&root, &right)).code(0);
}

#[test]
fn a_reader_that_went_away_ends_it() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let mut command = workplace.command(&words(&root, &[]));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
    let mut byte = [0];
    let mut reader = child.stdout.take().expect("a pipe");
    reader.read_exact(&mut byte).expect("a byte");
    drop(reader);
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_terminal_shows_curves_while_it_lasts_and_a_table_at_the_end() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    before(&workplace);
    let command = format!(
        "stty cols 120 rows 40; {} kmem watch --root {} --interval 50ms --count 3 --compare before.csv",
        env!("CARGO_BIN_EXE_kmembuild"),
        cgroups.argument()
    );
    let output = installed("script")
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", workplace.path())
        .current_dir(workplace.path())
        .stdin(Stdio::null())
        .output()
        .expect("script is there");
    let finished = Finished::from(output).code(0);
    // The other screen and back, and between them dots of the curves.
    let (screen, rest) = finished
        .stdout
        .split_once("\u{1b}[?1049l")
        .expect("the screen is given back");
    assert!(
        screen.contains("\u{1b}[?1049h") && screen.contains("caches: "),
        "{screen}"
    );
    assert!(
        screen.contains(|c: char| ('\u{2801}'..='\u{28ff}').contains(&c)),
        "{screen}"
    );
    assert!(
        rest.contains("before.csv") && rest.contains("kernel memory"),
        "{rest}"
    );
    assert!(
        rest.contains("the measurements were not kept: --csv FILE keeps them"),
        "{rest}"
    );
}

#[test]
fn the_chart_is_drawn_in_ascii_where_there_is_nothing_else() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    before(&workplace);
    let command = format!(
        "stty cols 80 rows 24; LC_ALL=C {} kmem watch --root {} --interval 50ms --count 3 --compare before.csv",
        env!("CARGO_BIN_EXE_kmembuild"),
        cgroups.argument()
    );
    let mut script = workplace.set_up(installed("script"), &["-qec", &command, "/dev/null"]);
    let output = script.env("TERM", "xterm").stdin(Stdio::null()).output();
    let finished = Finished::from(output.expect("script starts")).code(0);
    let shown = finished.stdout;
    assert!(shown.is_ascii(), "{shown}");
    assert!(
        shown.contains("\u{1b}[?1049h") && shown.contains("***"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_watched_or_written_is_told_at_once() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    workplace.write("other.csv", "a,b\n1,2\n");
    workplace.write("empty.csv", &format!("{NAMES}\n"));
    workplace.write(
        "later.csv",
        &format!("{NAMES}\n2,2020-03-01T10:00:00Z,1,1,1,1,1,1\n"),
    );
    for (more, code, said) in [
        (
            &["--compare", "other.csv"][..],
            2,
            "could not read other.csv as a file written by `kmem watch --csv`",
        ),
        (
            &["--compare", "empty.csv"],
            2,
            "empty.csv contains no measurements",
        ),
        (&["--compare", "later.csv"], 2, "later.csv has format 2"),
        (&["--compare", "nowhere.csv"], 2, "caused by: "),
        (
            &["--csv", "nowhere/now.csv"],
            15,
            "could not write nowhere/now.csv",
        ),
        (
            &["--html", "nowhere/now.html"],
            15,
            "could not write nowhere/now.html",
        ),
        (&["--count", "0"], 2, "invalid value '0'"),
        (
            &["--textfile", "metrics.txt"],
            2,
            "the textfile collector only reads files whose names end in .prom",
        ),
        (
            &["--label", "a", "--label", "b"],
            2,
            "--label is given 2 times, but there is 1 recording to name",
        ),
        (&["--duration", "0"], 2, "\"0\" is not a time"),
        (
            &["--format", "prometheus"],
            2,
            "[possible values: text, json]",
        ),
    ] {
        workplace.run(&words(&root, more)).code(code).says(said);
    }
    let missing = ["kmem", "watch", "--root", "/nowhere", "--count", "1"];
    workplace
        .run(&missing)
        .code(4)
        .says("could not open /nowhere as a cgroup");
}

#[test]
fn a_hierarchy_that_goes_away_costs_nothing_that_was_measured() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let run = workplace.start(&words(&root, &["--html", "now.html"]));
    run.until_lines(6);
    // All at once: a part of one would be no hierarchy either, but for another reason.
    fs::rename(cgroups.root(), workplace.path().join("gone")).expect("renamed");
    run.finish()
        .code(4)
        .says("as a cgroup; use the mount point");
    assert!(workplace.path().join("now.html").exists());
}

#[test]
fn measurements_to_compare_with_come_from_a_regular_file() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let pipe = workplace.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo starts").success());
    for file in ["/dev/zero", pipe.to_str().expect("a name")] {
        let compared = words(&root, &["--count", "1", "--compare", file]);
        workplace
            .run(&compared)
            .code(2)
            .says("caused by: it is not a regular file");
    }
    let large = fs::File::create(workplace.path().join("large.csv")).expect("a file");
    large.set_len(1 << 40).expect("a hole");
    let compared = words(&root, &["--count", "1", "--compare", "large.csv"]);
    workplace
        .run(&compared)
        .code(2)
        .says("caused by: it has more than 256.0 MiB");
}

/// Starts a watch in a terminal of 80 columns, ends it when the chart is there, and returns the chart and what came after
/// it, the exit code and the settings of the terminal among it.
fn ended_in_a_terminal(
    cgroups: &CgroupFolder,
    workplace: &Workplace,
    end: impl FnOnce(&mut ChildStdin, Pid),
) -> (String, String) {
    // Ctrl-C reaches the shell around the watch too, which is to print what came after.
    let command = format!(
        "trap : INT; stty cols 80 rows 24; sh -c 'echo $$ >pid; exec {} kmem watch --root {} --interval 50ms --csv now.csv'; \
         echo \"code $?\"; stty -a",
        env!("CARGO_BIN_EXE_kmembuild"),
        cgroups.argument()
    );
    let mut script = installed("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", workplace.path())
        .current_dir(workplace.path());
    let (run, mut keys) = Running::with_input(&mut script);
    run.until_prints("q or Ctrl-C ends the watch");
    let pid = fs::read_to_string(workplace.path().join("pid")).expect("a process");
    let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
    end(&mut keys, pid.expect("a process"));
    let shown = run.finish().code(0).stdout;
    let (screen, rest) = shown
        .split_once("\u{1b}[?1049l")
        .expect("the screen is given back");
    let rest = console::strip_ansi_codes(rest);
    (screen.to_owned(), rest.into_owned())
}

/// What ends a watch in a terminal.
type End = Box<dyn FnOnce(&mut ChildStdin, Pid)>;

#[test]
fn the_terminal_is_as_it_was_however_the_watch_ends() {
    let press = |key: &'static [u8]| {
        move |keys: &mut ChildStdin, _: Pid| keys.write_all(key).expect("a key is pressed")
    };
    let send = |signal| {
        move |_: &mut ChildStdin, pid: Pid| kill_process(pid, signal).expect("it is there")
    };
    let ends: [(&str, End); 4] = [
        ("q", Box::new(press(b"xq"))),
        ("Ctrl-C", Box::new(press(b"\x03"))),
        ("SIGTERM", Box::new(send(Signal::TERM))),
        ("SIGHUP", Box::new(send(Signal::HUP))),
    ];
    for (name, end) in ends {
        let (cgroups, workplace) = (cgroups(), Workplace::new());
        let (screen, rest) = ended_in_a_terminal(&cgroups, &workplace, end);
        assert!(screen.contains("memory cgroups"), "{name}: {screen}");
        for text in [
            "wrote now.csv",
            "next: kmembuild kmem report now.csv --html now.html",
            "code 0",
            " icanon",
            " echo ",
            " ixon",
            "susp = ^Z",
            "quit = ^\\",
        ] {
            assert!(rest.contains(text), "{name}: {text}\n{rest}");
        }
        // No key is left for the shell, and none was shown.
        assert!(!rest.contains("xq"), "{name}: {rest}");
    }

    // A failure is told on the screen that was given back.
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let (from, to) = (cgroups.root().to_owned(), workplace.path().join("gone"));
    let (_, rest) = ended_in_a_terminal(&cgroups, &workplace, move |_, _| {
        fs::rename(from, to).expect("renamed");
    });
    for text in ["as a cgroup; use the mount point", "code 4", " icanon"] {
        assert!(rest.contains(text), "{text}\n{rest}");
    }
}

#[test]
fn the_forecast_is_written_for_the_textfile_collector() {
    let (cgroups, workplace) = (cgroups(), Workplace::new());
    let root = cgroups.argument();
    let more = ["--count", "2", "--textfile", "watch.prom"];
    workplace.run(&words(&root, &more)).code(0);
    let metrics = fs::read_to_string(workplace.path().join("watch.prom")).expect("the metrics");
    // How long two measurements take is the machine's, not the test's.
    let watched = metrics
        .lines()
        .find_map(|line| line.strip_prefix("kmembuild_kmem_watched_seconds "))
        .and_then(|seconds| seconds.parse::<f64>().ok());
    assert!(
        watched.is_some_and(|seconds| seconds > 0.0 && seconds < 600.0),
        "{metrics}"
    );
    // Nothing is known yet.
    assert!(!metrics.contains("growth_per_hour{"), "{metrics}");
}
