//! The manifest of a result that no build made.

use std::path::Path;

use kmembuild::artifacts::MANIFEST_FORMAT;
use kmembuild::verify::inspect;
use serde_json::{Value, json};

/// What a build of `recipe` would say of the one output `binary` in `folder`.
pub fn manifest_of(
    folder: &Path,
    recipe: &str,
    version: &str,
    platform: &str,
    binary: &str,
) -> Value {
    let findings = inspect(&folder.join(binary)).expect("findings");
    json!({
        "format": MANIFEST_FORMAT,
        "tool": "kmembuild 0.1.0",
        "recipe": {"name": recipe, "sha256": "1".repeat(64)},
        "recipe-origin": "built in",
        "plan-sha256": "2".repeat(64),
        "version": version,
        "platform": platform,
        "class": null,
        "source": {"git": {
            "tag": version, "commit": "dc9208a3303feef5b3839f4323d9beb36df0a9dd", "tree": "00",
            "patched-tree": null, "url": "https://git.example/tool.git", "unmodified": true, "patches": [],
        }},
        "image": {
            "name": "x", "id": "sha256:00", "content": {"layers": [], "environment": [], "architecture": "amd64"},
            "repo-digests": [], "pulled": {}, "patches": [], "remarks": [], "packages": [],
        },
        "targets": [],
        "via": "make",
        "toolchain": null,
        "commands": [],
        "started-at": "2026-01-01T00:00:00Z",
        "built-at": "2026-01-01T00:01:00Z",
        "engine": "20.10",
        "warnings": [],
        "files": [{
            "name": binary, "size": findings.size, "sha256": findings.sha256, "mode": "755",
            "findings": findings, "checks": [],
        }],
    })
}
