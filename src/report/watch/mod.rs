//! Measurements over time: a chart on a terminal, a page with curves, a table, a sentence, metrics.

mod axis;
mod conclusion;
mod curve;
mod figure;
mod live;
mod metrics;
mod number;
mod page;
mod plot;
mod screen;
mod series;
mod summary;
mod terminal_plot;
mod time_axis;

pub use conclusion::watch_conclusion;
pub use figure::Figure;
pub(super) use figure::exact;
pub use live::{ChartNotes, LiveChart};
pub use metrics::watch_metrics;
pub(super) use number::about;
pub use page::watch_page;
pub use series::{Series, Watched};
pub use summary::{watch_json, watch_summary};
