//! The command `kmembuild`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use kmembuild::environment::Environment;
use kmembuild::failure::{Failure, FailureKind};
use kmembuild::{cli, source};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Who closed standard error does not want to read it; the exit code stays what it is.
            let _ = std::io::stderr().write_all(failure.render().as_bytes());
            failure.exit_code()
        }
    }
}

fn start() -> Result<(), Failure> {
    let environment = Environment::capture().map_err(kmembuild::no_environment)?;
    if cli::reads_git(&environment) {
        source::make_ready();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            kmembuild::no_environment(format!("no threads can be started: {error}"))
        })?;
    let cancel = CancellationToken::new();
    let result = runtime.block_on(async {
        // Before anything is begun that a signal could leave half done.
        let signals = Signals::listen()?;
        let left_to = cli::left_to(&environment.arguments);
        tokio::spawn(signals.cancel_at_the_first(cancel.clone(), left_to));
        kmembuild::run(&environment, &cancel).await
    });
    // A thread that waits for a silent mirror must not hold up the end.
    runtime.shutdown_background();
    result
}

/// Signals that come closer after each other than this ask for the same thing.
const ONE_WISH: Duration = Duration::from_millis(200);

/// The signals that ask the process to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Never looked at. A process that failed to start anew would otherwise be ended by a pipe that nobody reads.
    _pipe: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    fn listen() -> Result<Self, Failure> {
        let failed =
            |error| kmembuild::no_environment(format!("signals cannot be listened for: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            _pipe: signal(SignalKind::pipe()).map_err(failed)?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The first signal stops the run in order, the second one at once.
    async fn cancel_at_the_first(mut self, cancel: CancellationToken, left_to: Option<&str>) {
        self.next().await;
        let left = left_to.map(|command| format!(" and leave the clean-up to `{command}`"));
        let _ = writeln!(
            std::io::stderr(),
            "stopping; once more to stop at once{}",
            left.unwrap_or_default()
        );
        cancel.cancel();
        // `timeout` and shells that end a job signal the process and then its group: that is one wish to stop.
        while tokio::time::timeout(ONE_WISH, self.next()).await.is_ok() {}
        self.next().await;
        std::process::exit(i32::from(FailureKind::Interrupted.exit_code()));
    }
}
