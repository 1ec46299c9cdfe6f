//! The certificate authority of a cluster, and the files by which its programs and users know the API server.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::namespaces::written;
use crate::support::preflight::installed;

const KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
];

/// An authority, in a folder that has its certificates and keys: `NAME.crt` and `NAME.key` each.
pub struct Authority {
    folder: PathBuf,
    server: String,
}

impl Authority {
    /// Makes one for an API server at `address`, with the key that service accounts' tokens are signed by.
    pub fn make(folder: &Path, address: &str) -> Self {
        fs::create_dir(folder).expect("a folder");
        // The system's would make an authority of everybody.
        fs::write(
            folder.join("openssl.cnf"),
            "[req]\ndistinguished_name = name\n[name]\n",
        )
        .expect("a written file");
        let authority = Self {
            folder: folder.to_owned(),
            server: format!("https://{address}:6443"),
        };
        let subject = [
            "-subj",
            "/CN=test-authority",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
        ];
        authority.openssl("ca", &[&["req", "-x509"], &KEY[..], &subject].concat());
        let subject = ["-subj", "/CN=service-accounts"];
        authority.openssl(
            "accounts",
            &[&["req", "-x509"], &KEY[..], &subject].concat(),
        );
        let names = format!(
            "subjectAltName=IP:{address},IP:127.0.0.1,IP:10.96.0.1,DNS:kubernetes.default.svc"
        );
        authority.certify("apiserver", "/CN=kube-apiserver", &names);
        authority
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Certifies that who has the key of this name is `subject`.
    pub fn certify(&self, name: &str, subject: &str, extension: &str) {
        let (certificate, key) = (self.file("ca.crt"), self.file("ca.key"));
        let by = ["-CA", &certificate, "-CAkey", &key, "-subj", subject];
        let uses = [
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            "extendedKeyUsage=serverAuth,clientAuth",
            "-addext",
            extension,
        ];
        self.openssl(name, &[&["req", "-x509"], &KEY[..], &by, &uses].concat());
    }

    /// Writes the configuration by which `subject` uses the API, and gives its path.
    pub fn configure(&self, name: &str, subject: &str) -> PathBuf {
        self.certify(name, subject, "keyUsage=digitalSignature");
        let data =
            |file: String| STANDARD.encode(fs::read(self.file(&file)).expect("a written file"));
        let configuration = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": self.server,
                "certificate-authority-data": data("ca.crt".to_owned()),
            }}],
            "users": [{"name": name, "user": {
                "client-certificate-data": data(format!("{name}.crt")),
                "client-key-data": data(format!("{name}.key")),
            }}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name, "namespace": "default"}}],
            "current-context": "test",
        });
        let path = self.folder.join(name).with_extension("kubeconfig");
        fs::write(&path, configuration.to_string()).expect("a written file");
        path
    }

    fn openssl(&self, name: &str, arguments: &[&str]) {
        let (certificate, key) = (
            self.file(&format!("{name}.crt")),
            self.file(&format!("{name}.key")),
        );
        let files = ["-out", &certificate, "-keyout", &key, "-days", "30"];
        let output = installed("openssl").args(arguments).args(files).output();
        written("openssl", arguments, &output.expect("openssl starts"));
    }
}
