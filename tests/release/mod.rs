//! Whole releases on the real engine, with a real git server.

mod files;
mod locked;
mod matrix;
mod place;
mod published;
mod repositories;
mod trouble;
