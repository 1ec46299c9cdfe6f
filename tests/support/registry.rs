//! Registries on this machine: a real one, and one that never answers.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::docker_command::{docker, docker_succeeds};
use super::https_front;
use super::preflight::installed;

/// Debian's `docker-registry` on a port of its own; ends when dropped.
pub struct Registry {
    /// Host and port, as they begin an image's name.
    pub address: String,
    process: Child,
    /// Of a registry that starts empty; removed with it.
    storage: Option<tempfile::TempDir>,
}

/// Who may use a registry, and how.
enum Door<'a> {
    /// Everybody.
    Open,
    /// Everybody, with TLS.
    Tls,
    /// A user with a password.
    Password(&'a str, &'a str),
    /// Who has a token of the server, signed for the certificate.
    Tokens(&'a str, &'a Path),
}

impl Registry {
    /// An empty registry that everybody may use.
    pub fn start() -> Self {
        Self::start_with(&Door::Open)
    }

    /// A registry that everybody may use, with what earlier ones in the same folder were given.
    pub fn start_in(folder: &Path) -> Self {
        Self::start_at(folder, &Door::Open)
    }

    /// An empty registry for one user.
    pub fn start_for(user: &str, password: &str) -> Self {
        Self::start_with(&Door::Password(user, password))
    }

    /// An empty registry with TLS, by the certificate of [`super::https_front`].
    pub fn start_with_tls() -> Self {
        Self::start_with(&Door::Tls)
    }

    /// An empty registry that wants tokens of the server at `realm`, signed for the certificate `root`.
    pub fn start_with_tokens(realm: &str, root: &Path) -> Self {
        Self::start_with(&Door::Tokens(realm, root))
    }

    fn start_with(door: &Door<'_>) -> Self {
        let storage = tempfile::tempdir().unwrap();
        let mut registry = Self::start_at(storage.path(), door);
        registry.storage = Some(storage);
        registry
    }

    fn start_at(storage: &Path, door: &Door<'_>) -> Self {
        // Another test may have taken the port before the registry did.
        let started = (0..10).find_map(|_| Self::try_to_start(storage, door));
        started.expect("docker-registry ends at once, on any port")
    }

    /// `None` if the registry ended before it listened.
    fn try_to_start(storage: &Path, door: &Door<'_>) -> Option<Self> {
        let address = free_address();
        let (mut tls, mut auth) = (String::new(), String::new());
        match door {
            Door::Open => {}
            Door::Tls => {
                let (certificate, key) = (https_front::certificate(), https_front::key());
                let (certificate, key) = (certificate.display(), key.display());
                tls = format!(", tls: {{certificate: {certificate}, key: {key}}}");
            }
            Door::Password(user, password) => {
                let file = storage.join("htpasswd");
                fs::write(&file, format!("{user}:{}\n", bcrypt(password))).unwrap();
                let file = file.display();
                auth = format!("auth: {{htpasswd: {{realm: test, path: {file}}}}}\n");
            }
            Door::Tokens(realm, root) => {
                let root = root.display();
                auth = format!(
                    "auth: {{token: {{realm: '{realm}', service: test, issuer: test, rootcertbundle: {root}}}}}\n"
                );
            }
        }
        let data = storage.join("data");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{address}'{tls}}}\n{auth}",
            data.display()
        );
        let file = storage.join("config.yml");
        fs::write(&file, config).unwrap();
        let process = installed("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry starts");
        let mut registry = Self {
            address,
            process,
            storage: None,
        };
        while !registry.listens() {
            if registry.process.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    /// Whether it is this process that listens on the port, and no other one that was faster.
    fn listens(&self) -> bool {
        let (_, port) = self.address.rsplit_once(':').expect("a port");
        let port = format!(":{:04X}", port.parse::<u16>().expect("a port"));
        let sockets = fs::read_to_string("/proc/net/tcp").expect("sockets");
        let listening = sockets.lines().filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let is_it = words.get(1)?.ends_with(&port) && *words.get(3)? == "0A";
            is_it.then(|| format!("socket:[{}]", words[9]))
        });
        let listening: Vec<_> = listening.collect();
        let open = fs::read_dir(format!("/proc/{}/fd", self.process.id()));
        let open = open.into_iter().flatten().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|link| {
                listening
                    .iter()
                    .any(|socket| link.as_os_str() == socket.as_str())
            })
    }

    /// Puts the engine's `image` into the registry as `name` (with tag). Returns the whole reference; on the engine
    /// that name is gone again.
    pub fn push(&self, image: &str, name: &str) -> String {
        let reference = format!("{}/{name}", self.address);
        docker(&["tag", image, &reference]);
        docker(&["push", "--quiet", &reference]);
        docker(&["rmi", &reference]);
        reference
    }

    /// As [`Registry::push`], with the credentials in the docker configuration folder `config`.
    pub fn push_as(&self, config: &str, image: &str, name: &str) -> String {
        let reference = format!("{}/{name}", self.address);
        docker(&["tag", image, &reference]);
        docker(&["--config", config, "push", "--quiet", &reference]);
        docker(&["rmi", &reference]);
        reference
    }

    /// Ends it; its address is free again.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Takes away a name on the engine when dropped.
pub struct Pulled(pub String);

impl Drop for Pulled {
    fn drop(&mut self) {
        docker_succeeds(&["rmi", &self.0]);
    }
}

/// Accepts connections and never says a word.
pub struct SilentRegistry {
    /// Host and port.
    pub address: String,
}

impl SilentRegistry {
    /// Starts to listen, until the test process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let connections: Vec<_> = listener.incoming().collect();
            drop(connections);
        });
        Self { address }
    }
}

/// An address of this machine where nobody listens.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// `password` as a htpasswd file holds it; perl has the system's crypt.
fn bcrypt(password: &str) -> String {
    let output = installed("perl")
        .args([
            "-e",
            "print crypt($ARGV[0], '$2b$05$abcdefghijklmnopqrstuu')",
        ])
        .arg(password)
        .output()
        .expect("perl starts");
    let hash = String::from_utf8(output.stdout).unwrap();
    // Go's bcrypt, which the registry uses, wants the 2y mark that htpasswd writes.
    hash.replacen("$2b$", "$2y$", 1)
}

/// `text` in base64, by the system's tool.
pub fn base64(text: &str) -> String {
    let output = installed("perl")
        .args(["-MMIME::Base64", "-e", "print encode_base64($ARGV[0], '')"])
        .arg(text)
        .output()
        .expect("perl starts");
    String::from_utf8(output.stdout).unwrap()
}
