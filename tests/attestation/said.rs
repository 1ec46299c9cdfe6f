//! What the statement and the bill of materials say.

use kmembuild::artifacts::{ManifestPatch, ManifestSource, PackageVersion};
use kmembuild::attestation::{debian_components, found_in, modules_txt, sbom, statement};
use serde_json::{Value, json};

use super::release::Release;

fn as_json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn the_statement_names_everything_that_went_in() {
    let release = Release::new();
    let (mut manifest, plan) = (release.manifest(), release.plan());
    let patch = |file: &str| ManifestPatch {
        file: file.to_owned(),
        sha256: "b".repeat(64),
        summary: "why".to_owned(),
    };
    manifest.image.patches.push(patch("tool/image.patch"));
    manifest.image.pulled = [("base:1".to_owned(), Some("mirror:5000/base:1".to_owned()))].into();
    let ManifestSource::Git { patches, url, .. } = &mut manifest.source else {
        panic!("the source is git");
    };
    patches.push(patch("tool/source.patch"));
    "me@example.org:tool.git".clone_into(url);
    let said = as_json(statement(&manifest, &plan, &[]));
    assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(said["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects = said["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), 2);
    assert_eq!(subjects[0]["name"], "tool");
    assert_eq!(subjects[0]["digest"]["sha256"], manifest.files[0].sha256);

    let definition = &said["predicate"]["buildDefinition"];
    assert_eq!(definition["buildType"], "urn:kmembuild:build:1");
    assert_eq!(definition["externalParameters"]["version"], "v1.0.0");
    let commands = &definition["internalParameters"]["commands"];
    assert_eq!(commands[1]["command"], json!(["make", "tool"]));
    let inputs = definition["resolvedDependencies"].as_array().unwrap();
    let input = |name: &str| {
        let mut found = inputs.iter().filter(|one| one["name"] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("{name} is not in {inputs:#?}"))
    };
    let source = input("source");
    assert_eq!(
        source["uri"],
        "git+ssh://me@example.org/tool.git@refs/tags/v1.0.0"
    );
    assert_eq!(source["digest"]["gitCommit"], release.place.commit);
    assert_eq!(
        input("recipes/tool.yaml")["digest"]["sha256"],
        manifest.recipe.sha256
    );
    let image = input(&manifest.image.name);
    assert_eq!(image["digest"]["sha256"], "1".repeat(64));
    assert_eq!(
        image["annotations"]["layers"],
        json!(manifest.image.content.layers)
    );
    assert_eq!(input("base:1")["uri"], "oci://mirror:5000/base:1");
    for (name, to) in [("source", "source"), ("image", "image-context")] {
        let patch = input(&format!("patches/tool/{name}.patch"));
        assert_eq!(patch["digest"]["sha256"], "b".repeat(64));
        assert_eq!(patch["annotations"]["applied-to"], to);
    }
    let run = &said["predicate"]["runDetails"];
    assert_eq!(
        run["builder"]["version"]["kmembuild"],
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(run["metadata"]["finishedOn"], manifest.built_at);
    assert_eq!(run["metadata"]["startedOn"], manifest.started_at);
}

#[test]
fn the_bill_of_materials_tells_what_is_really_compiled_in() {
    let release = Release::new();
    let manifest = release.manifest();
    let text = "# example.org/in v1\nexample.org/in\n# example.org/out v2\nexample.org/out\n";
    let components = modules_txt(text).unwrap();
    let found = vec![vec![Some(true), Some(false)], vec![None, Some(true)]];
    let bom = as_json(sbom(&manifest, &components, &found));
    let again = as_json(sbom(&manifest, &components, &found));
    assert_eq!(bom, again);
    let other = as_json(sbom(&manifest, &components[..1], &found));
    assert_ne!(bom["serialNumber"], other["serialNumber"]);
    let properties = |index: usize| bom["components"][index]["properties"].clone();
    assert_eq!(
        properties(2),
        json!([
            {"name": "kmembuild:compiled-into:tool", "value": "yes"},
            {"name": "kmembuild:compiled-into:reader", "value": "unknown"}
        ])
    );
    assert_eq!(properties(3)[0]["value"], "no");
    let tool = &bom["dependencies"][1];
    assert_eq!(tool["ref"], "file:tool");
    assert_eq!(tool["dependsOn"], json!(["pkg:golang/example.org/in@v1"]));
    assert_eq!(
        bom["components"][0]["hashes"][0]["content"],
        manifest.files[0].sha256
    );
}

#[test]
fn packages_of_debian_are_found_by_what_their_names_may_stand_for() {
    let packages = [
        "golang-github-burntsushi-toml-dev",
        "golang-golang-x-net-dev",
        "libseccomp-dev",
    ]
    .map(|name| PackageVersion {
        name: name.to_owned(),
        version: "1".to_owned(),
    });
    let binary = &b"\0github.com/BurntSushi/toml.Decode\0"[..];
    let found = found_in(&debian_components(&packages), binary).unwrap();
    assert_eq!(found, [Some(true), None, None]);
}
