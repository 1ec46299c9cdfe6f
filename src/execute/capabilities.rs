//! What a plan needs of an engine's capabilities.

use super::error::{ExecuteError, Lacking};
use super::script::refuse_engine;
use crate::engine::EngineInfo;
use crate::plan::{Plan, PlannedImage};
use crate::recipe::Network;

/// Refuses a plan that needs what the engine cannot do, before anything is fetched or made for it.
pub(super) fn check_capabilities(plan: &Plan, engine: &EngineInfo) -> Result<(), ExecuteError> {
    let can = engine.capabilities;
    if plan.build.script.is_some() {
        refuse_engine(engine)?;
    }
    let lacks = if !can.builds_dockerfile && matches!(plan.image, PlannedImage::Dockerfile { .. }) {
        Lacking::Dockerfiles
    } else if !can.cuts_network && plan.build.network == Network::None {
        Lacking::NetworkCut
    } else if !can.limits_memory && plan.build.limits.memory.is_some() {
        Lacking::MemoryLimits
    } else {
        return Ok(());
    };
    Err(ExecuteError::Unsupported {
        engine: engine.version.clone(),
        lacks,
    })
}
