//! Gauges in the text format of Prometheus and its node exporter.

use prometheus::{GaugeVec, Opts, Registry, TextEncoder};

/// Nothing here can fail: names and labels are fixed, valid and not used twice.
const FIXED: &str = "the names of metrics are fixed and valid";

/// Gauges with one beginning of their names.
pub(super) struct Metrics {
    namespace: &'static str,
    registry: Registry,
}

impl Metrics {
    /// None yet; the names of all begin with `namespace`.
    pub(super) fn new(namespace: &'static str) -> Self {
        Self {
            namespace,
            registry: Registry::new(),
        }
    }

    /// Adds a gauge with a value for each set of labels.
    pub(super) fn family(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        values: impl IntoIterator<Item = (Vec<String>, f64)>,
    ) {
        let options = Opts::new(name, help).namespace(self.namespace);
        let gauges = GaugeVec::new(options, labels).expect(FIXED);
        self.registry
            .register(Box::new(gauges.clone()))
            .expect(FIXED);
        for (labels, value) in values {
            gauges.with_label_values(&labels).set(value);
        }
    }

    /// All of them as text.
    pub(super) fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect(FIXED)
    }
}

/// The name of a kind or a state as in JSON.
pub(super) fn name(kind: impl serde::Serialize) -> String {
    let value = serde_json::to_value(kind).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
