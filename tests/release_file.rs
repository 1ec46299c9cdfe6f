//! Release files: what is in them, and which targets they are.

use std::collections::BTreeSet;

use kmembuild::recipe::Name;
use kmembuild::release::{KnownTags, expand, json_schema, parse_release};

fn tags(name: &Name) -> Result<KnownTags, Vec<String>> {
    let version = |text: &str| text.parse().expect("a version");
    match name.as_str() {
        "runc" => Ok(KnownTags::Git(
            ["v1.0.0-rc5", "v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc93"]
                .map(version)
                .into(),
        )),
        "kubelet" => Ok(KnownTags::Git(BTreeSet::new())),
        "packaged" => Ok(KnownTags::Directory(
            "1.0.0-rc93".parse().expect("a version"),
        )),
        _ => Err(["runc", "kubelet", "packaged"].map(str::to_owned).to_vec()),
    }
}

fn labels(text: &str) -> Result<Vec<String>, String> {
    let text = format!("format: 1\n{text}");
    let release = parse_release("r.yaml", &text).map_err(|error| error.to_string())?;
    let targets = expand("r.yaml", &text, &release, tags);
    let targets = targets.map_err(|error| error.to_string())?;
    Ok(targets
        .iter()
        .map(|target| target.name(tags(&target.recipe).ok().as_ref(), None))
        .collect())
}

#[test]
fn versions_and_architectures_are_multiplied() {
    let text = r#"
defaults: {arch: [amd64, arm64]}
targets:
  - recipe: runc
    range: ">=1.0.0-rc9, <1.0.0-rc93"
    exclude: [{version: 1.0.0-rc9, arch: arm64}]
  - recipe: kubelet
    versions: [v1.15.5]
    arch: [amd64]
    include: [{version: v1.14.10, arch: arm64}]
  - recipe: packaged
    arch: [amd64]
"#;
    let expected = [
        "runc/v1.0.0-rc9/linux-amd64",
        "runc/v1.0.0-rc10/linux-amd64",
        "runc/v1.0.0-rc10/linux-arm64",
        "kubelet/v1.15.5/linux-amd64",
        "kubelet/v1.14.10/linux-arm64",
        "packaged/1.0.0-rc93/linux-amd64",
    ];
    assert_eq!(labels(text).expect("targets"), expected);
}

#[test]
fn options_of_an_include_are_laid_over_those_below() {
    let text = "format: 1
defaults: {options: {jobs: 2, force: true}}
targets:
  - recipe: runc
    versions: [v1.0.0-rc9, v1.0.0-rc10]
    options: {jobs: 3}
    include: [{version: v1.0.0-rc10, options: {jobs: 4}}]
";
    let release = parse_release("r.yaml", text).expect("a release");
    let targets = expand("r.yaml", text, &release, tags).expect("targets");
    let jobs: Vec<_> = targets.iter().map(|target| target.options.jobs).collect();
    assert_eq!(jobs, [Some(3), Some(4)]);
    assert!(
        targets
            .iter()
            .all(|target| target.options.force == Some(true))
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, said) in [
        (
            "targets: [{recipe: runk, versions: [v1]}]",
            "r.yaml:2:20: there is no recipe `runk`; did you mean `runc`?",
        ),
        (
            "targets: [{recipe: runc}]",
            "no versions of runc were selected",
        ),
        (
            "targets: [{recipe: kubelet, range: '>=1.14'}]",
            "has no tags to select a range of",
        ),
        (
            "targets: [{recipe: runc, range: '>=2.0'}]",
            "recipe runc has no tag in the range >=2.0",
        ),
        (
            "targets: [{recipe: packaged, versions: [v1.0]}]",
            "builds 1.0.0-rc93 only, not v1.0",
        ),
        (
            "targets: [{recipe: runc, versions: [v1, v1]}]",
            "runc/v1/linux-* is in the release twice",
        ),
        (
            "targets: [{recipe: runc, versions: [v1], exclude: [{version: v2}]}]",
            "r.yaml:2:52: this entry excludes nothing",
        ),
        (
            "targets: [{recipe: runc, versions: [v1], exclude: [{version: v1}]}]",
            "this entry excludes all of its own targets",
        ),
        (
            "targets: [{recipe: runc, versions: [v1], include: [{arch: arm64}]}]",
            "this entry matches no target",
        ),
    ] {
        let error = labels(text).expect_err("refused");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn mistakes_of_the_format_are_named_with_their_place() {
    for (text, said) in [
        (
            "format: 2\ntargets: []",
            "r.yaml:1:9: format 2 is not supported",
        ),
        ("format: 1\ntargets: []", "the release has no targets"),
        (
            "format: 1\ntargets:\n  - recipe: runc\n    verions: [v1]",
            "r.yaml:4:5: unknown field `verions`",
        ),
        (
            "format: 1\ntargets:\n  - recipe: Runc",
            "r.yaml:3:13: \"Runc\" is not a valid name",
        ),
        (
            "format: 1\ndefaults: {options: {via: magic}}\ntargets: []",
            "use one of make, run-sh",
        ),
        ("", "the file is empty"),
    ] {
        let error = parse_release("r.yaml", text).expect_err("refused");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn the_schema_knows_every_field() {
    let schema = json_schema().to_string();
    for field in ["low-memory", "exclude", "tar.zst", "static", "range"] {
        assert!(schema.contains(&format!("\"{field}\"")), "{schema}");
    }
}

#[test]
fn a_recipe_is_asked_for_its_tags_once_however_many_entries_it_has() {
    let mut text = "format: 1\ntargets:\n".to_owned();
    for patch in 0..500 {
        text += &format!("  - {{recipe: runc, versions: [v9.{patch}.0]}}\n");
    }
    let release = parse_release("r.yaml", &text).expect("a release");
    let asked = std::cell::Cell::new(0);
    let counted = |name: &kmembuild::recipe::Name| {
        asked.set(asked.get() + 1);
        tags(name)
    };
    let targets = expand("r.yaml", &text, &release, counted).expect("targets");
    assert_eq!((targets.len(), asked.get()), (500, 1));
}
