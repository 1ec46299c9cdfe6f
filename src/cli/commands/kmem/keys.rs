//! The key that ends a watch.

use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp,
    tcsetattr,
};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the watch is over.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// No character stands for it: the value of `_POSIX_VDISABLE`.
const NO_CHARACTER: u8 = 0;

/// A terminal on standard input whose keys are read one by one. Dropping it restores the terminal.
pub(super) struct Keys {
    before: Termios,
    over: CancellationToken,
}

impl Keys {
    /// Cancels `stop` when q is pressed. `None` where standard input cannot be used so, e.g. of a process in the
    /// background, which would be stopped by it.
    pub(super) fn listen(stop: &CancellationToken) -> Option<Self> {
        if !is_in_front() {
            return None;
        }
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        let mut changed = before.clone();
        // Ctrl-C stays a signal.
        changed
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO);
        changed.special_codes[SpecialCodeIndex::VMIN] = 1;
        changed.special_codes[SpecialCodeIndex::VTIME] = 0;
        // The keys that stop or kill a process would leave the terminal with the chart and without an echo; the one that
        // stops its output would stop the measurements.
        changed.input_modes.remove(InputModes::IXON);
        for key in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
            changed.special_codes[key] = NO_CHARACTER;
        }
        tcsetattr(&stdin, OptionalActions::Now, &changed).ok()?;
        let keys = Self {
            before,
            over: stop.child_token(),
        };
        let (stop, over) = (stop.clone(), keys.over.clone());
        let listening = thread::Builder::new().spawn(move || cancel_at_q(&stop, &over));
        listening.ok().map(|_| keys)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.cancel();
        if is_in_front() {
            // A terminal that is gone needs no care. What was typed meanwhile was not meant for the shell.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
        }
    }
}

/// Whether this process may read from its terminal and change it.
fn is_in_front() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

/// Reads until the watch is over. Never waits in a read: nothing would end that.
fn cancel_at_q(stop: &CancellationToken, over: &CancellationToken) {
    let stdin = io::stdin();
    while !over.is_cancelled() {
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut waiting, Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) if !waiting[0].revents().contains(PollFlags::IN) => return,
            Ok(_) => {}
            Err(_) => return,
        }
        if !is_in_front() {
            thread::sleep(std::time::Duration::from_millis(100));
            continue;
        }
        let mut keys = [0; 64];
        match rustix::io::read(&stdin, &mut keys) {
            Ok(count) if keys[..count].iter().any(|key| b"qQ".contains(key)) => stop.cancel(),
            Ok(0) => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}
