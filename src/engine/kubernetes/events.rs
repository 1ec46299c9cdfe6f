//! What the cluster says of its objects.

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;

use super::engine::KubernetesEngine;
use super::state::shown;

/// Most events of an object that are read.
const MOST: u32 = 50;

impl KubernetesEngine {
    /// The newest warning about an object of that kind; `None` where there is none, or where this user may not read it.
    pub(super) async fn events_of(&self, name: &str, kind: &str) -> Option<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let of_it = format!("involvedObject.name={name},involvedObject.kind={kind}");
        let parameters = ListParams::default().fields(&of_it).limit(MOST);
        let mut listed = events.list(&parameters).await.ok()?.items;
        listed.retain(|event| event.type_.as_deref() == Some("Warning"));
        listed.sort_by_key(|event| {
            let time = event.last_timestamp.as_ref();
            time.map(|time| time.0.as_second())
        });
        let last = listed.pop()?;
        let reason = last.reason.unwrap_or_default();
        let message = last.message.unwrap_or_default();
        Some(shown(&format!("{reason}: {message}")))
    }
}
