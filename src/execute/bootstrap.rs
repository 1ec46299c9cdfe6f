//! A root file system from Debian's signed archive, by mmdebstrap, imported as an image.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio_util::io::ReaderStream;

use super::context::Context;
use super::debian_sources::DebianSources;
use super::error::ExecuteError;
use super::found::engine_failed;
use crate::engine::{ByteStream, Image, ImageSource, LABEL_IDENTITY, LABEL_LEFT_OUT, LABEL_SUITES};
use crate::events::Event;
use crate::plan::PlannedDebian;

/// Passes the preferences to mmdebstrap's hook; on its command line they would have to be quoted for a shell.
const PREFERENCES_VARIABLE: &str = "KMEMBUILD_APT_PREFERENCES";
/// Passes the links to mmdebstrap's hook, one a line: the link, a tab, its target.
const LINKS_VARIABLE: &str = "KMEMBUILD_LINKS";
/// Latest modification time in the image, in seconds since 1970: the day of Debian 11's release.
const FILE_TIMES: &str = "1628899200";
/// Bytes that are read from mmdebstrap at a time.
const CHUNK: usize = 64 << 10;

/// Runs mmdebstrap and makes an image by the name `name` of what it writes. Nothing is stored on this machine.
pub(super) async fn bootstrap(
    context: &Context<'_>,
    what: &PlannedDebian,
    name: &str,
    labels: BTreeMap<String, String>,
) -> Result<Image, ExecuteError> {
    let provided = with_root(context, what, labels, |archive, labels| {
        let source = ImageSource::RootFs {
            archive,
            environment: what.environment.clone(),
            labels,
        };
        let engine = context.engine;
        engine.provide(name, source, context.sink, context.cancel)
    });
    let provided = provided.await?.map_err(engine_failed)?;
    provided.ok_or(ExecuteError::Interrupted)
}

/// Runs mmdebstrap and gives `work` what it writes, with the labels of an image of that. What `work` makes of an archive that
/// ends with an error is worth nothing.
pub(super) async fn with_root<T, F: Future<Output = T>>(
    context: &Context<'_>,
    what: &PlannedDebian,
    mut labels: BTreeMap<String, String>,
    work: impl FnOnce(ByteStream, BTreeMap<String, String>) -> F,
) -> Result<T, ExecuteError> {
    let failed = |reason: String| ExecuteError::Bootstrap {
        suite: what.suite.clone(),
        reason,
    };
    let architectures: Vec<_> = what
        .architectures
        .iter()
        .map(|architecture| debian_architecture(architecture))
        .collect();
    let mut command = Command::new("mmdebstrap");
    command
        .arg("--variant=apt")
        .arg(format!("--architectures={}", architectures.join(",")))
        .arg(format!("--include={}", what.packages.join(",")));
    // Later times are clamped to this one, so that the same packages give the same layer at any time and place.
    command.env("SOURCE_DATE_EPOCH", FILE_TIMES);
    if let Some(preferences) = &what.preferences {
        command.env(PREFERENCES_VARIABLE, preferences).arg(format!(
            "--setup-hook=printf %s \"${PREFERENCES_VARIABLE}\" >\"$1/etc/apt/preferences.d/kmembuild\""
        ));
    }
    if !what.links.is_empty() {
        let lines: String = what
            .links
            .iter()
            .map(|(link, target)| format!("{link}\t{target}\n"))
            .collect();
        command.env(LINKS_VARIABLE, lines).arg(format!(
            "--customize-hook=printf %s \"${LINKS_VARIABLE}\" | while IFS=\"$(printf '\\t')\" read -r link target; do \
             mkdir -p \"$1${{link%/*}}\" && ln -s \"$target\" \"$1$link\" || exit 1; done"
        ));
    }
    let sources = match context.debian_mirror {
        Some(mirror) => DebianSources::of(mirror, &what.suite, context.stall).await,
        // mmdebstrap knows Debian's own places of all three.
        None => DebianSources::default(),
    };
    if !sources.taken.is_empty() {
        labels.insert(LABEL_SUITES.to_owned(), sources.description());
    }
    if !sources.missing.is_empty() {
        labels.insert(LABEL_LEFT_OUT.to_owned(), sources.left_out());
    }
    command
        .args(["--", &what.suite, "-"])
        .args(sources.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ExecuteError::BootstrapMissing,
        _ => failed(error.to_string()),
    })?;
    let stdout = child.stdout.take().expect("standard output is piped");
    let stderr = child.stderr.take().expect("standard error is piped");

    let outcome: Arc<Mutex<Option<String>>> = Arc::default();
    let verdict = Arc::clone(&outcome);
    // The exit status is part of the stream, so that an incomplete archive does not become an image.
    let end = stream::once(async move {
        let status = child.wait().await?;
        if status.success() {
            return Ok(None);
        }
        *verdict.lock().await = Some(status.to_string());
        Err(std::io::Error::other("mmdebstrap failed"))
    });
    let root: ByteStream = ReaderStream::with_capacity(stdout, CHUNK)
        .map_ok(Some)
        .chain(end)
        .try_filter_map(|chunk| async move { Ok(chunk) })
        .boxed();

    labels.insert(LABEL_IDENTITY.to_owned(), what.identity.clone());

    let mut last_lines: Vec<String> = Vec::new();
    let told = async {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("E:") || line.contains("error") {
                last_lines.push(line.clone());
            }
            context.sink.event(&Event::Output {
                step: "image".to_owned(),
                line,
            });
        }
    };
    // Concurrently: mmdebstrap blocks when nobody reads its messages.
    let (done, ()) = tokio::join!(work(root, labels), told);
    if let Some(status) = outcome.lock().await.take() {
        return Err(failed(format!("{status}; {}", last_lines.join("; "))));
    }
    Ok(done)
}

/// Debian's name of an architecture given in Go's terms.
fn debian_architecture(architecture: &str) -> &str {
    match architecture {
        "386" => "i386",
        "arm" => "armhf",
        "mips64le" => "mips64el",
        "ppc64le" => "ppc64el",
        other => other,
    }
}
