//! The environment of the process, read once and passed on as a value.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use hyper_util::client::proxy::matcher::Matcher;

/// The environment variables that the tool reads, with their meanings, in Markdown: for help, manual and documentation.
pub const VARIABLES: [(&str, &str); 34] = [
    (
        "KMEMBUILD_CACHE_DIR",
        "directory of sources, results and locks; by default `kmembuild` in `XDG_CACHE_HOME` or `~/.cache`",
    ),
    (
        "KMEMBUILD_CONFIG_DIR",
        "directory of `config.yaml` and your own recipes; by default `kmembuild` in `XDG_CONFIG_HOME` or `~/.config`",
    ),
    (
        "KMEMBUILD_ENGINE",
        "engine that builds, where `--engine` is not given: `auto`, `docker`, `runtime`, `local` or `kubernetes`",
    ),
    (
        "KMEMBUILD_IMAGE_IDENTITY",
        "digest of this container's image for `--engine local`, where `--image-identity` is not given",
    ),
    ("XDG_CACHE_HOME", "see `KMEMBUILD_CACHE_DIR`"),
    ("XDG_CONFIG_HOME", "see `KMEMBUILD_CONFIG_DIR`"),
    ("HOME", "the home directory, for the defaults of the others"),
    ("PATH", "where programs are looked for"),
    (
        "GOROOT",
        "with `--engine local` the steps have it, as they have `PATH`; so it is with `GOPATH`, `GOTOOLCHAIN`, `LANG`, `LC_ALL` and `TZ`",
    ),
    ("TMPDIR", "directory for temporary files; by default `/tmp`"),
    (
        "DOCKER_HOST",
        "address of the container engine, where `--host` is not given",
    ),
    (
        "DOCKER_CONTEXT",
        "context of the docker command, where neither `--host` nor `DOCKER_HOST` is given",
    ),
    (
        "DOCKER_TLS_VERIFY",
        "not empty: the engine has to prove itself by TLS",
    ),
    (
        "DOCKER_CERT_PATH",
        "directory of `ca.pem`, `cert.pem` and `key.pem` for the engine",
    ),
    (
        "DOCKER_CONFIG",
        "directory of Docker's `config.json` with credentials and contexts; by default `~/.docker`",
    ),
    (
        "DOCKER_AUTH_CONFIG",
        "credentials of registries, as in Docker's `config.json`",
    ),
    (
        "KUBECONFIG",
        "files with the cluster of `--engine kubernetes`, as kubectl reads them; by default `~/.kube/config`, and inside a cluster that cluster",
    ),
    ("http_proxy", "proxy for HTTP; also `HTTP_PROXY`"),
    ("https_proxy", "proxy for HTTPS; also `HTTPS_PROXY`"),
    ("all_proxy", "proxy for both; also `ALL_PROXY`"),
    (
        "no_proxy",
        "hosts, domains and networks that are reached without a proxy; also `NO_PROXY`",
    ),
    (
        "GIT_SSH_COMMAND",
        "how git uses SSH; otherwise without questions",
    ),
    (
        "CI",
        "set, and neither `false` nor `0`: `release` requires the lock file",
    ),
    (
        "GITHUB_ACTIONS",
        "`true`: failures are shown as annotations, and `GITHUB_STEP_SUMMARY` is the file for the summary",
    ),
    (
        "CI_JOB_IMAGE",
        "image of a job on GitLab; where it ends with a digest, that is the one for `--engine local`",
    ),
    (
        "CI_NODE_INDEX",
        "number of a job among those of GitLab's `parallel`; `release --partition ci` makes that part",
    ),
    ("CI_NODE_TOTAL", "how many such jobs there are"),
    (
        "KUBERNETES_SERVICE_HOST",
        "set: this is a container, in which `--engine auto` can build",
    ),
    (
        "container",
        "set, as by podman and systemd: this is a container",
    ),
    (
        "TERM",
        "`dumb`: progress is shown in plain lines and without colours",
    ),
    (
        "NO_COLOR",
        "not empty: no colours, where `--color` is not given",
    ),
    (
        "CLICOLOR_FORCE",
        "not empty and not `0`: colours also in files and pipes, where neither `--color` nor `NO_COLOR` is given",
    ),
    (
        "COLUMNS",
        "width of tables and messages in characters, where a terminal does not tell its own",
    ),
    (
        "LC_ALL",
        "the locale; otherwise `LC_CTYPE`, otherwise `LANG`: where it is not one of UTF-8, only ASCII characters are drawn",
    ),
];

/// The variables by which a container's toolchain is found; no secret of a job is among them.
const TOOLCHAIN: [&str; 7] = [
    "PATH",
    "GOROOT",
    "GOPATH",
    "GOTOOLCHAIN",
    "LANG",
    "LC_ALL",
    "TZ",
];

/// Environment variables, directories and the terminal.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each describes something else"
)]
pub struct Environment {
    /// Command line, including the program's name.
    pub arguments: Vec<OsString>,
    /// Working directory.
    pub current_dir: PathBuf,
    /// Directory for what can be fetched or made again.
    pub cache_dir: PathBuf,
    /// Directory of the user's configuration.
    pub config_dir: PathBuf,
    /// The user's Docker configuration, which contains the credentials of registries.
    pub docker_config: Option<PathBuf>,
    /// `DOCKER_AUTH_CONFIG`, which contains credentials too.
    pub docker_auth_config: Option<Secret>,
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_TLS_VERIFY` is set and not empty.
    pub docker_tls_verify: bool,
    /// `DOCKER_CERT_PATH`.
    pub docker_cert_path: Option<PathBuf>,
    /// Files with clusters, users and contexts: those of `KUBECONFIG`, or the one at home if it exists.
    pub kubeconfig: Vec<PathBuf>,
    /// The user's proxies.
    pub proxies: Proxies,
    /// `KMEMBUILD_ENGINE`.
    pub engine: Option<String>,
    /// `KMEMBUILD_IMAGE_IDENTITY`.
    pub image_identity: Option<String>,
    /// Image of the job on GitLab: `CI_JOB_IMAGE`.
    pub job_image: Option<String>,
    /// Which of how many a job on GitLab is, `2/5`: `CI_NODE_INDEX` and `CI_NODE_TOTAL`.
    pub job_part: Option<String>,
    /// Whether this process runs in a container, as far as its files and its environment say so.
    pub in_container: bool,
    /// The variables by which a container's toolchain is found.
    pub toolchain: BTreeMap<String, String>,
    /// Directories to look for programs in: `PATH`.
    pub search_path: Vec<PathBuf>,
    /// Whether a CI system runs this process: `CI` is set, and not to `false` or `0`.
    pub ci: bool,
    /// Whether the CI system is GitHub Actions: `GITHUB_ACTIONS` is `true`.
    pub github: bool,
    /// File for a summary of the job on GitHub: `GITHUB_STEP_SUMMARY`.
    pub github_summary: Option<PathBuf>,
    /// Whether standard error is a terminal.
    pub error_terminal: bool,
    /// Whether standard error is a terminal that can show progress bars.
    pub progress_terminal: bool,
    /// Whether standard output is a terminal.
    pub output_terminal: bool,
    /// Whether standard input is a terminal.
    pub input_terminal: bool,
    /// What the user wants to see, and can see.
    pub display: DisplayVariables,
}

/// The variables that say how text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of its own"
)]
pub struct DisplayVariables {
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set, and not to `0`.
    pub clicolor_force: bool,
    /// `TERM` is `dumb`: a terminal without colours and without lines that change.
    pub dumb: bool,
    /// `TERM` is `linux`: the console, whose fonts have few characters.
    pub console: bool,
    /// Whether the locale is one of UTF-8.
    pub utf8: bool,
    /// `COLUMNS`, where it is a number above 0.
    pub columns: Option<u16>,
}

impl DisplayVariables {
    fn of_process() -> Self {
        let term = text("TERM").unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        let locale = locale.unwrap_or_default().to_ascii_uppercase();
        Self {
            no_color: text("NO_COLOR").is_some(),
            clicolor_force: text("CLICOLOR_FORCE").is_some_and(|force| force != "0"),
            dumb: term == "dumb",
            console: term == "linux",
            utf8: locale.contains("UTF-8") || locale.contains("UTF8"),
            columns: text("COLUMNS")
                .and_then(|columns| columns.parse().ok())
                .filter(|columns| *columns > 0),
        }
    }
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(
    /// The text.
    pub String,
);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// The proxies in an environment or of an engine; an empty text means no proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `http_proxy`.
    pub http: String,
    /// `https_proxy`.
    pub https: String,
    /// `all_proxy`.
    pub all: String,
    /// `no_proxy`: hosts, domains and networks that are reached without a proxy, separated by commas.
    pub none: String,
}

impl Proxies {
    /// Those of this process.
    pub fn of_process() -> Self {
        let either =
            |name: &str, other: &str| text(name).or_else(|| text(other)).unwrap_or_default();
        Self {
            http: either("http_proxy", "HTTP_PROXY"),
            https: either("https_proxy", "HTTPS_PROXY"),
            all: either("all_proxy", "ALL_PROXY"),
            none: either("no_proxy", "NO_PROXY"),
        }
    }

    /// Decides which requests go through which proxy.
    pub fn matcher(&self) -> Matcher {
        Matcher::builder()
            .all(self.all.as_str())
            .http(self.http.as_str())
            .https(self.https.as_str())
            .no(self.none.as_str())
            .build()
    }

    /// The proxy for requests to a URL, with user and password where it has them; none for one of `no_proxy`, and for a URL
    /// of other protocols than HTTP.
    pub fn address_for(&self, url: &str) -> Option<String> {
        let uri = url.parse().ok()?;
        self.matcher().intercept(&uri)?;
        let own = match url.split_once("://")?.0 {
            "http" => &self.http,
            "https" => &self.https,
            _ => return None,
        };
        let address = if own.is_empty() { &self.all } else { own };
        Some(if address.contains("://") {
            address.clone()
        } else {
            format!("http://{address}")
        })
    }

    /// Whether any proxy is set.
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.https.is_empty() && self.all.is_empty()
    }
}

impl Environment {
    /// Reads the environment of this process. `KMEMBUILD_CACHE_DIR` and `KMEMBUILD_CONFIG_DIR` set the two
    /// directories; the defaults follow the XDG base directory specification.
    ///
    /// # Errors
    /// A message if there is no working directory or no home directory.
    pub fn capture() -> Result<Self, String> {
        let path = |name: &str| {
            let value = value(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let (cache_dir, config_dir) = match (
            path("KMEMBUILD_CACHE_DIR"),
            path("KMEMBUILD_CONFIG_DIR"),
        ) {
            (Some(cache), Some(config)) => (cache, config),
            (cache, config) => {
                let base = etcetera::choose_base_strategy().map_err(|_| {
                    "no home directory was found; set HOME, or KMEMBUILD_CACHE_DIR and KMEMBUILD_CONFIG_DIR".to_owned()
                })?;
                (
                    cache.unwrap_or_else(|| base.cache_dir().join("kmembuild")),
                    config.unwrap_or_else(|| base.config_dir().join("kmembuild")),
                )
            }
        };
        let display = DisplayVariables::of_process();
        let home_docker = || path("HOME").map(|home| home.join(".docker"));
        Ok(Self {
            arguments: env::args_os().collect(),
            current_dir: env::current_dir()
                .map_err(|error| format!("could not determine the working directory: {error}"))?,
            cache_dir,
            config_dir,
            docker_config: path("DOCKER_CONFIG")
                .or_else(home_docker)
                .map(|folder| folder.join("config.json")),
            docker_auth_config: text("DOCKER_AUTH_CONFIG").map(Secret),
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            docker_tls_verify: text("DOCKER_TLS_VERIFY").is_some(),
            docker_cert_path: path("DOCKER_CERT_PATH"),
            kubeconfig: kubeconfig(),
            proxies: Proxies::of_process(),
            engine: text("KMEMBUILD_ENGINE"),
            image_identity: text("KMEMBUILD_IMAGE_IDENTITY"),
            job_image: text("CI_JOB_IMAGE"),
            job_part: text("CI_NODE_INDEX")
                .zip(text("CI_NODE_TOTAL"))
                .map(|(number, of)| format!("{number}/{of}")),
            in_container: in_container(),
            toolchain: TOOLCHAIN
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), text(name)?)))
                .collect(),
            search_path: value("PATH")
                .map(|path| env::split_paths(&path).collect())
                .unwrap_or_default(),
            ci: text("CI").is_some_and(|ci| ci != "false" && ci != "0"),
            github: text("GITHUB_ACTIONS").is_some_and(|github| github == "true"),
            github_summary: path("GITHUB_STEP_SUMMARY"),
            error_terminal: std::io::stderr().is_terminal(),
            progress_terminal: std::io::stderr().is_terminal() && !display.dumb,
            output_terminal: std::io::stdout().is_terminal(),
            input_terminal: std::io::stdin().is_terminal(),
            display,
        })
    }
}

/// The files with clusters.
fn kubeconfig() -> Vec<PathBuf> {
    if let Some(files) = value("KUBECONFIG").filter(|files| !files.is_empty()) {
        let files = env::split_paths(&files);
        return files.filter(|file| file.is_file()).collect();
    }
    let home = value("HOME").filter(|home| !home.is_empty());
    let file = home.map(|home| Path::new(&home).join(".kube/config"));
    file.into_iter().filter(|file| file.is_file()).collect()
}

/// Whether this is a container: engines leave a file, or set a variable.
fn in_container() -> bool {
    let files = ["/.dockerenv", "/run/.containerenv"];
    let variables = ["KUBERNETES_SERVICE_HOST", "container"];
    files.iter().any(|file| Path::new(file).exists())
        || variables.iter().any(|name| text(name).is_some())
}

/// A variable of this process. Whoever reads one that is not documented is told so by the tests.
fn value(name: &str) -> Option<OsString> {
    debug_assert!(
        VARIABLES
            .iter()
            .any(|(known, meaning)| *known == name || meaning.contains(&format!("`{name}`"))),
        "{name} is not documented"
    );
    env::var_os(name)
}

/// A variable that is text, and not empty.
fn text(name: &str) -> Option<String> {
    let value = value(name)?.into_string().ok()?;
    (!value.is_empty()).then_some(value)
}
