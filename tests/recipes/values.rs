//! Texts that are not what their field asks for.

use super::small::assert_refusals;

#[test]
fn versions_and_ranges_are_read_strictly() {
    assert_refusals(
        "versions",
        &[
            ("a version for a range", "\"<1.1\"", "\"1.1\""),
            ("a caret", "\"<1.1\"", "\"^1.1\""),
            ("an empty range", "\"<1.1\"", "\"\""),
            ("a sign alone", "\"<1.1\"", "\"<\""),
            ("a comma too many", "\"<1.1\"", "\"<1.1,\""),
            ("nothing between the bounds", "\"<1.1\"", "\">=1.2, <1.1\""),
            (
                "rc9 is not after rc10",
                "\"<1.1\"",
                "\">=1.0.0-rc10, <=1.0.0-rc9\"",
            ),
            ("two versions at once", "\"<1.1\"", "\"=1.0, =1.1\""),
            ("two bounds without a comma", "\"<1.1\"", "\">=1.0 <1.1\""),
            ("a tag that is no version", "v1.0.0: 0123", "latest: 0123"),
        ],
    );
}

#[test]
fn names_paths_and_ids_are_read_strictly() {
    assert_refusals(
        "names",
        &[
            ("a name with a capital", "name: tool\n", "name: Tool\n"),
            (
                "a name that leaves the folder",
                "name: tool\n",
                "name: ../tool\n",
            ),
            ("an empty name", "name: tool\n", "name: \"\"\n"),
            (
                "a name of a value with a dash",
                "  build_tags:",
                "  build-tags:",
            ),
            (
                "a path out of the container's folder",
                "- path: tool",
                "- path: ../tool",
            ),
            (
                "an absolute path of an output",
                "- path: tool",
                "- path: /etc/shadow",
            ),
            ("a relative work folder", "workdir: /src", "workdir: src"),
            ("the root as work folder", "workdir: /src", "workdir: /"),
            (
                "a patch out of its folder",
                "tool/off.patch",
                "../off.patch",
            ),
            (
                "a condition out of the tree",
                "exists: kmem.go",
                "exists: /kmem.go",
            ),
            (
                "an architecture by the kernel's name",
                "  amd64: {}",
                "  x86_64: {}",
            ),
            ("an engine's architecture", "[amd64]", "[aarch64]"),
            (
                "a short commit id",
                "0123456789abcdef0123456789abcdef01234567",
                "01234567",
            ),
            (
                "a commit id with capitals",
                "0123456789abcdef0123456789abcdef01234567",
                "0123456789ABCDEF0123456789ABCDEF01234567",
            ),
            (
                "an image name that is a URL",
                "images:\n",
                "images:\n  lean: {base: \"https://x/y\", dockerfile: FROM x}\n",
            ),
            ("no time", "timeout: 10m", "timeout: soon"),
            ("a time of nothing", "timeout: 10m", "timeout: 0s"),
            ("no size", "network: none", "network: none\n  memory: much"),
            (
                "no version of the C library",
                "kmem: \"off\"",
                "glibc-floor: new",
            ),
            ("a relative cache folder", "path: /cache", "path: ~/.cache"),
        ],
    );
}

#[test]
fn templates_are_read_strictly() {
    assert_refusals(
        "templates",
        &[
            (
                "a value that is nearly right",
                "{{build_tags}}",
                "{{buildtags}}",
            ),
            (
                "a value that is nothing like the others",
                "{{build_tags}}",
                "{{x}}",
            ),
            ("an unknown value in a variable", "{{arch}}", "{{goarch}}"),
            (
                "an unknown value in a check",
                "{{bare_version}}",
                "{{semver}}",
            ),
            (
                "a value in a value",
                "{value: nokmem, class",
                "{value: \"{{build_tags}}\", class",
            ),
            (
                "a value in the name of an image",
                "name: golang:1.20",
                "name: \"golang:{{go}}\"",
            ),
            (
                "an unclosed brace",
                "TAGS={{build_tags}}",
                "TAGS={{build_tags",
            ),
            ("an empty value", "{{build_tags}}", "{{}}"),
            ("an expression", "{{build_tags}}", "{{ a | b }}"),
        ],
    );
}

#[test]
fn the_package_of_a_source_is_the_name_of_one() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("recipes/runc-debian.yaml")).expect("a recipe");
    for package in ["g$A", "-o", "Golang", "a b", ""] {
        let named = "package: golang-github-opencontainers-runc-dev";
        let changed = text.replacen(named, &format!("package: {package:?}"), 1);
        assert_ne!(changed, text);
        let error = kmembuild::recipe::parse_recipe("r.yaml", &changed, &[]).expect_err(package);
        let error = error.to_string();
        assert!(error.contains("r.yaml:11:"), "{error}");
        assert!(error.contains("is not a Debian package"), "{error}");
    }
}
