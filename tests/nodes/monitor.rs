//! What a machine's QEMU is told while it runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How often something is looked at that tells nobody of its change.
const LOOK: Duration = Duration::from_millis(50);

/// A connection to the monitor of a QEMU.
pub struct Monitor {
    lines: BufReader<UnixStream>,
}

impl Monitor {
    /// Connects to it.
    pub fn of(stream: UnixStream) -> Self {
        let mut monitor = Self {
            lines: BufReader::new(stream),
        };
        monitor.line();
        monitor.say("qmp_capabilities", &json!({}));
        monitor
    }

    /// Has a command carried out; its answer.
    #[track_caller]
    pub fn say(&mut self, command: &str, arguments: &Value) -> Value {
        match self.ask(command, arguments) {
            Ok(answer) => answer,
            Err(error) => panic!("{command} {arguments}: {error}"),
        }
    }

    /// Has a command carried out that may be refused; its answer.
    fn ask(&mut self, command: &str, arguments: &Value) -> Result<Value, Value> {
        let order = json!({"execute": command, "arguments": arguments});
        let stream = self.lines.get_mut();
        writeln!(stream, "{order}").expect("the monitor listens");
        loop {
            let mut answer = self.line();
            // Between them, it tells what happens.
            if answer.get("error").is_some() {
                return Err(answer["error"].take());
            }
            if answer.get("return").is_some() {
                return Ok(answer["return"].take());
            }
        }
    }

    /// Plugs a disk in; `name` is for taking it out.
    pub fn plug_in(&mut self, name: &str, disk: &Path) {
        let file = json!({"driver": "file", "filename": disk});
        let node = json!({"driver": "qcow2", "node-name": name, "file": file});
        self.say("blockdev-add", &node);
        let device = json!({"driver": "scsi-hd", "bus": "further.0", "drive": name, "id": format!("{name}-device")});
        self.say("device_add", &device);
    }

    /// Takes it out, when the machine has given it up.
    pub fn take_out(&mut self, name: &str) {
        self.say("device_del", &json!({"id": format!("{name}-device")}));
        while self
            .ask("blockdev-del", &json!({"node-name": name}))
            .is_err()
        {
            thread::sleep(LOOK);
        }
    }

    /// Goes on with the machine, once a saved state has arrived.
    pub fn go_on(&mut self) {
        while self.say("query-status", &json!({}))["status"] == "inmigrate" {
            thread::sleep(LOOK);
        }
        self.say("cont", &json!({}));
    }

    /// Stops the machine for good and writes its state to a file.
    pub fn save(&mut self, to: &Path) {
        self.say("stop", &json!({}));
        let uri = format!("exec:cat >'{}'", to.display());
        // Nobody waits for the machine, so nothing limits how fast it is written.
        self.say(
            "migrate-set-parameters",
            &json!({"max-bandwidth": 1_u64 << 40}),
        );
        self.say("migrate", &json!({"uri": uri}));
        loop {
            let state = self.say("query-migrate", &json!({}));
            match state["status"].as_str() {
                Some("completed") => return,
                Some("failed" | "cancelled") => panic!("the state of the machine: {state}"),
                _ => thread::sleep(LOOK),
            }
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the monitor talks");
        assert!(!line.is_empty(), "the machine has ended");
        serde_json::from_str(&line).expect("JSON")
    }
}
