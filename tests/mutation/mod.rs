//! Readers of what others wrote, given real inputs that were changed at random: none of them panics, overflows its stack,
//! takes memory or time without bounds, or lets something through that it promises to refuse.
//!
//! The ordinary run tries a few inputs with each reader, always the same ones. More, and others:
//!
//! ```text
//! KMEMBUILD_MUTATIONS=100000 KMEMBUILD_MUTATION_SEED=7 KMEMBUILD_MUTATION_TARGET=recipe \
//!     cargo test --test main -- --nocapture mutation::
//! ```
//!
//! A reader by itself, for a time: the test that is ignored, with `KMEMBUILD_MUTATION_SECONDS=60 RUST_LIB_BACKTRACE=0`.
//!
//! A failure names the input by its number, and the file that it was written to.

mod carried;
mod distribution;
mod generator;
mod seeds;
mod targets;

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use generator::Generator;
use targets::{TARGETS, Target};

/// How many inputs a reader is given where nobody asks for more.
const FEW: u64 = 40;
/// By how much all inputs of a reader together may raise the memory of the process, in KiB.
const MOST_MEMORY: u64 = 128 << 10;
/// Longest time for one input before it is named.
const LONG: Duration = Duration::from_secs(2);

/// Set in the process that reads: an overflow of its stack must not end the other tests.
const INSIDE: &str = "KMEMBUILD_MUTATION_INSIDE";

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn readers_hold_whatever_they_are_given() {
    let own = env::current_exe().expect("this program");
    let directory = tempfile::tempdir().expect("a directory");
    let last = directory.path().join("input");
    let child = Command::new(own)
        .args([
            "--exact",
            "mutation::every_reader_in_its_turn",
            "--nocapture",
            "--ignored",
        ])
        .env(INSIDE, &last)
        // Libraries read all that is known of this program where they are to say how they came to an error.
        .env("RUST_LIB_BACKTRACE", "0")
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&child.stdout);
    let failed = String::from_utf8_lossy(&child.stderr);
    if env::var_os("KMEMBUILD_MUTATIONS").is_some() {
        println!("{said}{failed}");
    }
    if child.status.success() {
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let kept = env::temp_dir().join(format!("kmembuild-mutation-{}", std::process::id()));
    let input = fs::read(&last).unwrap_or_default();
    fs::write(&kept, &input).expect("kept");
    let how = child
        .status
        .signal()
        .map(|signal| format!("signal {signal}"));
    let how = how.unwrap_or_else(|| child.status.to_string());
    panic!(
        "{how}; the input of {} bytes is {}\n{said}\n{failed}",
        input.len(),
        kept.display()
    );
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn every_reader_in_its_turn() {
    let only = env::var("KMEMBUILD_MUTATION_TARGET").ok();
    let (count, seed) = (
        number("KMEMBUILD_MUTATIONS", FEW),
        number("KMEMBUILD_MUTATION_SEED", 1),
    );
    let most = Duration::from_secs(number("KMEMBUILD_MUTATION_SECONDS", u64::from(u32::MAX)));
    for target in &TARGETS {
        if only.as_ref().is_none_or(|only| only == target.name) {
            try_out(target, count, seed, most);
        }
    }
}

fn try_out(target: &Target, count: u64, seed: u64, most: Duration) {
    let input_file = env::var_os(INSIDE);
    let seeds = (target.seeds)();
    let mut reader = (target.reader)();
    let mut generator = Generator::new(seed);
    for seed in &seeds {
        reader(seed);
    }
    let (start, before) = (Instant::now(), highest_memory());
    let mut tried = 0;
    while tried < count && start.elapsed() < most {
        let input = generator.input(&seeds);
        if let Some(file) = &input_file {
            fs::write(file, &input).expect("written");
        }
        let began = Instant::now();
        reader(&input);
        if began.elapsed() > LONG {
            println!(
                "{}: input {tried} of {} bytes took {:?}",
                target.name,
                input.len(),
                began.elapsed()
            );
        }
        tried += 1;
        // The input that takes it is the one that is kept.
        let grown = highest_memory().saturating_sub(before);
        assert!(
            grown < MOST_MEMORY,
            "{}: {grown} KiB more memory after input {tried}",
            target.name
        );
    }
    // The kernel adds up what threads have used only now and then.
    let grown = highest_memory().saturating_sub(before);
    let time = start.elapsed();
    println!(
        "{}: {tried} inputs in {time:.1?}, {grown} KiB more memory",
        target.name
    );
}

/// The most memory that this process has had, in KiB.
fn highest_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let words = line.and_then(|line| line.split_whitespace().next());
    words
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
