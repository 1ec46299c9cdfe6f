//! Nodes, as anybody may have written them.

use std::str::FromStr;

use thiserror::Error;

use crate::fleet::SshHost;

/// Longest name in bytes, and longest part of one between dots: those of DNS, which Kubernetes has for nodes.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;
/// Names that mean something else to Ansible.
const TAKEN: [&str; 3] = ["all", "localhost", "ungrouped"];

/// A node: its name in the cluster, and where `ssh` reaches it.
///
/// The name is that of DNS, in small letters. Nothing in it is special to a shell, to YAML in quotes, or to Ansible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    name: String,
    address: Option<SshHost>,
}

/// A line that names no node.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidNode {
    /// The name is none.
    #[error(
        "{text:?} is not the name of a node: small letters, digits, `-` and `.` are expected, as Kubernetes has them"
    )]
    Name {
        /// What stands there.
        text: String,
    },
    /// The name means something else to Ansible.
    #[error("a node cannot be called {text} here: Ansible has another meaning for it")]
    Taken {
        /// The name.
        text: String,
    },
    /// The address is none.
    #[error("{text:?} is not an address: a host as ssh takes it is expected, or user@ and one")]
    Address {
        /// What stands there.
        text: String,
    },
    /// There is more than a name and an address.
    #[error("{text:?} is behind the name and the address of the node; nothing is expected there")]
    More {
        /// What stands there.
        text: String,
    },
    /// The name is that of an earlier line.
    #[error("{text} is named twice")]
    Twice {
        /// The name.
        text: String,
    },
}

impl Node {
    /// Its name in the cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where `ssh` reaches it: by its name, unless an address is given.
    pub fn address(&self) -> &str {
        self.address.as_ref().map_or(&self.name, SshHost::as_str)
    }

    /// User and host of the address, if one is given.
    pub(super) fn user_and_host(&self) -> Option<(Option<&str>, &str)> {
        let address = self.address.as_ref()?.as_str();
        Some(match address.split_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, address),
        })
    }
}

impl FromStr for Node {
    type Err = InvalidNode;

    /// `node17`, or `node17 root@10.0.0.17`.
    fn from_str(line: &str) -> Result<Self, InvalidNode> {
        let shown = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        if !is_dns_name(name) {
            return Err(InvalidNode::Name { text: shown(name) });
        }
        if TAKEN.contains(&name) {
            return Err(InvalidNode::Taken { text: shown(name) });
        }
        let address = words.next().map(|text| {
            text.parse()
                .map_err(|_| InvalidNode::Address { text: shown(text) })
        });
        let address = address.transpose()?;
        if let Some(text) = words.next() {
            return Err(InvalidNode::More { text: shown(text) });
        }
        Ok(Self {
            name: name.to_owned(),
            address,
        })
    }
}

fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(is_part)
    };
    text.len() <= LONGEST && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{InvalidNode, Node};

    #[test]
    fn a_node_has_a_name_of_dns_and_perhaps_an_address() {
        let node = |line: &str| line.parse::<Node>().expect(line);
        assert_eq!(node("node17").address(), "node17");
        let named = node("node17.example.org \t root@10.0.0.17");
        assert_eq!(named.name(), "node17.example.org");
        assert_eq!(named.user_and_host(), Some((Some("root"), "10.0.0.17")));
        assert_eq!(
            node("10.0.0.5 fe80::1").user_and_host(),
            Some((None, "fe80::1"))
        );
        // They are numbers or truths for YAML, and names of nodes.
        for good in ["1e5", "0", "null", "on", "no", "y", "0x1f", "1.5"] {
            assert_eq!(node(good).name(), good);
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        let long = "a".repeat(64);
        for bad in [
            "",
            "Node",
            "-o",
            "a-",
            "a..b",
            ".a",
            "a.",
            "a_b",
            "a;b",
            "$(reboot)",
            "`x`",
            "{{lookup('pipe','x')}}",
            "{%x%}",
            "\"a\"",
            "'a'",
            "a\\b",
            "a:b",
            "[1:3]",
            "a,b",
            "!x",
            "*",
            "&a",
            "n\u{e4}me",
            "a\u{0}b",
            &long,
        ] {
            let error = bad.parse::<Node>().expect_err(bad);
            assert!(matches!(error, InvalidNode::Name { .. }), "{error}");
        }
        for bad in ["localhost", "all", "ungrouped"] {
            let error = bad.parse::<Node>().expect_err(bad);
            assert!(matches!(error, InvalidNode::Taken { .. }), "{error}");
        }
        for bad in [
            "a -oProxyCommand=x",
            "a b;c",
            "a root@",
            "a x@-y",
            "a {{x}}",
        ] {
            let error = bad.parse::<Node>().expect_err(bad);
            assert!(matches!(error, InvalidNode::Address { .. }), "{error}");
        }
        let error = "a b c".parse::<Node>().expect_err("three words");
        assert!(matches!(error, InvalidNode::More { .. }), "{error}");
    }
}
