//! Measurements over time: a chart on a terminal, a page with curves, a table.

mod axis;
mod conclusion;
mod figure;
mod live;
mod page;
mod screen;
mod summary;

pub use conclusion::watch_conclusion;
pub use figure::Figure;
pub(super) use figure::exact;
pub use live::LiveChart;
pub use page::watch_page;
pub use summary::{watch_json, watch_summary};
