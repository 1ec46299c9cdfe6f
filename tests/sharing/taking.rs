//! What one machine builds, others take.

use std::fs;

use super::machine::{Team, of_tool, warnings, without_images};
use crate::attestation::openssl::pair;
use crate::scripted::place::BUILD;
use crate::scripted::upstream::recipe;
use crate::support::registry::Registry;
use crate::support::scripted_engine::Pull;

#[test]
fn what_one_machine_built_another_takes() {
    let (team, registry) = (Team::new(), Registry::start());
    let caches = [
        format!("{}/team/cache", registry.address),
        team.layout("shared"),
    ];
    for (number, cache) in caches.iter().enumerate() {
        let builder = team.machine(format!("builder{number}"));
        builder
            .put(cache)
            .code(0)
            .says(&format!("put into the shared cache {cache}"));
        let before = team.containers();
        let taker = team.machine(format!("taker{number}"));
        let finished = taker
            .take(cache)
            .code(0)
            .says(&format!(
                "taken from the shared cache {cache}, signed by the key "
            ))
            .prints("taken from the cache");
        assert_eq!(warnings(&finished), Vec::<&str>::new());
        assert_eq!(team.containers(), before, "nothing was built");
        assert_eq!(taker.result(), builder.result());
        // Now it is this machine's own, and is not asked for again.
        fs::remove_dir_all(taker.path().join("dist")).expect("removed");
        let again = taker.take(cache).code(0);
        assert!(!again.stderr.contains("shared cache"), "{}", again.stderr);
        taker.nothing_half();
        // It is there already, whoever puts it.
        let again = builder.put(cache).code(0);
        assert!(!again.stderr.contains("put into"), "{}", again.stderr);
        let again = taker
            .build(&[
                "--cache-from",
                cache,
                "--cache-to",
                cache,
                "--cache-key",
                &team.public,
                "--sign-key",
                &team.private,
            ])
            .code(0);
        assert!(!again.stderr.contains("put into"), "{}", again.stderr);
    }
}

#[test]
fn a_cache_that_is_not_there_yet_is_an_empty_one() {
    let (team, registry) = (Team::new(), Registry::start());
    for (number, cache) in [
        format!("{}/nobody/knows", registry.address),
        team.layout("nowhere"),
    ]
    .iter()
    .enumerate()
    {
        let machine = team.machine(format!("machine{number}"));
        let built = machine.take(cache).code(0).prints(", built -> ");
        assert_eq!(warnings(&built), Vec::<&str>::new());
    }
    assert!(!team.place.workplace.path().join("nowhere").exists());
}

#[test]
fn nothing_is_taken_or_put_without_a_key() {
    let team = Team::new();
    let machine = team.machine("machine");
    let cache = team.layout("shared");
    machine
        .build(&["--cache-from", &cache])
        .code(2)
        .says("are taken only when they are signed by a key that you trust, and none was named")
        .says("--cache-key FILE");
    machine
        .build(&["--cache-to", &cache])
        .code(2)
        .says("has to be signed, and no signing key was given")
        .says("--sign-key FILE");
    // A signing key does not say whose results are taken.
    let own = ["--cache-from", &cache, "--sign-key", &team.private];
    machine.build(&own).code(2).says("none was named");
    machine.configure(&format!("format: 1\ncache-from: ['{cache}']\n"));
    machine.build(&[]).code(2).says("none was named");
    machine
        .build(&["--cache-key", "nowhere.pub"])
        .code(2)
        .says("nowhere.pub");
    assert!(!machine.path().join("dist").exists());
    for wrong in ["cache", "registry.example/a:latest", "type=gha"] {
        machine.build(&["--cache-from", wrong]).code(2);
    }
    let release = ["release", "--merge", "--cache-from", &cache];
    team.place.workplace.write(
        "release.yaml",
        "format: 1\ntargets: [{recipe: tool, versions: [v1.0.0]}]\n",
    );
    machine.run(&release).code(2).says("none was named");
    let nothing = team.machine("nothing");
    nothing
        .run(&["release", "--merge"])
        .code(2)
        .says("neither directories of parts nor a shared cache");
}

#[test]
fn the_configuration_names_them_as_well() {
    let team = Team::new();
    let cache = team.layout("shared");
    let builder = team.machine("builder");
    builder.configure(&format!("format: 1\ncache-to: ['{cache}']\n"));
    builder
        .build(&["--sign-key", &team.private])
        .code(0)
        .says("put into the shared cache");
    assert!(of_tool(&builder).join("provenance.dsse.json").exists());
    let taker = team.machine("taker");
    let path = team.place.workplace.path().join("shared");
    let of_buildx = format!("type=local,src={}", path.display());
    taker.configure(&format!(
        "format: 1\ncache-from: ['{of_buildx}']\ncache-keys: [keys/team.pub]\n"
    ));
    let key = fs::read_to_string(&team.public).expect("a key");
    team.place
        .workplace
        .write("taker/config/keys/team.pub", &key);
    taker.build(&[]).code(0).says("taken from the shared cache");
    assert_eq!(taker.result(), builder.result());
    // Without a network a directory can still be asked.
    let offline = team.machine("offline");
    // The source has to be in the store.
    let plan = [&["plan"], &BUILD[..]].concat();
    offline.run(&plan).code(0);
    let nowhere = crate::support::registry::free_address();
    let nowhere = format!("{nowhere}/cache");
    offline
        .build(&[
            "--offline",
            "--cache-from",
            &nowhere,
            "--cache-from",
            &cache,
            "--cache-key",
            &team.public,
        ])
        .code(0)
        .says("taken from the shared cache oci:");
}

#[test]
fn a_plan_says_what_a_shared_cache_has() {
    let team = Team::new();
    let cache = team.layout("shared");
    team.machine("builder").put(&cache).code(0);
    let asker = team.machine("asker");
    let words = [
        &["plan"],
        &BUILD[..],
        &["--cache-from", &cache, "--cache-key", &team.public],
    ]
    .concat();
    asker.run(&words).code(0).prints("in the cache");
    let plan = [&["plan"], &BUILD[..]].concat();
    asker.run(&plan).code(0).prints("to be built");
}

#[test]
fn what_others_signed_is_in_nobodys_way() {
    let team = Team::new();
    let cache = team.layout("shared");
    let (other, other_public) = pair(team.place.workplace.path(), "other", "ed25519");
    let (other, other_public) = (other.to_str().unwrap(), other_public.to_str().unwrap());
    let stranger = team.machine("stranger");
    stranger
        .build(&["--cache-to", &cache, "--sign-key", other])
        .code(0);
    // Of another key there is nothing for this team.
    let taker = team.machine("taker");
    let built = taker.take(&cache).code(0).prints(", built -> ");
    assert_eq!(warnings(&built), Vec::<&str>::new());
    let builder = team.machine("builder");
    builder
        .put(&cache)
        .code(0)
        .says("put into the shared cache");
    let second = team.machine("second");
    second.take(&cache).code(0).says("taken from the shared");
    assert_eq!(second.result(), builder.result());
    // One of several keys is enough.
    let third = team.machine("third");
    let of_stranger = [
        "--cache-from",
        &cache,
        "--cache-key",
        other_public,
        "--cache-key",
        &team.public,
    ];
    third.build(&of_stranger).code(0).says("taken from");
    assert_eq!(third.result(), stranger.result());
}

#[test]
fn a_new_build_replaces_what_is_there() {
    let team = Team::new();
    let cache = team.layout("shared");
    let builder = team.machine("builder");
    builder.put(&cache).code(0);
    let again = [
        "--no-cache",
        "--cache-to",
        &cache,
        "--sign-key",
        &team.private,
    ];
    builder.build(&again).code(0).says("put into the shared");
    let taker = team.machine("taker");
    taker.take(&cache).code(0);
    assert_eq!(taker.result(), builder.result());
}

#[test]
fn a_damaged_own_result_is_fetched_again() {
    let team = Team::new();
    let cache = team.layout("shared");
    team.machine("builder").put(&cache).code(0);
    let taker = team.machine("taker");
    taker.take(&cache).code(0);
    let key = taker.key();
    let own = taker.path().join("cache/results").join(key).join("tool");
    fs::write(&own, "another").expect("written");
    fs::remove_dir_all(taker.path().join("dist")).expect("removed");
    let before = team.containers();
    taker
        .take(&cache)
        .code(0)
        .says("the cached result is corrupt")
        .says("taken from the shared cache");
    assert_eq!(team.containers(), before);
}

#[test]
fn an_engine_without_the_image_is_enough_with_a_lock_file() {
    let (team, registry) = (Team::new(), Registry::start());
    let cache = format!("{}/team/cache", registry.address);
    team.place.workplace.write(
        "release.yaml",
        "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
         targets: [{recipe: tool, versions: [v1.0.0]}]\n",
    );
    let builder = team.machine("builder");
    builder.run(&["lock"]).code(0);
    let to = [
        "release",
        "--locked",
        "--output",
        "builder/dist",
        "--cache-to",
        &cache,
        "--sign-key",
        &team.private,
    ];
    builder.run(&to).code(0).says("put into the shared cache");
    let engine = without_images();
    let taker = team.machine_with("taker", engine.address());
    let from = [
        "release",
        "--locked",
        "--output",
        "taker/dist",
        "--cache-from",
        &cache,
        "--cache-key",
        &team.public,
    ];
    taker.run(&from).code(0).says("taken from the shared cache");
    assert_eq!(taker.result(), builder.result());
    for asked in ["/images/create", "/build", "/containers/create"] {
        assert!(!engine.was_asked(asked), "{asked}");
    }
}

#[test]
fn an_engine_without_the_image_is_enough_where_the_cache_knows_it() {
    let team = Team::new();
    let cache = team.layout("shared");
    let golang = ("golang:1".to_owned(), Pull::Succeeds);
    team.place
        .engine
        .change(|script| script.pulls = [golang].into());
    let builder = team.machine("builder");
    let lean = ["--image", "lean"];
    let put = [
        &lean[..],
        &["--cache-to", &cache, "--sign-key", &team.private],
    ]
    .concat();
    builder.build(&put).code(0);
    let engine = without_images();
    let taker = team.machine_with("taker", engine.address());
    let take = [
        &lean[..],
        &["--cache-from", &cache, "--cache-key", &team.public],
    ]
    .concat();
    taker.build(&take).code(0).says("taken from the shared");
    assert_eq!(taker.result(), builder.result());
    for asked in ["/images/create", "/build", "/containers/create"] {
        assert!(!engine.was_asked(asked), "{asked}");
    }
    // Nobody else's word counts: without the key of who made it, the image has to be made.
    let (_, other) = pair(team.place.workplace.path(), "other", "ed25519");
    let stranger = team.machine_with("stranger", engine.address());
    let words = [
        &lean[..],
        &[
            "--cache-from",
            &cache,
            "--cache-key",
            other.to_str().unwrap(),
        ],
    ]
    .concat();
    stranger.build(&words).code(12).says("golang:1");
}

#[test]
fn a_directory_that_is_full_can_still_be_read() {
    let team = Team::new();
    let cache = team.layout("shared");
    let builder = team.machine("builder");
    builder.put(&cache).code(0);
    let path = team.place.workplace.path().join("shared/index.json");
    let text = fs::read_to_string(&path).expect("an index");
    let mut index: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let entries = index["manifests"].as_array_mut().expect("entries");
    let mut number = 0;
    while entries.len() < 4096 {
        let mut entry = entries[0].clone();
        entry["annotations"]["org.opencontainers.image.ref.name"] = format!("n{number}").into();
        entries.push(entry);
        number += 1;
    }
    fs::write(&path, index.to_string()).expect("written");
    let text = recipe(&team.place.commit).replace("name: tool\n", "name: other\n");
    team.place.workplace.write("recipes/other.yaml", &text);
    let words = [
        "other",
        "--tag",
        "v1.0.0",
        "--source",
        "upstream",
        "--cache-to",
        &cache,
        "--sign-key",
        &team.private,
    ];
    let refused = team.machine("second").run(&words).code(0);
    assert_eq!(warnings(&refused).len(), 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("has more than 4095 entries"),
        "{}",
        refused.stderr
    );
    let taker = team.machine("taker");
    taker.take(&cache).code(0).says("taken from the shared");
}
