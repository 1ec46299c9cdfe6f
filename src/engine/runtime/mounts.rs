//! What is mounted for a container, in a namespace of the process that keeps it.

use std::ffi::CStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount,
};
use rustix::thread::UnshareFlags;

use super::cgroups::UNIFIED;
use super::log::{last_words, log};

/// How an overlay is made. What it holds is thrown away, so nothing of it has to reach the disk; kernels before 5.10 do not
/// know that. The root of a user namespace may not write the attributes that overlays usually have.
const OVERLAYS: [&CStr; 4] = [
    c"lowerdir=lower,upperdir=upper,workdir=work,volatile",
    c"lowerdir=lower,upperdir=upper,workdir=work",
    c"lowerdir=lower,upperdir=upper,workdir=work,userxattr,volatile",
    c"lowerdir=lower,upperdir=upper,workdir=work,userxattr",
];

/// Takes this process into a namespace of its own for mounts, none of which anybody else sees.
pub(super) fn own_mounts() -> io::Result<()> {
    #[expect(
        deprecated,
        reason = "what makes it unsafe, unsharing the table of files, is not asked for"
    )]
    rustix::thread::unshare(UnshareFlags::NEWNS)?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    Ok(mount_change("/", private)?)
}

/// Takes the second version of cgroups out of this process's mounts: crun refuses to work beside it where it has controllers.
pub(super) fn hide_unified() -> io::Result<()> {
    match unmount(UNIFIED, UnmountFlags::DETACH) {
        Ok(()) => return Ok(()),
        Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    // It is not mounted by itself, or a user namespace may not take it away; something may be mounted over it.
    if Path::new(UNIFIED).join("cgroup.controllers").exists() {
        mount("tmpfs", UNIFIED, "tmpfs", MountFlags::RDONLY, None)?;
    }
    Ok(())
}

/// Mounts the image of the session in this directory with a layer for what the session writes; where that cannot be had, copies
/// it.
pub(super) fn make_root(in_user_namespace: bool) -> io::Result<()> {
    let (of_root, of_users) = OVERLAYS.split_at(OVERLAYS.len() / 2);
    let ways = if in_user_namespace { of_users } else { of_root };
    let mut refused = io::Error::from(Errno::INVAL);
    for options in ways {
        match mount(
            "overlay",
            "merged",
            "overlay",
            MountFlags::empty(),
            *options,
        ) {
            Ok(()) => return Ok(()),
            Err(error) => refused = error.into(),
        }
    }
    let copied = Command::new("cp")
        .args(["-a", "--reflink=auto", "--", "lower/.", "merged"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log()?)
        .status();
    if copied.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let reason = last_words();
    let text =
        format!("no overlay could be mounted: {refused}; copying the image failed: {reason}");
    Err(io::Error::other(text))
}
