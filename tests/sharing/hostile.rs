//! Shared caches that fail, or hold something else than they should: nothing wrong is published, and the build goes on.

use std::fs;
use std::path::Path;

use kmembuild::artifacts::cache::EntryFile;
use kmembuild::attestation::{SigningKey, VerifyingKey, sign};
use kmembuild::checksum::sha256_hex;
use kmembuild::delivery::shared_cache::{SharedCache, SharedCacheSettings, SharedResult};
use kmembuild::events::{Event, Note};
use kmembuild::plan::canonical_json;
use kmembuild::transport::{Access, BlobSource, Descriptor, Document, EMPTY, EMPTY_TYPE, Manifest};

use super::machine::{Machine, Team, of_tool, warnings};
use crate::attestation::openssl::pair;
use crate::scripted::program::{with_accounting, without_accounting};
use crate::scripted::upstream::recipe;
use crate::support::command::Finished;
use crate::support::hostile_registry::{Asked, Conduct, HostileRegistry};
use crate::support::recorder::Recorder;
use crate::support::registry::{Registry, free_address};
use crate::transport::content::{open, tag};

/// What becomes of a request.
type Decide = fn(&Asked) -> Conduct;
/// Changes the files of a result in a directory.
type Change = fn(&Path);

/// A machine that does not wait for long.
fn impatient<'a>(team: &'a Team, name: &str) -> Machine<'a> {
    let machine = team.machine(name);
    machine.configure("format: 1\nstall-timeout: 1s\n");
    machine
}

/// Asserts that it was built here, and that one line says why.
#[track_caller]
fn built_with_one_line(machine: &Machine<'_>, finished: Finished, why: &str) {
    let finished = finished.code(0).prints(", built -> ");
    let said = warnings(&finished);
    assert_eq!(said.len(), 1, "{}", finished.stderr);
    assert!(said[0].contains(why), "{}", said[0]);
    let tool = fs::read(of_tool(machine).join("tool")).expect("a program");
    assert_eq!(tool, without_accounting());
    machine.nothing_half();
}

fn is_blob(asked: &Asked) -> bool {
    asked.path.contains("/blobs/sha256:")
}

fn is_manifest(asked: &Asked) -> bool {
    asked.path.contains("/manifests/")
}

#[test]
fn a_registry_that_fails_is_left_with_one_line() {
    let (team, registry) = (Team::new(), Registry::start());
    team.machine("builder")
        .put(&format!("{}/team/cache", registry.address))
        .code(0);
    let left = "going on without the shared cache";
    let unused = "was not used";
    let cases: [(&str, &str, Decide); 9] = [
        ("500", left, |_| {
            Conduct::Answer("500 Internal Server Error", String::new())
        }),
        ("later", left, |_| {
            Conduct::Answer("429 Too Many Requests", "retry-after: 3600\r\n".to_owned())
        }),
        ("refused", left, |_| {
            Conduct::Answer("403 Forbidden", String::new())
        }),
        ("silent", left, |_| Conduct::Silence),
        ("stalls", left, |asked| {
            if is_blob(asked) {
                Conduct::Stall(3)
            } else {
                Conduct::Pass
            }
        }),
        ("breaks", left, |asked| {
            if is_blob(asked) {
                Conduct::Truncate(1)
            } else {
                Conduct::Pass
            }
        }),
        ("other-blob", unused, |asked| {
            if is_blob(asked) {
                Conduct::Body(vec![b'x'; 1 << 20])
            } else {
                Conduct::Pass
            }
        }),
        ("no-manifest", unused, |asked| {
            if is_manifest(asked) {
                Conduct::Body(b"[[[[".to_vec())
            } else {
                Conduct::Pass
            }
        }),
        ("gone-blob", unused, |asked| {
            if is_blob(asked) {
                Conduct::Answer("404 Not Found", String::new())
            } else {
                Conduct::Pass
            }
        }),
    ];
    for (name, why, conduct) in cases {
        let proxy = HostileRegistry::start(&registry.address, conduct);
        let machine = impatient(&team, name);
        let finished = machine.take(&format!("{}/team/cache", proxy.address));
        built_with_one_line(&machine, finished, why);
    }
    let nowhere = impatient(&team, "nowhere");
    let finished = nowhere.take(&format!("{}/team/cache", free_address()));
    built_with_one_line(&nowhere, finished, left);
    // Nor are there two lines where it is both read and written.
    let both = impatient(&team, "both");
    let nobody = format!("{}/team/cache", free_address());
    let finished = both.build(&[
        "--cache-from",
        &nobody,
        "--cache-to",
        &nobody,
        "--cache-key",
        &team.public,
        "--sign-key",
        &team.private,
    ]);
    built_with_one_line(&both, finished, left);
    // A file of the result is another one: everything else came well.
    let program = sha256_hex(&without_accounting());
    let proxy = HostileRegistry::start(&registry.address, move |asked| {
        if is_blob(asked) && asked.path.contains(&program) {
            let mut changed = without_accounting();
            changed[5000] ^= 1;
            Conduct::Body(changed)
        } else {
            Conduct::Pass
        }
    });
    let machine = impatient(&team, "other-program");
    let finished = machine.take(&format!("{}/team/cache", proxy.address));
    built_with_one_line(&machine, finished, "gave other content for sha256:");
}

#[test]
fn a_registry_that_takes_nothing_changes_nothing_for_the_result() {
    let (team, registry) = (Team::new(), Registry::start());
    for (name, status) in [
        ("broken", "500 Internal Server Error"),
        ("denied", "403 Forbidden"),
    ] {
        let proxy = HostileRegistry::start(&registry.address, move |asked| {
            if asked.method == "PUT" || asked.method == "POST" {
                Conduct::Answer(status, String::new())
            } else {
                Conduct::Pass
            }
        });
        let machine = impatient(&team, name);
        let finished = machine.put(&format!("{}/team/cache", proxy.address));
        built_with_one_line(&machine, finished, "going on without the shared cache");
    }
    // Nothing has a name there.
    let taker = team.machine("taker");
    let cache = format!("{}/team/cache", registry.address);
    taker.take(&cache).code(0).prints(", built -> ");
}

/// The tag of what the team has signed under that name.
fn tag_of(team: &Team, name: &str) -> String {
    let key = VerifyingKey::read(Path::new(&team.public)).expect("a key");
    format!("{name}-{}", &key.id()[..32])
}

/// Gives another name to what is in a cache.
async fn rename(cache: &str, from: &str, to: &str) {
    let sink = Recorder::default();
    let at = open(cache, Access::Write, &sink).await;
    let document = at.document(&tag(from)).await.expect("it is there");
    at.put_document(&document, Some(to)).await.expect("renamed");
}

#[tokio::test]
async fn an_earlier_result_under_another_key_is_never_taken() {
    let (team, registry) = (Team::new(), Registry::start());
    for (number, cache) in [
        format!("{}/team/cache", registry.address),
        team.layout("shared"),
    ]
    .iter()
    .enumerate()
    {
        // What is asked for, and what is served again in its place: signed by the right key, as another result.
        let wanted = team.machine(format!("wanted{number}"));
        wanted.build(&[]).code(0);
        let earlier = team.machine(format!("earlier{number}"));
        let text = recipe(&team.place.commit).replace("name: tool\n", "name: older\n");
        team.place.workplace.write("recipes/older.yaml", &text);
        let words = [
            "older",
            "--tag",
            "v1.0.0",
            "--source",
            "upstream",
            "--cache-to",
            cache,
            "--sign-key",
            &team.private,
        ];
        earlier.run(&words).code(0);
        assert_ne!(wanted.key(), earlier.key());
        rename(
            cache,
            &tag_of(&team, &earlier.key()),
            &tag_of(&team, &wanted.key()),
        )
        .await;
        let machine = team.machine(format!("taker{number}"));
        let finished = machine.take(cache);
        let said = format!(
            "it is signed as result {}, not as result {}",
            earlier.key(),
            wanted.key()
        );
        built_with_one_line(&machine, finished, &said);
        assert_eq!(machine.key(), wanted.key());
        // The next one that builds it puts it right.
        machine.put(cache).code(0).says("put into the shared cache");
        let next = team.machine(format!("next{number}"));
        next.take(cache).code(0).says("taken from the shared cache");
    }
}

#[tokio::test]
async fn a_signature_of_another_key_is_refused() {
    let team = Team::new();
    let cache = team.layout("shared");
    let (other, other_public) = pair(team.place.workplace.path(), "other", "ed25519");
    let stranger = team.machine("stranger");
    let words = ["--cache-to", &cache, "--sign-key", other.to_str().unwrap()];
    stranger.build(&words).code(0);
    let key = VerifyingKey::read(&other_public).expect("a key");
    let of_stranger = format!("{}-{}", stranger.key(), &key.id()[..32]);
    rename(&cache, &of_stranger, &tag_of(&team, &stranger.key())).await;
    let machine = team.machine("taker");
    let finished = machine.take(&cache);
    built_with_one_line(&machine, finished, "not signed by the key");
}

/// The shared cache of a team, from inside.
fn cache_of(team: &Team, cache: &str) -> SharedCache {
    let key = SigningKey::read(Path::new(&team.private)).expect("a key");
    let settings = SharedCacheSettings {
        to: vec![cache.parse().expect("a cache")],
        signing: Some(key.into()),
        ..SharedCacheSettings::default()
    };
    SharedCache::new(settings).expect("it can be used")
}

/// Signs what is in a directory as the result of that key, whatever it is.
async fn sign_as(team: &Team, cache: &str, key: &str, folder: &Path) {
    let names = fs::read_dir(folder).expect("a directory");
    let files = names.map(|entry| {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        EntryFile {
            mode: if ["tool", "reader"].contains(&name.as_str()) {
                0o755
            } else {
                0o644
            },
            size: bytes.len() as u64,
            sha256: sha256_hex(&bytes),
            name,
        }
    });
    let platform = crate::scripted::place::platform();
    let result = SharedResult::new(key, ["tool", "v1.0.0", &platform], files.collect());
    let sink = Recorder::default();
    cache_of(team, cache)
        .push(&[0], &result, folder, &sink)
        .await;
    let is_put = |event: &Event| matches!(event, Event::Note(Note::ToShared(_)));
    assert!(sink.events().iter().any(is_put), "{:?}", sink.events());
}

/// A copy of what a machine has in its cache, to be changed.
fn copy_of_kept(machine: &Machine<'_>, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    let from = machine.path().join("cache/results").join(machine.key());
    for entry in fs::read_dir(from).expect("an entry") {
        let entry = entry.expect("a file");
        if entry.file_name() != "entry.json" {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

/// Replaces a text in a file.
fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a text");
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replace(from, to)).expect("written");
}

#[tokio::test]
async fn what_a_trusted_key_signed_is_judged_all_the_same() {
    let team = Team::new();
    let builder = team.machine("builder");
    builder.build(&[]).code(0);
    let key = builder.key();
    let cases: [(&str, &str, Change); 6] = [
        // A program that turns accounting on, with everything that says otherwise made to fit.
        ("accounting", "tool: kmem:", |folder| {
            let (good, bad) = (without_accounting(), with_accounting());
            fs::write(folder.join("tool"), &bad).expect("written");
            fs::write(folder.join("reader"), &bad).expect("written");
            let manifest = folder.join("manifest.json");
            replace(&manifest, &sha256_hex(&good), &sha256_hex(&bad));
            let size = |bytes: &[u8]| format!("\"size\": {}", bytes.len());
            replace(&manifest, &size(&good), &size(&bad));
        }),
        (
            "program",
            "its files are not those of its manifest",
            |folder| {
                fs::write(folder.join("tool"), with_accounting()).expect("written");
            },
        ),
        (
            "missing",
            "its files are not those of its manifest",
            |folder| {
                fs::remove_file(folder.join("sbom.cdx.json")).expect("removed");
            },
        ),
        (
            "more",
            "its files are not those of its manifest",
            |folder| {
                fs::write(folder.join("more"), "more").expect("written");
            },
        ),
        (
            "plan",
            "its plan is not the one of its manifest",
            |folder| {
                replace(&folder.join("plan.json"), "./configure", "./reconfigure");
            },
        ),
        // The plan of another result, with a manifest that fits to it.
        ("other-plan", "have the content key", |folder| {
            let plan = folder.join("plan.json");
            let before = sha256_hex(&fs::read(&plan).expect("a plan"));
            replace(&plan, "./configure", "./reconfigure");
            let after = sha256_hex(&fs::read(&plan).expect("a plan"));
            replace(&folder.join("manifest.json"), &before, &after);
        }),
    ];
    for (name, why, change) in cases {
        let cache = team.layout(&format!("cache-{name}"));
        let folder = team.place.workplace.path().join(format!("copy-{name}"));
        copy_of_kept(&builder, &folder);
        change(&folder);
        sign_as(&team, &cache, &key, &folder).await;
        let machine = team.machine(name);
        let finished = machine.take(&cache);
        built_with_one_line(&machine, finished, why);
    }
    // What was not changed is taken: it was the changes that were refused.
    let cache = team.layout("cache-good");
    let folder = team.place.workplace.path().join("copy-good");
    copy_of_kept(&builder, &folder);
    sign_as(&team, &cache, &key, &folder).await;
    let machine = team.machine("good");
    machine.take(&cache).code(0).says("taken from the shared");
}

/// Puts a text that the team's key signed, without any files.
async fn put_statement(cache: &str, name: &str, team: &Team, text: &str) {
    let key = SigningKey::read(Path::new(&team.private)).expect("a key");
    let kind = "application/vnd.kmembuild.cached-result.v1+json";
    let envelope = canonical_json(&sign(text.as_bytes(), kind, &key));
    let sink = Recorder::default();
    let at = open(cache, Access::Write, &sink).await;
    let layer = Descriptor::of("application/vnd.dsse.envelope.v1+json", envelope.as_bytes());
    let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
    for (blob, bytes) in [(&layer, envelope.into_bytes()), (&empty, EMPTY.to_vec())] {
        let source = BlobSource::Bytes(bytes.into());
        at.put(blob, &source, None).await.expect("a blob");
    }
    let document = Document::from(Manifest::of_artifact("application/x", vec![layer]));
    at.put_document(&document, Some(name)).await.expect("a tag");
}

#[tokio::test]
async fn names_in_a_statement_lead_nowhere() {
    let team = Team::new();
    let builder = team.machine("builder");
    builder.build(&[]).code(0);
    let key = builder.key();
    for (number, name) in [
        "../escaped",
        "/escaped",
        "a/../../escaped",
        ".hidden",
        "a\nb",
    ]
    .iter()
    .enumerate()
    {
        let cache = team.layout(&format!("cache{number}"));
        let file = EntryFile {
            name: (*name).to_owned(),
            size: 1,
            mode: 0o644,
            sha256: sha256_hex(b"x"),
        };
        let platform = crate::scripted::place::platform();
        let result = SharedResult::new(&key, ["tool", "v1.0.0", &platform], vec![file]);
        put_statement(
            &cache,
            &tag_of(&team, &key),
            &team,
            &canonical_json(&result),
        )
        .await;
        let machine = team.machine(format!("machine{number}"));
        let finished = machine.take(&cache);
        built_with_one_line(&machine, finished, "its signed statement has the file name");
        assert!(!team.place.workplace.path().join("escaped").exists());
    }
}
