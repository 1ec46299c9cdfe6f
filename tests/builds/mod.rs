//! Whole builds on the real engine, with real registries and a real git server.

mod caching;
mod closed;
mod compiling;
mod custom_recipe;
mod images;
mod interrupting;
mod kept;
mod known_holes;
mod limits;
mod local;
mod output_folder;
mod reproducing;
mod run_check;
mod runc_debian;
mod runtime;
mod simultaneous;
mod steps;
mod upstream_image;
