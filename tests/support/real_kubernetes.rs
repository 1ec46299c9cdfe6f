//! The real Kubernetes 1.20.2, out of Debian's source package, on a git server.

use std::process::Command;

use super::git_server::GitServer;
use super::toolchain_image::alone;

/// Its tag.
pub const TAG: &str = "v1.20.2";

/// The server, until dropped. The repository stays for the next run of the tests.
pub struct RealKubernetes {
    server: GitServer,
}

impl RealKubernetes {
    /// Gets and imports the source when that was not done before, and serves it.
    pub fn serve() -> Self {
        let _alone = alone("kubernetes-source");
        let folder = std::env::temp_dir().join("kmembuild-test-kubernetes");
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/support/import-kubernetes"
        );
        let status = Command::new(script).arg(&folder).status();
        assert!(status.expect("the script starts").success());
        Self {
            server: GitServer::start(&folder.join("served")),
        }
    }

    /// URL of the repository.
    pub fn url(&self) -> String {
        self.server.url("kubernetes.git")
    }
}
