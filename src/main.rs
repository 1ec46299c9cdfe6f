//! The command `kmembuild`.

use std::io::Write;
use std::process::ExitCode;

use kmembuild::environment::Environment;
use kmembuild::failure::Failure;
use tokio::signal::unix::{SignalKind, signal};
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            kmembuild::no_environment(format!("no threads can be started: {error}"))
        })?;
    let cancel = CancellationToken::new();
    let result = runtime.block_on(async {
        tokio::spawn(watch_signals(cancel.clone()));
        kmembuild::run(&environment, &cancel).await
    });
    // A thread that waits for a silent mirror must not hold up the end.
    runtime.shutdown_background();
    result
}

/// The first SIGINT or SIGTERM stops the run in order, the second one at once.
async fn watch_signals(cancel: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stopping {
            std::process::exit(i32::from(
                kmembuild::failure::FailureKind::Interrupted.exit_code(),
            ));
        }
        stopping = true;
        let _ = writeln!(
            std::io::stderr(),
            "stopping; once more to stop at once and leave the clean-up to `kmembuild clean`"
        );
        cancel.cancel();
    }
}
