//! What the cluster says of its objects.

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;

use super::engine::KubernetesEngine;
use super::state::shown;

/// Reasons of warnings about a pod that begins all the same: its resolver is another one.
const KEEPS_NOTHING_UP: [&str; 2] = ["DNSConfigForming", "MissingClusterDNS"];
/// Most events of an object that are read.
const MOST: u32 = 50;

impl KubernetesEngine {
    /// The newest warning about the object of that identity: another one of its name is another one. `None` where there is
    /// none, or where this user may not read it.
    pub(super) async fn events_of(&self, uid: &str) -> Option<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let of_it = format!("involvedObject.uid={uid}");
        let parameters = ListParams::default().fields(&of_it).limit(MOST);
        let mut listed = events.list(&parameters).await.ok()?.items;
        listed.retain(|event| {
            let reason = event.reason.as_deref().unwrap_or_default();
            event.type_.as_deref() == Some("Warning") && !KEEPS_NOTHING_UP.contains(&reason)
        });
        // Beside why an image was not pulled, a kubelet says that it was not: `Error: ImagePullBackOff`.
        let says_why = |event: &Event| {
            let message = event.message.as_deref();
            message.is_some_and(|message| !message.starts_with("Error: "))
        };
        if listed.iter().any(says_why) {
            listed.retain(says_why);
        }
        listed.sort_by_key(when);
        let last = listed.pop()?;
        let reason = last.reason.unwrap_or_default();
        let message = last.message.unwrap_or_default();
        Some(shown(&format!("{reason}: {message}")))
    }
}

/// When it happened last, in seconds. Schedulers from 1.19 on leave the older field empty.
fn when(event: &Event) -> Option<i64> {
    let older = event.last_timestamp.as_ref().map(|time| time.0.as_second());
    let series = event.series.as_ref();
    let newer = series.and_then(|series| series.last_observed_time.as_ref());
    let newer = newer.or(event.event_time.as_ref());
    older.max(newer.map(|time| time.0.as_second()))
}
