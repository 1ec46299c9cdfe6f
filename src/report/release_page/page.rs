//! The page as a whole.

use std::fmt::Write as _;
use std::time::Duration;

use super::lanes::lanes;
use super::overview::{changes, overview, verdict};
use super::target::target;
use crate::artifacts::{CHECKSUMS_MINISIG, Index, SHA256SUMS};
use crate::delivery::repositories::REPOSITORIES;
use crate::harmless::harmless_html;
use crate::number_of::number_of;
use crate::report::html::{filled, lines};
use crate::report::plain::duration;

/// The page of the release that `index` describes. The same index gives the same page.
pub fn release_page(index: &Index) -> String {
    let targets: String = index.targets.iter().map(target).collect();
    filled(
        include_str!("page.html"),
        &[
            ("{tool}", &harmless_html(&index.tool)),
            ("{title}", TITLE),
            ("{title}", TITLE),
            ("{verdict}", &verdict(index)),
            ("{about}", &about(index)),
            ("{signature}", &signature(index)),
            ("{overview}", &overview(index)),
            ("{changes}", &changes(index)),
            ("{repositories}", &repositories(index)),
            ("{lanes}", &lanes(index)),
            ("{check}", &check(index)),
            ("{targets}", &targets),
        ],
    )
}

const TITLE: &str = "kubelet and runc without kernel-memory accounting";

fn about(index: &Index) -> String {
    let tool = harmless_html(&index.tool);
    match &index.run {
        None => format!("Made by {tool}."),
        Some(run) => format!(
            "Made by {tool}. Last changed by the run of {}, which took {}.",
            harmless_html(&run.started_at),
            duration(Duration::from_millis(run.milliseconds))
        ),
    }
}

/// Who signed it. That the signature is good is for `kmembuild verify` to say: a page says what it was told.
fn signature(index: &Index) -> String {
    match &index.signed_by {
        None => "<span class=\"bad\">Not signed:</span> the checksums show that the files are whole, not who made them."
            .to_owned(),
        Some(key) => format!(
            "Signed in <code>{}</code> with the key of id <code>{}</code>. Check the signature before you trust this page.",
            harmless_html(&key.signature),
            harmless_html(&key.id)
        ),
    }
}

/// How a node comes to use each of its repositories.
fn repositories(index: &Index) -> String {
    let mut text = String::new();
    for repository in &index.repositories {
        let _ = write!(
            text,
            "<h2>The {} repository {}</h2>\n<p>{}, signed with the key <code>{}</code>. On a node, as root, with <code>{}/</code> \
             of this release on a web server:</p>\n<pre>{}</pre>\n",
            harmless_html(&repository.kind),
            harmless_html(&repository.name),
            number_of(repository.packages, "package"),
            harmless_html(&repository.key),
            REPOSITORIES,
            lines(&repository.commands.join("\n"))
        );
    }
    text
}

/// How to check all of it.
fn check(index: &Index) -> String {
    let (key, with_others) = match &index.signed_by {
        None => ("", ""),
        Some(key) if key.signature == CHECKSUMS_MINISIG => {
            (" --key release.pub", "minisign -V -P RW... -m SHA256SUMS\n")
        }
        Some(_) => (
            " --key release.pub",
            "base64 -d SHA256SUMS.sig &gt;/tmp/signature\nopenssl dgst -sha256 -verify release.pub -signature /tmp/signature SHA256SUMS\n",
        ),
    };
    format!(
        "<h2>Check it</h2>\n<p>In this directory, with kmembuild, which also judges the binaries again:</p>\n\
         <pre>kmembuild verify .{key}</pre>\n<p>With the tools of others:</p>\n\
         <pre>{with_others}sha256sum --check --strict {SHA256SUMS}</pre>\n"
    )
}
