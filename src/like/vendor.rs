//! Vendors that build from their own repository, recognised by what they add to the version.

use super::commit::commit_id;

/// A build that was not made from upstream's repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// The vendor, if known.
    pub name: Option<&'static str>,
    /// The upstream tag that it is based on.
    pub tag: String,
}

/// Words in versions, and the vendors that use them. Numbers around a word are ignored.
const WORDS: [(&str, &str); 21] = [
    ("eks", "Amazon EKS"),
    ("amzn", "Amazon Linux"),
    ("gke", "Google Kubernetes Engine"),
    ("k3s", "K3s"),
    ("rke2r", "RKE2"),
    ("k0s", "k0s"),
    ("tke", "Tencent TKE"),
    ("aliyun", "Alibaba Cloud"),
    ("cce", "Huawei CCE"),
    ("iks", "IBM Cloud"),
    ("icp", "IBM Cloud Private"),
    ("vmware", "VMware"),
    ("tanzu", "VMware Tanzu"),
    ("docker", "Docker"),
    ("ubuntu", "Ubuntu"),
    ("deb", "Debian"),
    ("ds", "Debian"),
    ("dfsg", "Debian"),
    ("el", "Red Hat"),
    ("fc", "Fedora"),
    ("mirantis", "Mirantis"),
];

impl Vendor {
    /// The vendor that adds `suffix` to the version `tag`.
    pub(super) fn of(tag: String, suffix: &str) -> Self {
        Self {
            name: name(suffix),
            tag,
        }
    }
}

/// Displayed as `Amazon EKS's build`.
impl std::fmt::Display for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}'s build", self.name.unwrap_or("a vendor"))
    }
}

fn name(suffix: &str) -> Option<&'static str> {
    // OpenShift adds nothing but a commit.
    if suffix.strip_prefix('+').and_then(commit_id).is_some() {
        return Some("OpenShift");
    }
    let suffix_lower = suffix.to_ascii_lowercase();
    let words: Vec<&str> = suffix_lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| word.trim_start_matches(|c: char| c.is_ascii_digit()))
        .collect();
    let is = |word: &str, key: &str| {
        word.strip_prefix(key)
            .is_some_and(|rest| rest.chars().next().is_none_or(|c| c.is_ascii_digit()))
    };
    let known = WORDS
        .iter()
        .find(|(key, _)| words.iter().any(|word| is(word, key)));
    match known {
        Some((_, name)) => Some(name),
        // Only packages of distributions write pre-releases this way.
        None if suffix.starts_with('~') => Some("a Linux distribution"),
        None => None,
    }
}
