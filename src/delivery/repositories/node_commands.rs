//! The commands with which a node comes to use a repository.

use super::client_files::{APT_KEY, NO_URL, YUM_KEY};
use super::names::{APT, KEY_FILE, REPO_FILE, RepositoryKind, SOURCES_FILE, YUM};
use super::publish::PublishedRepository;
use crate::events::command_line;
use crate::recipe::RepositoryUrl;

/// The commands with which a node comes to use the repository and installs what it has, as root. Without a URL the first one
/// is to be filled in.
pub fn commands(repository: &PublishedRepository, url: Option<&RepositoryUrl>) -> Vec<String> {
    let name = &repository.name;
    let install = |program: &str| {
        let names = repository.package_names.iter().map(String::as_str);
        let words = [program, "install"].into_iter().chain(names);
        command_line(&words.map(str::to_owned).collect::<Vec<_>>())
    };
    let first = match url {
        Some(url) => format!("URL={url}"),
        None => "URL=https://packages.example.com".to_owned(),
    };
    let fill = match url {
        Some(_) => String::new(),
        None => format!(" | sed \"s|{NO_URL}|$URL|\""),
    };
    let rest = match repository.kind {
        RepositoryKind::Yum => [
            format!("curl -fsS $URL/{YUM}/{name}/{KEY_FILE} >{YUM_KEY}"),
            format!("curl -fsS $URL/{YUM}/{name}/{REPO_FILE}{fill} >/etc/yum.repos.d/{REPO_FILE}"),
            format!("rpm --import {YUM_KEY}"),
            install("yum"),
        ],
        RepositoryKind::Apt => [
            format!("curl -fsS $URL/{APT}/{KEY_FILE} >{APT_KEY}"),
            format!(
                "curl -fsS $URL/{APT}/{SOURCES_FILE}{fill} >/etc/apt/sources.list.d/{SOURCES_FILE}"
            ),
            "apt-get update".to_owned(),
            install("apt-get"),
        ],
    };
    [first].into_iter().chain(rest).collect()
}
