use std::fs;

use rustix::net::sockopt::set_tcp_nodelay;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Makes the connections of this process send at once what is written to them.
///
/// libgit2 writes the head and the body of a request one after the other. Unless told otherwise the kernel holds
/// the body back until the server has acknowledged the head, and the server takes its time for that, because it
/// waits for the body: up to 40 ms for each of the two requests of a fetch, besides the way there and back. git
/// itself asks not to have that; libgit2 neither asks nor gives its socket to anyone. So the sockets are looked up
/// among the files of this process. On any other connection than libgit2's the option does no harm. Without it the fetch
/// of one tag took 292 ms instead of 205 ms, and git 239 ms.
///
/// Where the system does not allow it (Linux before 5.6, a strict sandbox) everything works, only slower.
pub(super) fn send_at_once() {
    let Ok(process) = pidfd_open(getpid(), PidfdFlags::empty()) else {
        return;
    };
    let Ok(files) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    for file in files.flatten() {
        let number = file.file_name().to_str().and_then(|name| name.parse().ok());
        let socket = fs::read_link(file.path())
            .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        // A copy, as a number alone gives no right to a file. Its owner may have closed it meanwhile: then there is
        // nothing to do, and neither is there where the socket is none of TCP's.
        if let (true, Some(number)) = (socket, number)
            && let Ok(copy) = pidfd_getfd(&process, number, PidfdGetfdFlags::empty())
        {
            let _ = set_tcp_nodelay(&copy, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::send_at_once;

    #[test]
    fn a_connection_that_is_open_sends_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!connection.nodelay().unwrap());
        send_at_once();
        assert!(connection.nodelay().unwrap());
    }
}
