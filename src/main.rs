//! The command `kmembuild`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use kmembuild::environment::Environment;
use kmembuild::failure::{Failure, FailureKind};
use kmembuild::{cli, process_limits, report, source};
use rustix::fs::Mode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // Before anything that starts a thread.
    if let Some(code) = kmembuild::engine::supervise(&arguments) {
        return ExitCode::from(code);
    }
    if let Some(code) = kmembuild::engine::keep(&arguments) {
        return ExitCode::from(code);
    }
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is closed, nobody wants to read it; the exit code stays the same.
            report::tell(report::failure_text(&failure));
            failure.exit_code()
        }
    }
}

fn no_threads(error: &std::io::Error) -> Failure {
    kmembuild::no_environment(format!("could not start threads: {error}"))
}

fn start() -> Result<(), Failure> {
    // What is published is for others to read, whatever this user's other files are, and for nobody else to write.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let environment = Environment::capture().map_err(kmembuild::no_environment)?;
    report::settle_looks(&environment, cli::colour_choice(&environment.arguments));
    // Help and a wrong command line need nothing of what follows.
    let cli = match cli::parse(&environment.arguments) {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error),
    };
    let asked = cli::Asked::read(cli, &environment);
    let reads_git = asked.reads_git();
    // Before anything is started: where these are short, the runtime and other libraries panic.
    process_limits::check(reads_git).map_err(|error| kmembuild::below_limits(&error))?;
    if reads_git {
        source::make_ready().map_err(|error| no_threads(&error))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // The first thread for work that blocks then stays: with it, work waits where no further one can be had, and
        // without one the runtime panics.
        .thread_keep_alive(Duration::MAX)
        .enable_all()
        .build()
        .map_err(|error| no_threads(&error))?;
    drop(runtime.spawn_blocking(|| ()));
    let cancel = CancellationToken::new();
    let result = runtime.block_on(async {
        // Before anything is started that a signal could interrupt.
        let signals = Signals::listen()?;
        if asked.may_end_anywhere() {
            tokio::spawn(signals.exit_at_the_first());
        } else {
            let left_to = asked.left_to();
            tokio::spawn(signals.cancel_at_the_first(cancel.clone(), left_to));
        }
        cli::dispatch(asked, &environment, &cancel).await
    });
    // A thread that waits for a silent mirror must not delay the exit.
    runtime.shutdown_background();
    result
}

/// Whether this process was started with hang-ups ignored, as `nohup` does.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    // The first bit is that of the first signal.
    ignored.is_some_and(|ignored| ignored & 1 != 0)
}

/// Signals within this time of each other count as one.
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// The signals that stop the process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Of a terminal that was closed or a connection that broke; none for a process that was started to outlive them.
    hangup: Option<Signal>,
}

impl Signals {
    /// From here on the signals do not kill the process.
    fn listen() -> Result<Self, Failure> {
        let failed = |error| {
            kmembuild::no_environment(format!("could not install signal handlers: {error}"))
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            hangup: if ignores_hangup() {
                None
            } else {
                Some(signal(SignalKind::hangup()).map_err(failed)?)
            },
        })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }

    /// A command that only reads may be in the middle of a large file, and has nothing to leave in order.
    async fn exit_at_the_first(mut self) {
        self.next().await;
        let failure = Failure::new(FailureKind::Interrupted, "interrupted");
        report::tell(report::failure_text(&failure));
        std::process::exit(i32::from(FailureKind::Interrupted.exit_code()));
    }

    /// The first signal stops the run in an orderly way, the second one at once.
    async fn cancel_at_the_first(mut self, cancel: CancellationToken, left_to: Option<&str>) {
        self.next().await;
        let left = left_to.map(|command| format!(" and leave the clean-up to `{command}`"));
        let _ = writeln!(
            std::io::stderr(),
            "stopping; press Ctrl-C again to exit immediately{}",
            left.unwrap_or_default()
        );
        cancel.cancel();
        // `timeout`, and shells that kill a job, signal the process and then its group: that counts as one signal.
        while tokio::time::timeout(SAME_SIGNAL, self.next()).await.is_ok() {}
        self.next().await;
        std::process::exit(i32::from(FailureKind::Interrupted.exit_code()));
    }
}
