//! The image in which programs are run.

use std::collections::BTreeMap;

use super::place::RUN_CHECK;
use crate::checksum::sha256_hex;
use crate::engine::{Image, LABEL_IDENTITY};
use crate::events::Note;
use crate::execute::bootstrap::bootstrap;
use crate::execute::context::Context;
use crate::execute::error::ExecuteError;
use crate::execute::found::present;
use crate::execute::image::turn_to_make;
use crate::plan::PlannedDebian;

/// Code name of the Debian release.
const SUITE: &str = "bookworm";
/// strace, the program of the container that a runc makes, and the libraries of a runc that is not static.
const PACKAGES: [&str; 4] = ["strace", "busybox-static", "libseccomp2", "libapparmor1"];

/// The image for an engine of that architecture. It is made once and then found by its specification.
pub(super) async fn provide(
    architecture: &str,
    context: &Context<'_>,
) -> Result<Image, ExecuteError> {
    let identity = sha256_hex(format!("{SUITE} {architecture} {}", PACKAGES.join(" ")).as_bytes());
    let name = format!("kmembuild/{RUN_CHECK}-debian-{SUITE}:{}", &identity[..12]);
    if let Some(image) = made(&name, &identity, context).await? {
        return Ok(image);
    }
    let _turn = turn_to_make(&name, &identity, context).await?;
    if let Some(image) = made(&name, &identity, context).await? {
        return Ok(image);
    }
    if context.offline {
        return Err(ExecuteError::Offline { image: name });
    }
    let note = Note::MakingImage(name.clone(), SUITE.to_owned());
    context.sink.event(&note.into());
    let what = PlannedDebian {
        suite: SUITE.to_owned(),
        architectures: vec![architecture.to_owned()],
        packages: PACKAGES.map(str::to_owned).to_vec(),
        preferences: None,
        links: BTreeMap::new(),
        environment: BTreeMap::new(),
        identity,
    };
    bootstrap(context, &what, &name, context.labels(RUN_CHECK)).await
}

async fn made(
    name: &str,
    identity: &str,
    context: &Context<'_>,
) -> Result<Option<Image>, ExecuteError> {
    let image = present(name, context).await?;
    Ok(
        image
            .filter(|image| image.labels.get(LABEL_IDENTITY).map(String::as_str) == Some(identity)),
    )
}
