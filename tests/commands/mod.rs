//! The whole binary where no engine is needed: usage, recipes, configuration, where its output goes.

mod arguments;
mod cache;
mod colours;
mod completions;
mod configuration;
mod export;
mod help;
mod install;
mod like;
mod limits;
mod manual;
mod output;
mod own_recipes;
mod shells;
mod summary;
mod usage;
