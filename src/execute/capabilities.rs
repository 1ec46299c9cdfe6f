//! What a plan needs of an engine's capabilities.

use super::context::Context;
use super::error::{ExecuteError, Lacking};
use super::script::refuse_engine;
use crate::artifacts::NotEnforced;
use crate::engine::EngineInfo;
use crate::plan::{Plan, PlannedImage};
use crate::recipe::Network;

/// Refuses a plan that needs what the engine cannot do, before anything is fetched or made for it.
pub(super) fn check_capabilities(
    plan: &Plan,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<(), ExecuteError> {
    let can = engine.capabilities;
    if plan.build.script.is_some() {
        refuse_engine(engine)?;
    }
    let limits = &plan.build.limits;
    let not_enforced = not_enforced(plan, engine);
    let is_container = matches!(plan.image, PlannedImage::Container { .. });
    let lacks = if is_container && can.gets_images {
        Lacking::Container
    } else if !is_container && !can.gets_images {
        Lacking::Images
    } else if !can.builds_dockerfile && matches!(plan.image, PlannedImage::Dockerfile { .. }) {
        Lacking::Dockerfiles
    } else if context.require_no_network && not_enforced.contains(&NotEnforced::Network) {
        Lacking::NetworkCut
    } else if context.require_limits && not_enforced.contains(&NotEnforced::Limits) {
        Lacking::Limits
    } else if !can.limits_memory && !can.gets_images && limits.memory.is_some() {
        Lacking::MemoryLimits
    } else if !can.limits_processors && !can.gets_images && limits.nano_cpus.is_some() {
        Lacking::ProcessorLimits
    } else {
        return Ok(());
    };
    Err(ExecuteError::Unsupported {
        engine: engine.version.clone(),
        lacks,
    })
}

/// What the plan demands, and the engine does not keep.
pub(super) fn not_enforced(plan: &Plan, engine: &EngineInfo) -> Vec<NotEnforced> {
    let (can, limits) = (engine.capabilities, &plan.build.limits);
    let is_open = plan.build.network == Network::None && !can.cuts_network;
    let is_unlimited = (limits.memory.is_some() && !can.limits_memory)
        || (limits.nano_cpus.is_some() && !can.limits_processors);
    let open = is_open.then_some(NotEnforced::Network);
    let unlimited = is_unlimited.then_some(NotEnforced::Limits);
    open.into_iter().chain(unlimited).collect()
}
