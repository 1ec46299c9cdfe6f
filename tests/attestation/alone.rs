//! What is proved, and by what: without a key, and for one result that is not in its release.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use kmembuild::artifacts::{BUILD_LOG, MANIFEST, Manifest, PLAN};
use kmembuild::attestation::VerifyingKey;
use kmembuild::plan::{Plan, canonical_json};
use kmembuild::verify::{inspect, judge};

use super::release::Release;
use crate::scripted::program::{that_prints, with_accounting};
use crate::support::checksums::write_checksums;
use crate::support::command::Finished;

/// Rewrites the manifest and the plan, and everything that is derived from them, as somebody without the key can.
fn forge(release: &Release, change: impl FnOnce(&mut Manifest, &mut Plan)) {
    let (mut manifest, mut plan) = (release.manifest(), release.plan());
    change(&mut manifest, &mut plan);
    for file in &mut manifest.files {
        let findings = inspect(&release.result.join(&file.name)).unwrap();
        let output = plan.outputs.iter().find(|output| output.name == file.name);
        let expectations = output.map(|output| output.expectations.clone());
        let version = file
            .checks
            .iter()
            .find(|check| check.name.to_string() == "version");
        let mut checks = judge(&findings, None, &expectations.unwrap_or_default());
        for check in &mut checks {
            if let Some(version) = version.filter(|version| version.name == check.name) {
                *check = version.clone();
            }
        }
        (file.size, file.sha256) = (findings.size, findings.sha256.clone());
        (file.findings, file.checks) = (findings, checks);
    }
    let text = canonical_json(&plan);
    manifest.plan_sha256 = kmembuild::checksum::sha256_hex(text.as_bytes());
    fs::write(release.result.join(PLAN), text).unwrap();
    fs::write(release.result.join(MANIFEST), canonical_json(&manifest)).unwrap();
    release.attest(false);
    release.index();
}

fn unkeyed(release: &Release) -> Finished {
    release.place.workplace.run(&["verify", "dist"])
}

#[test]
fn without_a_key_the_content_decides_whatever_was_recorded() {
    let release = Release::new();
    forge(&release, |_, _| {});
    unkeyed(&release)
        .code(0)
        .prints("proved by sums only")
        .prints("nobody vouches for them, because no key was given (--key)")
        .prints("version not run");
    // The plan asks for nothing, and the manifest has found nothing wrong.
    fs::write(release.result.join("tool"), with_accounting()).unwrap();
    forge(&release, |_, plan| plan.outputs[0].expectations.kmem = None);
    unkeyed(&release)
        .code(16)
        .prints("tool: kmem: on: the code that turns it on is in the binary")
        .says("could not be proven");
    // Nor does the plan have that output at all, as with --all-outputs.
    forge(&release, |_, plan| {
        plan.outputs.remove(0);
    });
    unkeyed(&release).code(16).prints("tool: kmem: on");
}

#[test]
fn without_a_key_what_makes_cgroups_must_be_proven_whatever_the_plan_says() {
    for name in ["runc", "kubelet"] {
        let release = Release::new();
        fs::remove_file(release.result.join("tool")).unwrap();
        fs::write(release.result.join(name), that_prints("1.0.0")).unwrap();
        forge(&release, |manifest, plan| {
            name.clone_into(&mut manifest.files[0].name);
            name.clone_into(&mut plan.outputs[0].name);
            plan.outputs[0].expectations.kmem = None;
        });
        let unproven = unkeyed(&release).code(16);
        unproven.prints(&format!("{name}: kmem: unknown"));
    }
}

#[test]
fn without_a_key_a_program_that_no_manifest_names_is_refused() {
    let release = Release::new();
    fs::write(release.result.join("runc"), with_accounting()).unwrap();
    forge(&release, |_, _| {});
    unkeyed(&release)
        .code(17)
        .prints("runc: a program that manifest.json does not name");
    fs::write(release.result.join("runc"), "a package").unwrap();
    forge(&release, |_, _| {});
    unkeyed(&release)
        .code(0)
        .prints("runc: what is in it was not checked; without a key nothing vouches for it");
}

#[test]
fn the_key_that_vouches_is_named() {
    let release = Release::new();
    let id = VerifyingKey::read(&release.public).unwrap().id();
    for folder in [&release.root, &release.result] {
        release
            .verify(folder)
            .code(0)
            .prints("proved by signature: every file is as it was signed by the key")
            .prints(&id);
    }
    let key = release.public.to_str().unwrap();
    let words = ["verify", "dist", "--key", key, "--format", "json"];
    let document = release.place.workplace.run(&words).code(0);
    let document: serde_json::Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(
        document["folders"][0]["vouched-by"],
        serde_json::json!([id])
    );
    // What is wrong is not proved.
    fs::write(release.result.join(BUILD_LOG), "another\n").unwrap();
    let changed = release.verify(&release.root).code(17);
    assert!(!changed.stdout.contains("proved by"), "{changed:?}");
}

/// The sums of a result alone are not signed: each of these changes has right ones.
#[test]
fn a_result_alone_is_held_against_what_is_signed() {
    let release = Release::new();
    let result = &release.result;
    let log = result.join(BUILD_LOG);
    let honest = fs::read(&log).unwrap();
    fs::write(&log, "nothing happened\n").unwrap();
    write_checksums(result);
    release
        .verify(result)
        .code(17)
        .prints("build.log")
        .prints("(signed) records sha256");
    fs::write(&log, &honest).unwrap();
    for name in ["README", "runc", "SHA256SUMS.minisig", "provenance.json"] {
        fs::write(result.join(name), "{}").unwrap();
        write_checksums(result);
        release.verify(result).code(17).prints(&format!(
            "{name}: not signed: provenance.dsse.json does not name it"
        ));
        fs::remove_file(result.join(name)).unwrap();
    }
    fs::create_dir(result.join("bin")).unwrap();
    fs::write(result.join("bin/runc"), with_accounting()).unwrap();
    release
        .verify(result)
        .code(17)
        .prints("bin/runc: not signed");
    fs::remove_dir_all(result.join("bin")).unwrap();
    fs::remove_file(&log).unwrap();
    write_checksums(result);
    release.verify(result).code(17).prints("build.log: missing");
    fs::write(&log, &honest).unwrap();
    write_checksums(result);
    release.verify(result).code(0);
}

#[test]
fn a_mode_that_gives_more_than_was_published_is_found() {
    let release = Release::new();
    let set = |name: &str, mode: u32| {
        let path = release.result.join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (name, honest, more) in [
        ("tool", 0o755, &[0o4755, 0o2755, 0o1755, 0o775, 0o757][..]),
        (MANIFEST, 0o644, &[0o4644, 0o664, 0o646]),
        (BUILD_LOG, 0o644, &[0o666, 0o2644]),
    ] {
        for mode in more {
            set(name, *mode);
            let said =
                format!("{name}: its mode is {mode:o}, but it was published with {honest:o}");
            for folder in [&release.root, &release.result] {
                release.verify(folder).code(17).prints(&said);
            }
            release.place.workplace.run(&["verify", "dist"]).code(17);
        }
        set(name, honest);
    }
    // What a download makes of it.
    set("tool", 0o644);
    release
        .verify(&release.result)
        .code(0)
        .prints("tool: its mode is 644, but it was published with 755");
}
