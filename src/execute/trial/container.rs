//! The containers of a trial.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::engine_failed;
use super::error::{Refusal, TrialError};
use super::image::TRIAL;
use super::kubelet::WORKDIR;
use crate::engine::{
    ByteStream, EngineError, GuestPath, LABEL_DEADLINE, Limits, Network, Privileges, Session,
    SessionSpec, Workdir,
};
use crate::execute::context::Context;
use crate::execute::session_end::{close, until_cancelled};
use crate::verify::CgroupMaker;

/// Time that a container outlives what is done in it, for a slow engine.
const GRACE: Duration = Duration::from_mins(5);

/// A container for a program that is only asked for its version, in which it can do nothing else.
pub(super) fn plain(image: String, limit: Duration, context: &Context<'_>) -> SessionSpec {
    let lifetime = limit + GRACE;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + lifetime;
    let mut labels = context.labels(TRIAL);
    labels.insert(LABEL_DEADLINE.to_owned(), deadline.as_secs().to_string());
    SessionSpec {
        image,
        name: format!("kmembuild-{TRIAL}-{}", context.run.id()),
        hostname: None,
        workdir: Workdir::OfImage(GuestPath::new("/")),
        caches: Vec::new(),
        labels,
        network: Network::None,
        limits: Limits::default(),
        privileges: Privileges::default(),
        lifetime,
    }
}

/// One in which it can do what it is tried for.
pub(super) fn for_trial(maker: CgroupMaker, plain: SessionSpec) -> SessionSpec {
    match maker {
        CgroupMaker::Runc => SessionSpec {
            privileges: Privileges {
                makes_cgroups: true,
                drives_engine: false,
            },
            ..plain
        },
        CgroupMaker::Kubelet => SessionSpec {
            privileges: Privileges {
                makes_cgroups: true,
                drives_engine: true,
            },
            workdir: Workdir::Scratch(GuestPath::new(WORKDIR)),
            ..plain
        },
    }
}

/// Does `work` in a container of its own, in which `archive` is unpacked at the root. Whatever happens, it is gone
/// afterwards. The inner error is why it cannot be there.
pub(super) async fn in_container<T>(
    spec: &SessionSpec,
    archive: ByteStream,
    context: &Context<'_>,
    work: impl AsyncFnOnce(&dyn Session) -> Result<Result<T, Refusal>, TrialError>,
) -> Result<Result<T, Refusal>, TrialError> {
    // Not stopped half-way: between its creation and its start a container is nobody's.
    let session = match context.engine.open(spec).await {
        Ok(session) => session,
        Err(EngineError::NoSocket { socket }) => return Ok(Err(Refusal::NoSocket { socket })),
        Err(error) => {
            context.run.leaves_something();
            return Err(engine_failed(error));
        }
    };
    let session = &*session;
    let work = async {
        session
            .put(&GuestPath::new("/"), archive)
            .await
            .map_err(engine_failed)?;
        work(session).await
    };
    let outcome = until_cancelled(context, work).await;
    close(session, context).await;
    outcome
}
