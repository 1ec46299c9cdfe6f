//! The containers of a check.

use std::time::Duration;

use super::error::{Refusal, Stopped};
use super::kubelet::WORKDIR;
use super::place::RUN_CHECK;
use crate::engine::{
    ByteStream, EngineError, GuestPath, Limits, Network, Privileges, Session, SessionSpec, Workdir,
};
use crate::execute::context::Context;
use crate::execute::session_end::{close, until_cancelled};
use crate::verify::CgroupMaker;

/// Time that a container outlives its work, for a slow engine.
const GRACE: Duration = Duration::from_mins(5);

/// A container without privileges, in which the program only prints its version.
pub(super) fn plain(image: String, limit: Duration, context: &Context<'_>) -> SessionSpec {
    let lifetime = limit + GRACE;
    let labels = context.session_labels(RUN_CHECK, lifetime);
    SessionSpec {
        image,
        name: format!("kmembuild-{RUN_CHECK}-{}", context.run.id()),
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

/// A container in which the program can make cgroups.
pub(super) fn for_check(maker: CgroupMaker, plain: SessionSpec) -> SessionSpec {
    SessionSpec {
        privileges: Privileges {
            makes_cgroups: true,
            drives_engine: maker == CgroupMaker::Kubelet,
        },
        workdir: match maker {
            CgroupMaker::Runc => plain.workdir,
            CgroupMaker::Kubelet => Workdir::Scratch(GuestPath::new(WORKDIR)),
        },
        ..plain
    }
}

/// Does `work` in a container of its own with `archive` unpacked at the root. The container is removed on every path.
pub(super) async fn in_container<T>(
    spec: &SessionSpec,
    archive: ByteStream,
    context: &Context<'_>,
    work: impl AsyncFnOnce(&dyn Session) -> Result<T, Stopped>,
) -> Result<T, Stopped> {
    // Not cancelled half-way: between its creation and its start nobody knows the container.
    let session = match context.engine.open(spec).await {
        Ok(session) => session,
        Err(EngineError::NoSocket { socket }) => return Err(Refusal::NoSocket { socket }.into()),
        Err(error) => {
            context.run.leaves_something();
            return Err(error.into());
        }
    };
    let session = &*session;
    let work = async {
        session.put(&GuestPath::new("/"), archive).await?;
        work(session).await
    };
    let outcome = until_cancelled(context, work).await;
    close(session, context).await;
    outcome
}
