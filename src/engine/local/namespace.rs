//! A network of a process's own, with nothing in it but loopback.

use std::fs;
use std::io;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socket};
use rustix::process::{getgid, getuid};
use rustix::thread::UnshareFlags;

/// Sets attributes of an interface, in the kernel's protocol for networks.
const SET_LINK: u16 = 16;
/// The message is a request, and an answer is wanted.
const REQUEST_WITH_ANSWER: u16 = 1 | 4;
/// The kind of an answer.
const ANSWER: u16 = 2;
/// The interface is up.
const UP: u32 = 1;
/// Loopback is the first interface of every network.
const LOOPBACK: i32 = 1;

/// Takes this process, and what it starts from now on, out of the network. It must have one thread only.
///
/// Without the right to make a network it makes a user namespace first, in which it has that right and stays who it is.
///
/// # Errors
/// The system's error where neither is allowed; nothing has changed then.
pub(super) fn leave_network() -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    match unshare(UnshareFlags::NEWNET) {
        Ok(()) => {}
        Err(refused) => {
            unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET).map_err(|_| refused)?;
            // In this order: only who cannot change their groups may say which ones they have.
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
            fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        }
    }
    start_loopback()
}

#[expect(
    deprecated,
    reason = "what makes it unsafe, unsharing the table of files, is not asked for"
)]
fn unshare(what: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(what)?)
}

/// Programs talk to themselves over loopback; in a new network it is down.
fn start_loopback() -> io::Result<()> {
    // The first protocol of this family, the one for interfaces and routes, has the number 0.
    let kernel = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    let mut message = Vec::new();
    message.extend(32_u32.to_ne_bytes());
    message.extend(SET_LINK.to_ne_bytes());
    message.extend(REQUEST_WITH_ANSWER.to_ne_bytes());
    // Number of the message, and its sender: the kernel fills that in.
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    // Any family and kind of interface.
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    // Which of the flags to change.
    message.extend(UP.to_ne_bytes());
    send(&kernel, &message, SendFlags::empty())?;
    let mut answer = [0_u8; 256];
    let (length, _) = recv(&kernel, &mut answer, RecvFlags::empty())?;
    let answer = &answer[..length.min(256)];
    let kind = answer.get(4..6).map(|bytes| [bytes[0], bytes[1]]);
    let code = answer.get(16..20).and_then(|bytes| bytes.try_into().ok());
    match (kind.map(u16::from_ne_bytes), code.map(i32::from_ne_bytes)) {
        (Some(ANSWER), Some(0)) => Ok(()),
        (Some(ANSWER), Some(code)) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        _ => Err(io::Error::other("the kernel did not start loopback")),
    }
}
