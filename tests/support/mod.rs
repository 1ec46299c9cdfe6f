//! What several capabilities' tests stand on.

pub mod archive;
pub mod build_place;
pub mod busybox_server;
pub mod cgroup_folder;
pub mod cgroup_fuse;
pub mod command;
pub mod debian_image;
pub mod docker_command;
pub mod git_server;
pub mod golden;
pub mod https_front;
pub mod kubernetes_project;
pub mod manifest_of;
pub mod memory_cgroup;
pub mod memory_engine;
pub mod mirrors;
pub mod node_results;
pub mod preflight;
pub mod recorder;
pub mod registry;
pub mod run_check;
pub mod running;
pub mod scratch;
pub mod scripted_engine;
pub mod shaped_project;
pub mod toolchain_image;
