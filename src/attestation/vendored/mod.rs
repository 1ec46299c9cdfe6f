//! Lists of vendored components, one file for each format. The caller knows which ones a tree has.

mod godeps_json;
mod modules_txt;
mod vendor_conf;

pub use godeps_json::godeps_json;
pub use modules_txt::modules_txt;
pub use vendor_conf::vendor_conf;
