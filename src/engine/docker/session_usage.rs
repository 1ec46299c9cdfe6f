//! What a container has used so far.

use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use super::session::DockerSession;
use crate::engine::Usage;

impl DockerSession {
    /// `None` where the engine does not say: nothing depends on it.
    pub(super) async fn usage_now(&self) -> Option<Usage> {
        let options = StatsOptionsBuilder::default()
            .stream(false)
            .one_shot(true)
            .build();
        let mut stats = Box::pin(self.client.docker.stats(&self.id, Some(options)));
        usage(&stats.next().await?.ok()?)
    }
}

fn usage(stats: &ContainerStatsResponse) -> Option<Usage> {
    let cpu = stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?;
    let memory = stats.memory_stats.as_ref()?;
    // What the kernel can give back at once is not needed: the cache of files, by its names of cgroup v1 and v2.
    let cache = memory.stats.as_ref().and_then(|stats| {
        let cache = ["total_inactive_file", "inactive_file"].map(|name| stats.get(name));
        cache.into_iter().flatten().next().copied()
    });
    Some(Usage {
        // The engine gives nanoseconds.
        cpu: Duration::from_nanos(cpu),
        memory: memory.usage?.saturating_sub(cache.unwrap_or_default()),
    })
}
