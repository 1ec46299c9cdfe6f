//! The command under test as it runs on another kernel: one for which uname(2) answers with another release.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::command::{Finished, Workplace};
use super::preflight::installed;

/// The kernel of `CentOS` 7, which leaks.
pub const CENTOS_7: &str = "3.10.0-1160.el7.x86_64";

impl Workplace {
    /// Runs the command to its end, on a kernel of that release.
    pub fn run_on_kernel(&self, release: &str, arguments: &[&str]) -> Finished {
        let output = self.on_kernel(release, arguments).output();
        output.expect("the command starts").into()
    }

    /// The command on a kernel of that release, as a line of a shell.
    pub fn line_on_kernel(release: &str, arguments: &[&str]) -> String {
        Self::line_on_kernel_after(release, &[], arguments)
    }

    /// The same, where the command is started by the words `before` it.
    pub fn line_on_kernel_after(release: &str, before: &[&str], arguments: &[&str]) -> String {
        let wrapper = wrapper().to_string_lossy();
        let words = [&wrapper, release]
            .into_iter()
            .chain(before.iter().copied());
        let words = words.chain([env!("CARGO_BIN_EXE_kmembuild")]);
        shlex::try_join(words.chain(arguments.iter().copied())).expect("words")
    }

    /// The command on a kernel of that release, not started.
    pub fn on_kernel(&self, release: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(wrapper());
        command.arg(release).arg(env!("CARGO_BIN_EXE_kmembuild"));
        self.set_up(command, arguments)
    }
}

/// The program that stands between the command and the kernel, compiled once.
fn wrapper() -> &'static Path {
    static WRAPPER: OnceLock<PathBuf> = OnceLock::new();
    WRAPPER.get_or_init(|| {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/support/kernel_release.c"
        );
        let folder = tempfile::Builder::new()
            .prefix("kernel-release-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a temporary folder")
            .keep();
        let path = folder.join("kernel_release");
        let compiled = installed("cc")
            .arg("-O")
            .arg("-o")
            .args([&path, Path::new(source)])
            .status();
        assert!(compiled.expect("a C compiler").success());
        path
    })
}
