//! What was changed with care: the sums are right, and something else is not.

use std::fs;

use kmembuild::artifacts::{ENVELOPE, MANIFEST, PLAN, PROVENANCE, SBOM};
use kmembuild::attestation::{VerifyingKey, audit};
use kmembuild::checksum::sha256_hex;
use kmembuild::plan::canonical_json;
use kmembuild::verify::inspect;

use super::openssl::pair;
use super::release::Release;
use crate::scripted::place::platform;
use crate::scripted::program::with_accounting;
use crate::support::checksums::write_checksums;
use crate::support::command::Workplace;

/// Writes all sums anew, as somebody would who has changed something.
fn cover_up(release: &Release) {
    write_checksums(&release.result);
    release.index();
}

#[test]
fn a_binary_that_was_exchanged_together_with_all_sums_is_given_away_by_what_is_signed() {
    let release = Release::new();
    let tool = release.result.join("tool");
    fs::write(&tool, with_accounting()).unwrap();
    let mut manifest = release.manifest();
    let findings = inspect(&tool).unwrap();
    manifest.files[0].sha256.clone_from(&findings.sha256);
    manifest.files[0].size = findings.size;
    manifest.files[0].findings = findings;
    fs::write(release.result.join(MANIFEST), canonical_json(&manifest)).unwrap();
    cover_up(&release);
    release
        .verify(&release.root)
        .code(17)
        .prints("provenance.dsse.json (signed) records sha256 ")
        .prints("tool: kmem: on: the code that turns it on is in the binary");
}

#[test]
fn a_binary_that_is_what_was_published_and_not_proven_is_another_failure() {
    let release = Release::new();
    let tool = release.result.join("tool");
    fs::write(&tool, with_accounting()).unwrap();
    let mut manifest = release.manifest();
    let plan = release.plan();
    let findings = inspect(&tool).unwrap();
    manifest.files[0].checks =
        kmembuild::verify::judge(&findings, None, &plan.outputs[0].expectations);
    manifest.files[0].sha256.clone_from(&findings.sha256);
    manifest.files[0].size = findings.size;
    manifest.files[0].findings = findings;
    fs::write(release.result.join(MANIFEST), canonical_json(&manifest)).unwrap();
    release.attest(true);
    release.index();
    release
        .verify(&release.root)
        .code(16)
        .prints("not proven")
        .says("could not be proven: tool/v1.0.0/");
}

#[test]
fn findings_that_were_embellished_are_found() {
    let release = Release::new();
    let mut manifest = release.manifest();
    manifest.files[0].findings.architecture = Some("s390x".to_owned());
    manifest.files[1].name = "other".to_owned();
    fs::write(release.result.join(MANIFEST), canonical_json(&manifest)).unwrap();
    cover_up(&release);
    let audit = audit(&release.root, &[]).unwrap();
    let about = |file: &str, text: &str| {
        let mut problems = audit.problems.iter();
        let found = problems.any(|one| one.file.ends_with(file) && one.message.contains(text));
        assert!(found, "{file}: {text}: {:#?}", audit.problems);
    };
    about(
        MANIFEST,
        "the recorded architecture of tool does not match the file",
    );
    about("/other", "missing, but listed in");
    about(ENVELOPE, "other is missing from it");
}

#[test]
fn a_plan_and_an_origin_that_were_changed_are_found() {
    let release = Release::new();
    release.attest(false);
    cover_up(&release);
    release.place.workplace.run(&["verify", "dist"]).code(0);

    let statement = release.result.join(PROVENANCE);
    let honest = fs::read_to_string(&statement).unwrap();
    let commit = &release.place.commit;
    assert!(honest.contains(commit.as_str()));
    fs::write(&statement, honest.replace(commit.as_str(), &"0".repeat(40))).unwrap();
    cover_up(&release);
    let changed = release.place.workplace.run(&["verify", "dist"]).code(17);
    changed.prints("the origin that it states does not match");

    fs::write(&statement, &honest).unwrap();
    let mut plan = release.plan();
    plan.outputs[0].expectations.kmem = None;
    fs::write(release.result.join(PLAN), canonical_json(&plan)).unwrap();
    cover_up(&release);
    let changed = release.place.workplace.run(&["verify", "dist"]).code(17);
    changed
        .prints("plan.json")
        .prints(&sha256_hex(canonical_json(&plan).as_bytes()));
}

#[test]
fn a_bill_of_materials_of_other_files_is_found() {
    let release = Release::new();
    let path = release.result.join(SBOM);
    let text = fs::read_to_string(&path).unwrap();
    let sha256 = &release.manifest().files[0].sha256;
    fs::write(&path, text.replace(sha256.as_str(), &"a".repeat(64))).unwrap();
    cover_up(&release);
    let found = release.place.workplace.run(&["verify", "dist"]).code(17);
    found.prints("sbom.cdx.json").prints(&"a".repeat(64));
}

#[test]
fn a_signature_that_is_missing_or_by_somebody_else_is_a_failure() {
    let release = Release::new();
    let folder = release.place.workplace.path();
    let (_, stranger) = pair(folder, "stranger", "ed25519");
    let key = VerifyingKey::read(&stranger).unwrap();
    let arguments = ["verify", "dist", "--key", "stranger.pub"];
    let refused = release.place.workplace.run(&arguments).code(17);
    refused.prints(ENVELOPE).prints(&key.id());
    let either = [&arguments[..], &["--key", "release.pub"]].concat();
    release.place.workplace.run(&either).code(0);

    release.attest(false);
    cover_up(&release);
    release.place.workplace.run(&["verify", "dist"]).code(0);
    let unsigned = release.verify(&release.root).code(17);
    unsigned
        .prints(ENVELOPE)
        .prints("the result is not signed, but a key was given");
}

#[test]
fn an_index_that_names_places_outside_reads_nothing_there() {
    let release = Release::new();
    let index = release.root.join("index.json");
    let text = fs::read_to_string(&index).unwrap();
    let folder = format!("tool/v1.0.0/{}", platform());
    fs::write(&index, text.replace(&folder, "../../../../etc")).unwrap();
    release
        .verify(&release.root)
        .code(17)
        .prints("index.json")
        .prints("../../../../etc/manifest.json");
}

#[test]
fn a_folder_with_nothing_to_check_is_a_usage_error() {
    let release = Release::new();
    let workplace = &release.place.workplace;
    fs::create_dir(workplace.path().join("nothing")).unwrap();
    workplace
        .run(&["verify", "nothing"])
        .code(2)
        .says("nothing is neither a release (it has no index.json) nor a result")
        .says("hint: use the directory of a release");
    workplace
        .run(&["verify", "dist/tool", "--key", "release.pub"])
        .code(2)
        .says("hint: use the directory of a release or of one result, such as dist/tool/v1.0.0/");
    workplace
        .run(&["verify", "/bin/true", "--key", "release.pub"])
        .code(2)
        .says("--key requires the directory");
}

#[test]
fn results_below_a_folder_are_checked_each_by_itself() {
    let release = Release::new();
    let workplace = &release.place.workplace;
    let result = format!("dist/tool/v1.0.0/{}", platform());
    // What a removed index leaves is a release of which something is missing.
    fs::remove_file(release.root.join("index.json")).unwrap();
    workplace.run(&["verify", "dist"]).code(17);
    for entry in fs::read_dir(&release.root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    for folder in ["dist", "dist/tool"] {
        workplace
            .run(&["verify", folder])
            .code(0)
            .prints(&result)
            .prints(&format!(
                "{folder}: 1 result below it, each checked by itself"
            ));
    }
    // Whoever has a key wants to know that nothing is missing.
    workplace
        .run(&["verify", "dist", "--key", "release.pub"])
        .code(2)
        .says("dist is neither a release");
    fs::write(release.result.join("tool"), "another one").unwrap();
    let changed = workplace.run(&["verify", "dist"]).code(17);
    assert!(!changed.stdout.contains("each checked by itself"));
    fs::write(release.root.join("SHA256SUMS"), "").unwrap();
    workplace.run(&["verify", "dist"]).code(2);
}

#[test]
fn what_is_not_there_is_no_failed_check() {
    let workplace = Workplace::new();
    workplace
        .run(&["verify", "nowhere"])
        .code(5)
        .says("could not open nowhere");
    workplace
        .run(&["verify", "/dev/null"])
        .code(5)
        .says("not a regular file");
    workplace.write("text", "no program");
    workplace.run(&["verify", "text"]).code(16);
}
