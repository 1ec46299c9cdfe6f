//! The engine's client, with which upstream's own build script drives the engine.

use super::ask::ask;
use super::context::Context;
use super::error::ExecuteError;
use super::pull::pull;
use crate::engine::{GuestPath, Image, Network, Privileges, Session, SessionSpec, Workdir};
use crate::events::{Note, Warning};
use crate::failure::with_causes;
use crate::plan::PlannedScript;

/// The directory of the driver container that is first in every search path.
const PROGRAMS: &str = "/usr/local/bin";

/// Whether the driver container lacks a client that the script works with and that reaches the engine.
pub(super) async fn lacks_client(script: &PlannedScript, session: &dyn Session) -> bool {
    match ask_client(session).await {
        Ok(version) => major(&version).is_none_or(|major| major >= script.client_below),
        Err(_) => true,
    }
}

/// The version of the container's client if it reaches the engine; otherwise the reason.
async fn ask_client(session: &dyn Session) -> Result<String, String> {
    let question = ["docker", "version", "--format", "{{.Client.Version}}"];
    match ask(session, &question).await {
        Ok((exit, lines)) if exit.code == 0 => Ok(lines.join(" ")),
        Ok((_, lines)) => Err(lines.join("; ")),
        Err(error) => Err(with_causes(&error)),
    }
}

/// Provides the image that has a client.
pub(super) async fn provide_client(
    script: &PlannedScript,
    context: &Context<'_>,
) -> Result<Image, ExecuteError> {
    let (image, _) = pull(&script.client, context).await?;
    Ok(image)
}

/// Copies the client from its image into the driver container and checks that it reaches the engine. Must not be cancelled
/// half-way: the container of the client's image would stay.
pub(super) async fn copy_client(
    script: &PlannedScript,
    client: &Image,
    driver: &SessionSpec,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<(), ExecuteError> {
    let spec = SessionSpec {
        image: client.id.clone(),
        name: format!("{}-client", driver.name),
        hostname: None,
        privileges: Privileges::default(),
        workdir: Workdir::OfImage(driver.workdir.path().clone()),
        network: Network::None,
        ..driver.clone()
    };
    let donor = context.engine.open_to_copy(&spec).await;
    let donor = donor.map_err(|source| {
        context.run.leaves_something();
        ExecuteError::engine("build")(source)
    })?;
    let copied = match donor.get(&GuestPath::new(&script.client_path)).await {
        Ok(archive) => session.put(&GuestPath::new(PROGRAMS), archive).await,
        Err(error) => Err(error),
    };
    if let Err(error) = donor.close().await {
        context.run.leaves_something();
        let what = format!("a container of {}", script.client.name);
        let warning = Warning::LeftBehind(what, with_causes(&error));
        context.sink.event(&warning.into());
    }
    copied.map_err(ExecuteError::engine("build"))?;
    ask_client(session)
        .await
        .map_err(|reason| ExecuteError::NoScript {
            engine: context.engine.describe().address.clone(),
            reason: format!("a client in a container cannot reach it: {reason}"),
        })?;
    let note = Note::Client(script.client.name.clone());
    context.sink.event(&note.into());
    Ok(())
}

/// The major version in `20.10.5+dfsg1`.
fn major(version: &str) -> Option<u32> {
    version.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_of_a_client_is_read() {
        assert_eq!(major("20.10.5+dfsg1"), Some(20));
        assert_eq!(major("29.0.1"), Some(29));
        assert_eq!(major("unknown"), None);
    }
}
