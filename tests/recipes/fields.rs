//! Fields that are unknown, given twice, missing or of another type.

use super::small::assert_refusals;

#[test]
fn unknown_fields_and_choices_are_named_with_what_was_meant() {
    assert_refusals(
        "unknown",
        &[
            (
                "a field that is nearly right",
                "workdir: /src",
                "workdr: /src",
            ),
            (
                "a field that is nothing like the others",
                "workdir: /src",
                "qqq: /src",
            ),
            (
                "a field with an underscore",
                "cross-from: [amd64]",
                "cross_from: [amd64]",
            ),
            (
                "a field of the whole",
                "summary: a small recipe",
                "description: a small recipe",
            ),
            (
                "a choice that is nearly right",
                "network: none",
                "network: non",
            ),
            (
                "a choice that is nothing like the others",
                "network: none",
                "network: host",
            ),
            (
                "a choice that has another name now",
                "network: none",
                "network: bridge",
            ),
            ("another kind of source", "  git:\n", "  mercurial:\n"),
            (
                "a kind of source that has another name now",
                "  git:\n",
                "  folder:\n",
            ),
            (
                "a field that has another name now",
                "images:\n",
                "images:\n  heirs: {}\n",
            ),
            (
                "another kind of condition",
                "exists: kmem.go",
                "exist: kmem.go",
            ),
            (
                "another way to the image",
                "default: registry",
                "default: dockerhub",
            ),
            ("another target of a patch", "to: source", "to: image"),
            (
                "an expectation that cannot be met",
                "kmem: \"off\"",
                "kmem: \"on\"",
            ),
            (
                "a field of a check",
                "contains: [\"{{bare",
                "contain: [\"{{bare",
            ),
        ],
    );
}

#[test]
fn duplicate_and_missing_fields_are_named() {
    assert_refusals(
        "duplicate-and-missing",
        &[
            ("a field twice", "name: tool\n", "name: tool\nname: tool\n"),
            (
                "a variable twice",
                "    GOARCH: \"{{arch}}\"\n",
                "    A: x\n    A: y\n",
            ),
            (
                "a tag twice",
                "    tags:\n",
                "    tags:\n      v1.0.0: 1123456789abcdef0123456789abcdef01234567\n",
            ),
            ("no name", "name: tool\n", ""),
            (
                "no source",
                "source:\n  git:\n    urls: [https://git.example/tool.git]\n    tags:\n      v1.0.0: 0123456789abcdef0123456789abcdef01234567\n",
                "",
            ),
            ("no format", "format: 1\n", ""),
            ("no timeout", "  timeout: 10m\n", ""),
            (
                "no outputs",
                "outputs:\n  - path: tool\n    checks:\n      kmem: \"off\"\n      version:\n        arguments: [--version]\n        contains: [\"{{bare_version}}\"]\n",
                "",
            ),
            (
                "no file of a condition",
                "{file: memory.go, text: limit}",
                "{text: limit}",
            ),
            (
                "two kinds of source",
                "  git:\n",
                "  directory: {path: /src, version: v1, package: x}\n  git:\n",
            ),
            (
                "two conditions in one",
                "      - exists: kmem.go\n",
                "      - exists: kmem.go\n        missing: other.go\n",
            ),
        ],
    );
}

#[test]
fn wrong_types_are_named() {
    assert_refusals(
        "wrong-types",
        &[
            ("a text for a number", "format: 1", "format: one"),
            (
                "a list for a text",
                "summary: a small recipe",
                "summary: [a, b]",
            ),
            (
                "a text for a list",
                "urls: [https://git.example/tool.git]",
                "urls: https://git.example/tool.git",
            ),
            (
                "a map for a list",
                "    - name: compile\n      command: [make, \"TAGS={{build_tags}}\"]\n",
                "    name: compile\n",
            ),
            ("a text for a map", "amd64: {}", "amd64: yes please"),
            (
                "a list for a map",
                "  amd64: {}\n  arm64:\n    cross-from: [amd64]\n",
                "  - amd64\n  - arm64\n",
            ),
            (
                "nothing for a map",
                "build_tags:\n    - {value: nokmem, class: tagged}",
                "build_tags:",
            ),
            ("a text for a truth", "class: tagged}", "cross: maybe}"),
            (
                "one word for a command",
                "command: [make, \"TAGS={{build_tags}}\"]",
                "command: make static",
            ),
            ("a negative number", "format: 1", "format: -1"),
            (
                "a braced value without quotes",
                "GOARCH: \"{{arch}}\"",
                "GOARCH: {{arch}}",
            ),
        ],
    );
}
