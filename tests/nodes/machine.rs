//! A machine that runs.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::image::Image;
use super::monitor::Monitor;
use crate::support::command::Finished;
use crate::support::preflight::installed;

/// How often something is looked at that tells nobody of its change.
const LOOK: Duration = Duration::from_millis(100);
/// What all machines are, and what a saved state fits. KVM is not asked for: a kernel may have one that runs no machine.
pub const HARDWARE: [&str; 22] = [
    "-machine",
    "pc-q35-7.2",
    "-accel",
    "tcg,thread=multi,tb-size=256",
    "-cpu",
    "qemu64",
    "-smp",
    "1",
    "-m",
    "1024",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-device",
    "virtio-net-pci,netdev=network,romfile=",
    "-object",
    "rng-random,id=random,filename=/dev/urandom",
    "-device",
    "virtio-rng-pci,rng=random",
    "-device",
    "virtio-scsi-pci,id=further",
];
/// Version 1 of cgroups, as on the nodes that leak.
const KERNEL: &str = "console=ttyS0 root=/dev/vda rw quiet panic=-1 mitigations=off nokaslr net.ifnames=0 \
                      systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1";

/// A machine. It ends when this is dropped, and when this process or the thread that started it ends, however that happens.
pub struct Machine {
    folder: TempDir,
    disk: PathBuf,
    port: u16,
    process: Child,
    monitor: Monitor,
    key: PathBuf,
    boots: u32,
}

/// What a machine does that is told to reboot.
#[derive(Clone, Copy)]
pub enum Reboot {
    /// It shuts down. Its test starts it again.
    Stops,
    /// It starts again by itself.
    Restarts,
}

impl Machine {
    /// One that has just started with all its services, on a disk of its own.
    pub fn ready() -> Self {
        Self::ready_to(Reboot::Stops)
    }

    /// The same, of which it is said what it does on a reboot.
    pub fn ready_to(reboot: Reboot) -> Self {
        let image = Image::get();
        let folder = tempfile::tempdir().expect("a folder");
        let disk = super::disk::over(&image.disk(), "qcow2", &folder.path().join("disk"));
        let state = format!("exec:cat '{}'", image.state().display());
        let mut further = vec!["-incoming", &state];
        if let Reboot::Restarts = reboot {
            further.extend(["-action", "reboot=reset"]);
        }
        let mut machine = Self::start(image, folder, disk, &further);
        machine.monitor.go_on();
        machine.wait_for_login();
        machine
    }

    /// One that boots from a disk, which it writes to.
    pub fn boot(image: &Image, disk: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut machine = Self::start(image, folder, disk, &[]);
        machine.wait_for_login();
        machine
    }

    fn start(image: &Image, folder: TempDir, disk: PathBuf, further: &[&str]) -> Self {
        let port = free_port();
        let (process, monitor) = run(image, folder.path(), &disk, port, further);
        Self {
            folder,
            disk,
            port,
            process,
            monitor,
            key: image.key(),
            boots: 0,
        }
    }

    /// Cuts its power, and starts it again. What its kernel had not given to the disk is lost.
    pub fn cut_power(&mut self) {
        self.end();
        self.start_again();
    }

    /// Has it reboot by itself, and waits until it is there again.
    pub fn reboot(&mut self) {
        self.on("systemctl reboot").code(0);
        self.come_back();
    }

    /// Waits until it has shut down, and starts it again. A reboot ends its QEMU.
    pub fn come_back(&mut self) {
        self.process.wait().expect("its end");
        self.start_again();
    }

    fn start_again(&mut self) {
        self.boots += 1;
        let image = Image::get();
        (self.process, self.monitor) = run(image, self.folder.path(), &self.disk, self.port, &[]);
        self.wait_for_login();
    }

    fn end(&mut self) {
        // This is SIGKILL.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Runs a script of the shell on it.
    pub fn on(&self, script: &str) -> Finished {
        let output = self.ssh().arg(script).stdin(Stdio::null()).output();
        output.expect("ssh starts").into()
    }

    /// The same; it must end well. What it printed.
    #[track_caller]
    pub fn well(&self, script: &str) -> String {
        self.on(script).code(0).stdout
    }

    /// Writes a file on it that root may execute, and that a power failure leaves there.
    #[track_caller]
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let mut ssh = self
            .ssh()
            .arg(format!(
                "mkdir -p \"$(dirname {path})\" && cat >{path} && chmod 755 {path} && sync"
            ))
            .stdin(Stdio::piped())
            .spawn()
            .expect("ssh starts");
        let mut pipe = ssh.stdin.take().expect("a pipe");
        pipe.write_all(bytes).expect("it is read");
        drop(pipe);
        assert!(ssh.wait().expect("ssh ends").success());
    }

    /// Starts a script of the shell on it, which goes on by itself.
    pub fn start_on(&self, script: &str) -> Child {
        let ssh = self
            .ssh()
            .arg(script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        ssh.expect("ssh starts")
    }

    /// What `ssh` needs to know of it.
    pub fn client(&self) -> String {
        let at = |name: &str| self.key.with_file_name(name).display().to_string();
        format!(
            "  HostName 127.0.0.1\n  Port {}\n  User root\n  IdentitiesOnly yes\n  IdentityFile {}\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile none\n  HostKeyAlias node\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n",
            self.port,
            self.key.display(),
            at("known_hosts"),
        )
    }

    /// A connection stays for the next command until the machine ends.
    fn ssh(&self) -> Command {
        let config = self.folder.path().join("ssh_config");
        fs::write(&config, format!("Host node\n{}", self.client())).expect("written");
        let path = self.folder.path().join(format!("ssh{}", self.boots));
        let mut ssh = installed("ssh");
        ssh.arg("-F").arg(config).arg("-S").arg(path);
        ssh.args([
            "-o",
            "ControlMaster=auto",
            "-o",
            "ControlPersist=yes",
            "node",
        ]);
        ssh
    }

    fn wait_for_login(&mut self) {
        while self.on("true").code != Some(0) {
            if let Some(ended) = self.process.try_wait().expect("a process") {
                panic!("the machine ended, {ended}:\n{}", self.console());
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until all its services have started or failed.
    pub fn wait_for_services(&self) {
        // Its code says whether one of them failed.
        self.on("systemctl is-system-running --wait");
    }

    /// What its kernel printed.
    pub fn console(&self) -> String {
        let bytes = fs::read(self.folder.path().join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The second serial port, for a script on it at `/dev/ttyS1`.
    pub fn port(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("port")).expect("a port")
    }

    /// What QEMU is told.
    pub fn monitor(&mut self) -> &mut Monitor {
        &mut self.monitor
    }

    /// Keeps its disk as it is now, which is what a power failure would leave. It writes to a new layer from now on.
    pub fn keep_disk(&mut self, layer: PathBuf) -> PathBuf {
        let snapshot = json!({"device": "disk", "snapshot-file": layer, "format": "qcow2"});
        self.monitor.say("stop", &json!({}));
        self.monitor.say("blockdev-snapshot-sync", &snapshot);
        self.monitor.say("cont", &json!({}));
        std::mem::replace(&mut self.disk, layer)
    }

    /// Ends it. Its disk.
    pub fn into_disk(mut self) -> (PathBuf, TempDir) {
        self.end();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (self.disk.clone(), folder)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(image: &Image, folder: &Path, disk: &Path, port: u16, further: &[&str]) -> (Child, Monitor) {
    let at = |name: &str| folder.join(name).display().to_string();
    let socket = folder.join("monitor");
    let _ = fs::remove_file(&socket);
    let mut process = installed("setpriv")
        .args(["--pdeathsig", "KILL", "qemu-system-x86_64"])
        .args(HARDWARE)
        .args(["-action", "reboot=shutdown"])
        .args(["-append", KERNEL, "-kernel"])
        .arg(image.at("vmlinuz"))
        .arg("-initrd")
        .arg(image.at("initrd"))
        .args([
            "-drive",
            &format!("id=disk,file={},format=qcow2,if=virtio", disk.display()),
            "-netdev",
            &format!("user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
            "-serial",
            &format!("file:{}", at("console")),
            "-serial",
            &format!("unix:{},server=on,wait=off", at("port")),
            "-qmp",
            &format!("unix:{},server=on,wait=off", at("monitor")),
        ])
        .args(further)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(at("qemu.log")).expect("a log"))
        .spawn()
        .expect("QEMU starts");
    loop {
        if let Ok(stream) = UnixStream::connect(&socket) {
            return (process, Monitor::of(stream));
        }
        if let Some(ended) = process.try_wait().expect("a process") {
            let log = fs::read_to_string(at("qemu.log")).unwrap_or_default();
            panic!("QEMU ended, {ended}: {log}");
        }
        thread::sleep(LOOK);
    }
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
