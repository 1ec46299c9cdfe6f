//! Parts that do not go together.

use super::small::{SMALL, assert_refusals, refusal, workplace};

#[test]
fn parts_that_name_each_other_must_be_there_once() {
    assert_refusals(
        "references",
        &[
            (
                "a patch that is nearly right",
                "tool/off.patch",
                "tool/of.patch",
            ),
            (
                "a patch that is nothing like the others",
                "tool/off.patch",
                "zzz",
            ),
            (
                "a class that is nearly right",
                "class: tagged",
                "class: taged",
            ),
            (
                "a class that is nothing like the others",
                "class: tagged",
                "class: zzz",
            ),
            (
                "a class twice",
                "patches:\n",
                "  - name: tagged\n    summary: again\n    when: []\npatches:\n",
            ),
            (
                "a step twice",
                "outputs:\n",
                "    - name: compile\n      command: [make]\noutputs:\n",
            ),
            (
                "an output twice",
                "outputs:\n",
                "outputs:\n  - path: bin/tool\n",
            ),
            (
                "two outputs of one name",
                "outputs:\n",
                "outputs:\n  - path: other\n    name: tool\n",
            ),
            (
                "a cache twice",
                "  caches:\n",
                "  caches:\n    - name: go-build\n      path: /other\n",
            ),
            (
                "a cache's folder twice",
                "  caches:\n",
                "  caches:\n    - name: other\n      path: /cache\n",
            ),
        ],
    );
}

#[test]
fn targets_and_what_is_read_from_the_tree_must_be_there_once() {
    let targets =
        "targets:\n  default: [tool]\n  known: {tool: cmd/tool, other: cmd/other}\nimages:\n";
    let read = "    read:\n      number: {file: VERSION, pattern: '^v(.*)$'}\n    tags:\n";
    assert_refusals(
        "targets",
        &[
            (
                "a default that is nearly right",
                "images:\n",
                &targets.replace("[tool]", "[toll]"),
            ),
            ("no default", "images:\n", &targets.replace("[tool]", "[]")),
            (
                "an output of a target that is not there",
                "outputs:\n",
                "outputs:\n  - path: more\n    target: zzz\n",
            ),
            (
                "a value of targets that are not there",
                "value: nokmem,",
                "value: nokmem, targets: [tool],",
            ),
            (
                "a value that is read and given",
                "    tags:\n",
                &read.replace("number", "build_tags"),
            ),
            (
                "a value that is read and built in",
                "    tags:\n",
                &read.replace("number", "version"),
            ),
            (
                "a pattern without a group",
                "    tags:\n",
                &read.replace("(.*)", ".*"),
            ),
            (
                "a pattern that is none",
                "    tags:\n",
                &read.replace("(.*)", "("),
            ),
            (
                "words beside other text",
                "TAGS={{build_tags}}",
                "TAGS={{build_tags...}}",
            ),
            (
                "words where one text is needed",
                "GOARCH: \"{{arch}}\"",
                "GOARCH: \"{{arch...}}\"",
            ),
            (
                "an output that is named by a value",
                "- path: tool",
                "- path: bin/{{arch}}",
            ),
            (
                "an output that leaves the work folder",
                "- path: tool",
                "- path: ../{{arch}}/tool",
            ),
            (
                "further outputs outside the work folder",
                "outputs:\n",
                "further-outputs: [/bin]\noutputs:\n",
            ),
            (
                "things that a script leaves without its hash in their names",
                "  steps:\n",
                "  run-sh:\n    workdir: /src\n    client: {image: \"client:1\", path: /bin/client, below: 29}\n    steps: [{name: script, command: [run.sh]}]\n    leaves: {containers: [kube-build-], images: []}\n  steps:\n",
            ),
            (
                "a toolchain check without a command",
                "  steps:\n",
                "  toolchain: {command: [], pattern: '(.)', version: '1'}\n  steps:\n",
            ),
        ],
    );
}

#[test]
fn a_whole_needs_its_parts() {
    assert_refusals(
        "whole",
        &[
            ("a later format", "format: 1", "format: 2"),
            (
                "a step without a command",
                "[make, \"TAGS={{build_tags}}\"]",
                "[]",
            ),
            (
                "no steps",
                "  steps:\n    - name: compile\n      command: [make, \"TAGS={{build_tags}}\"]\n",
                "  steps: []\n",
            ),
            (
                "no architectures",
                "  amd64: {}\n  arm64:\n    cross-from: [amd64]\n",
                "  {}\n",
            ),
            ("no work folder", "  workdir: /src\n", ""),
            ("no URL", "[https://git.example/tool.git]", "[]"),
            (
                "a default way that is not described",
                "default: registry",
                "default: debian",
            ),
        ],
    );
}

#[test]
fn names_of_the_tools_own_files_are_no_names_of_outputs() {
    assert_refusals(
        "reserved-names",
        &[
            (
                "by path",
                "  - path: tool\n",
                "  - path: out/manifest.json\n",
            ),
            (
                "by name",
                "  - path: tool\n",
                "  - path: tool\n    name: plan.json\n",
            ),
            ("the log", "  - path: tool\n", "  - path: build.log\n"),
            (
                "the checksums",
                "  - path: tool\n",
                "  - path: SHA256SUMS\n",
            ),
            ("the comparison", "path: tool", "path: reproduction.json"),
            (
                "what a manifest would be refused for",
                "path: tool",
                "path: out/Tool@1",
            ),
        ],
    );
}

/// A recipe whose source is a folder of the image has no tree to read, patch or build an image from.
#[test]
fn a_folder_of_the_image_has_no_tree() {
    let git = "  git:\n    urls: [https://git.example/tool.git]\n    tags:\n      v1.0.0: 0123456789abcdef0123456789abcdef01234567\n";
    let folder = SMALL.replace(
        git,
        "  directory: {path: /src, version: v1.0.0, package: tool-src}\n",
    );
    let workplace = workplace();
    let mut said = refusal(&workplace, "classes", folder.as_bytes());
    let class = "classes:\n  - name: tagged\n    summary: has the build tag\n    when:\n      - exists: kmem.go\n      - contains: {file: memory.go, text: limit}\n";
    let folder = folder.replace(class, "").replace(", class: tagged", "");
    said += &refusal(&workplace, "patches", folder.as_bytes());
    let patches = "patches:\n  - file: tool/off.patch\n    to: source\n    versions: \"<1.1\"\n    summary: accounting off\n";
    let folder = folder.replace(patches, "");
    let image = folder.replace(
        "images:\n",
        "images:\n  upstream: {dockerfile: Dockerfile}\n",
    );
    said += &refusal(&workplace, "an image from a tree", image.as_bytes());
    let template = folder.replace("{{arch}}", "{{commit}}");
    workplace.write("tool.yaml", &template);
    workplace.run(&["recipes", "check", "tool.yaml"]).code(0);
    crate::support::golden::assert_golden("recipes", "folder", &said);
}
