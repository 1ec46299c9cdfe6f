//! What was compiled into a result in addition to the project's own code.

use packageurl::PackageUrl;

use crate::artifacts::PackageVersion;

/// Something with its own version that is, or may be, compiled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// The import path of a Go module, or the name of a package.
    pub name: String,
    /// The version, or the commit if that was recorded instead.
    pub version: String,
    /// Where it came from, if the name does not say.
    pub source: Option<String>,
    /// What it is.
    pub kind: ComponentKind,
}

/// What a component is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentKind {
    /// A Go module, or a package of one.
    GoModule,
    /// A Debian package.
    DebianPackage {
        /// Its architecture, if it differs from the image's.
        architecture: Option<String>,
    },
}

/// The packages that contain code to compile: Go libraries (`golang-*-dev`) and C libraries (`lib*-dev`).
pub fn debian_components(packages: &[PackageVersion]) -> Vec<Component> {
    let brings_code = |name: &str| {
        (name.starts_with("golang-") || name.starts_with("lib")) && name.ends_with("-dev")
    };
    packages
        .iter()
        .filter_map(|package| {
            let (name, architecture) = match package.name.split_once(':') {
                Some((name, architecture)) => (name, Some(architecture.to_owned())),
                None => (package.name.as_str(), None),
            };
            brings_code(name).then(|| Component {
                name: name.to_owned(),
                version: package.version.clone(),
                source: None,
                kind: ComponentKind::DebianPackage { architecture },
            })
        })
        .collect()
}

/// How the names of Debian's Go packages spell the hosts of import paths.
const DEBIAN_HOSTS: [(&str, &str); 7] = [
    ("github-", "github.com"),
    ("gitlab-", "gitlab.com"),
    ("bitbucket-", "bitbucket.org"),
    ("golang-x-", "golang.org/x"),
    ("gopkg-", "gopkg.in"),
    ("google-", "google.golang.org"),
    ("k8s-", "k8s.io"),
];

impl Component {
    /// Its package URL, if the name allows one.
    pub fn purl(&self) -> Option<String> {
        let make = |kind: &'static str, namespace: Option<&str>, name: &str| {
            let mut purl = PackageUrl::new(kind, name.to_owned()).ok()?;
            if !self.version.is_empty() {
                purl.with_version(self.version.clone()).ok()?;
            }
            if let Some(namespace) = namespace {
                purl.with_namespace(namespace.to_owned()).ok()?;
            }
            Some(purl)
        };
        match &self.kind {
            ComponentKind::GoModule => {
                let purl = match self.name.rsplit_once('/') {
                    Some((namespace, name)) => make("golang", Some(namespace), name),
                    None => make("golang", None, &self.name),
                };
                purl.map(|purl| purl.to_string())
            }
            ComponentKind::DebianPackage { architecture } => {
                let mut purl = make("deb", Some("debian"), &self.name)?;
                if let Some(architecture) = architecture {
                    purl.add_qualifier("arch", architecture.clone()).ok()?;
                }
                Some(purl.to_string())
            }
        }
    }

    /// The import paths, one of which a binary contains if this is compiled in; none if that cannot be determined, e.g. for
    /// a C library. Debian's names show neither where an organisation's name ends nor which letters are upper-case.
    pub(super) fn import_paths(&self) -> Vec<String> {
        let ComponentKind::DebianPackage { .. } = self.kind else {
            return vec![self.name.clone()];
        };
        let bare = self.name.strip_prefix("golang-");
        let Some(bare) = bare.and_then(|name| name.strip_suffix("-dev")) else {
            return Vec::new();
        };
        let known = DEBIAN_HOSTS
            .iter()
            .find_map(|(word, host)| Some((*host, bare.strip_prefix(word)?)));
        let Some((host, rest)) = known else {
            return Vec::new();
        };
        let mut paths = vec![format!("{host}/{rest}")];
        paths.extend(rest.match_indices('-').map(|(at, _)| {
            let (organisation, name) = (&rest[..at], &rest[at + 1..]);
            format!("{host}/{organisation}/{name}")
        }));
        paths
    }

    /// Whether the import paths are guesses from a name, which is lower-case and may lack words.
    pub(super) fn path_is_guessed(&self) -> bool {
        matches!(self.kind, ComponentKind::DebianPackage { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{Component, ComponentKind, debian_components};
    use crate::artifacts::PackageVersion;

    #[test]
    fn packages_that_bring_code_are_components() {
        let package = |name: &str| PackageVersion {
            name: name.to_owned(),
            version: "1.0+ds-1~deb11u1".to_owned(),
        };
        let found = debian_components(&[
            package("golang-github-cyphar-filepath-securejoin-dev"),
            package("libseccomp-dev:arm64"),
            package("libseccomp2"),
            package("golang-1.15-go"),
            package("golang-golang-x-sys-dev"),
        ]);
        let purls: Vec<_> = found.iter().filter_map(Component::purl).collect();
        assert_eq!(
            purls,
            [
                "pkg:deb/debian/golang-github-cyphar-filepath-securejoin-dev@1.0%2Bds-1~deb11u1",
                "pkg:deb/debian/libseccomp-dev@1.0%2Bds-1~deb11u1?arch=arm64",
                "pkg:deb/debian/golang-golang-x-sys-dev@1.0%2Bds-1~deb11u1",
            ]
        );
        assert_eq!(
            found[0].import_paths(),
            [
                "github.com/cyphar-filepath-securejoin",
                "github.com/cyphar/filepath-securejoin",
                "github.com/cyphar-filepath/securejoin"
            ]
        );
        assert_eq!(found[1].import_paths(), [""; 0]);
        assert_eq!(found[2].import_paths(), ["golang.org/x/sys"]);
    }

    #[test]
    fn a_module_is_named_by_its_path() {
        let module = Component {
            name: "github.com/Sirupsen/logrus".to_owned(),
            version: "v1.4.2".to_owned(),
            source: None,
            kind: ComponentKind::GoModule,
        };
        assert_eq!(
            module.purl().as_deref(),
            Some("pkg:golang/github.com/sirupsen/logrus@v1.4.2")
        );
        assert_eq!(module.import_paths(), ["github.com/Sirupsen/logrus"]);
    }
}
