//! Whole builds by an OCI runtime.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use kmembuild::engine::{
    Address, EngineChoice, LocalSettings, Product, RuntimeSettings, Surroundings, connect,
};
use kmembuild::failure::with_causes;
use kmembuild::transport::ClientSettings;

use super::place::{Place, names};
use crate::support::command::Finished;
use crate::support::preflight::installed;

const SUCCESS: &str = "test -f main.c && touch /cached/objects/one && cp /bin/busybox tool";

#[test]
fn a_build_needs_no_daemon_and_its_result_is_shared() {
    for runtime in ["crun", "runc"] {
        let place = Place::new(runtime, SUCCESS);
        let built = place.build(&[
            "--memory",
            "256MiB",
            "--require-no-network",
            "--require-limits",
        ]);
        built.code(0);
        let manifest = place.manifest();
        let engine = manifest["engine"].as_str().unwrap();
        assert!(engine.starts_with(runtime), "{engine}");
        assert!(
            manifest["image"]["id"]
                .as_str()
                .unwrap()
                .starts_with("sha256:")
        );
        assert_eq!(manifest.get("not-enforced"), None);
        place.nothing_is_left();
        let cached = place.build(&["--memory", "256MiB", "-o", "again"]).code(0);
        assert!(!cached.stderr.contains("step script"), "{cached:?}");
        // What is kept is listed, and goes when it is asked for.
        let list = place
            .workplace
            .run(&["cache", "list", "--engine", "runtime"])
            .code(0);
        assert!(
            list.stdout
                .contains(&format!("kmembuild-{}-objects", place.name)),
            "{list:?}"
        );
        let all = ["clean", "--engine", "runtime", "--caches", "--images"];
        place.workplace.run(&all).code(0);
        for empty in ["images", "caches", "names"] {
            assert_eq!(names(&place.path("cache/runtime").join(empty)), [""; 0]);
        }
    }
}

#[test]
fn a_failed_step_is_kept_on_request_until_it_is_cleaned() {
    for runtime in ["crun", "runc"] {
        let place = Place::new(runtime, "echo half > tool; exit 4");
        let failed = place.build(&["--keep"]).code(14);
        let said = failed
            .says("exit code 4")
            .says("kmembuild clean")
            .stderr
            .clone();
        // The command that the hint names looks into it.
        let begin = said.find("enter the container with `").expect("a hint") + 26;
        let line = said[begin..].split('`').next().expect("a command");
        let line = line
            .replace("--tty ", "")
            .replace("/bin/sh", "cat /work/deep/src/tool");
        let output = installed("sh").args(["-c", &line]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "half\n",
            "{line}: {output:?}"
        );
        place
            .workplace
            .run(&["clean", "--runtime", runtime])
            .code(0);
        place.nothing_is_left();
        place.build(&[]).code(14);
        place.nothing_is_left();
    }
}

#[test]
fn what_it_cannot_do_is_refused_before_the_work() {
    let place = Place::new("runc", SUCCESS);
    let run = |words: &[&str]| -> Finished {
        let common = [&*place.name, "--recipe-dir", "recipes", "--tag", "v1.0.0"];
        place.workplace.run(&[&common, words].concat())
    };
    // The image of the recipe is of a registry that is not there.
    run(&["--engine", "runtime", "--mirror", "127.0.0.1:1"])
        .code(12)
        .says("could not pull 127.0.0.1:1/")
        .says("--image debian needs no registry");
    run(&["--runtime", "/bin/true", "--image-archive", "image.tar"])
        .code(12)
        .says("the OCI runtime /bin/true does not work");
    run(&["--runtime", "runc", "--engine", "docker"]).code(2);
    run(&["--runtime", "runc", "--host", "unix:///a"]).code(2);
    place.nothing_is_left();
}

#[tokio::test]
async fn it_takes_the_place_of_an_engine_that_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let around = |in_container, search: Option<OsString>| Surroundings {
        address: Address {
            host: Some("unix:///nowhere/docker.sock".to_owned()),
            ..Address::default()
        },
        client: ClientSettings::default(),
        runtime: RuntimeSettings {
            directory: folder.path().join("runtime"),
            keeper: env!("CARGO_BIN_EXE_kmembuild").into(),
            program: None,
            search,
            client: ClientSettings::default(),
            instead_of: None,
        },
        local: LocalSettings {
            directory: folder.path().join("local"),
            supervisor: env!("CARGO_BIN_EXE_kmembuild").into(),
            environment: BTreeMap::new(),
            instead_of: None,
            held: None,
        },
        cluster: Box::default(),
        in_container,
    };
    let path = std::env::var_os("PATH");
    let chosen = connect(EngineChoice::Auto, around(false, path.clone())).await;
    let chosen = chosen.unwrap();
    let info = chosen.describe();
    assert_eq!(info.product, Product::Runtime);
    assert!(info.version.starts_with("crun "), "{info:?}");
    assert!(
        info.instead_of
            .as_ref()
            .unwrap()
            .contains("unix:///nowhere")
    );
    // A container with the toolchain needs no other one.
    let chosen = connect(EngineChoice::Auto, around(true, path)).await;
    assert_eq!(chosen.unwrap().describe().product, Product::Local);
    let none = connect(EngineChoice::Auto, around(false, None)).await;
    let said = with_causes(&none.expect_err("there is none"));
    for expected in [
        "docker: no container engine answers",
        "runtime: no OCI runtime found",
        "local: this is not a container",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

/// Where no cgroups can be made, nothing limits a build, and nobody claims it.
#[test]
fn limits_that_nothing_keeps_are_not_claimed() {
    let place = Place::new("crun", SUCCESS);
    let run = |further: &[&str]| -> Finished {
        let script = r#"mount -t tmpfs -o ro none /sys/fs/cgroup && exec "$@""#;
        let own = [
            &*place.name,
            "--recipe-dir",
            "recipes",
            "--tag",
            "v1.0.0",
            "--image-archive",
            "image.tar",
            "--memory",
            "256MiB",
            "--runtime",
        ];
        let program = installed("unshare").get_program().to_owned();
        let mut command = std::process::Command::new(program);
        command.args([
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_kmembuild"),
        ]);
        let mut command = place.workplace.set_up(command, &own);
        command.args(further).output().unwrap().into()
    };
    run(&["crun", "--require-limits"])
        .code(12)
        .says("leave out --require-limits");
    run(&["runc"])
        .code(12)
        .says("it requires cgroups, which cannot be made here");
    run(&["crun"])
        .code(0)
        .says("nothing keeps the steps within the limits");
    assert_eq!(
        place.manifest()["not-enforced"],
        serde_json::json!(["limits"])
    );
    place.nothing_is_left();
}

/// A file system on which no overlay can be mounted has the image copied.
#[test]
fn without_an_overlay_the_image_is_copied() {
    let place = Place::new("runc", SUCCESS);
    let over = place.path("over");
    for name in ["lower", "upper", "work", "merged"] {
        fs::create_dir_all(over.join(name)).unwrap();
    }
    // An overlay cannot be the upper layer of another one.
    let script = r#"cd "$1" && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged && cd - >/dev/null && shift && exec "$@""#;
    let mut command = installed("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command.arg(&over).arg(env!("CARGO_BIN_EXE_kmembuild"));
    let words = [
        &*place.name,
        "--recipe-dir",
        "recipes",
        "--tag",
        "v1.0.0",
        "--image-archive",
        "image.tar",
        "--runtime",
        "runc",
    ];
    let mut command = place.workplace.set_up(command, &words);
    command.env("KMEMBUILD_CACHE_DIR", over.join("merged/cache"));
    let built: Finished = command.output().unwrap().into();
    built.code(0);
    place.nothing_is_left();
}

/// An unpacked image that is not what was unpacked is found, and removed on request.
#[test]
fn a_damaged_image_is_found() {
    for place in [
        Place::new("crun", SUCCESS),
        Place::of_ordinary_user("crun", SUCCESS),
    ] {
        place.build(&[]).code(0);
        let verify = |further: &[&str]| -> Finished {
            let words = ["cache", "verify", "--engine", "runtime"];
            place.run(&[&words, further].concat())
        };
        verify(&[])
            .code(0)
            .prints("1 result and 1 unpacked image, all intact");
        let images = place.path("cache/runtime/images");
        let image = names(&images)[0].clone();
        let file = images.join(&image).join("root/bin/busybox");
        let mut whole = fs::read(&file).unwrap();
        *whole.last_mut().unwrap() ^= 1;
        fs::write(&file, whole).unwrap();
        verify(&[])
            .code(17)
            .prints(&format!(
                "DAMAGED image sha256:{image}: its files are not those"
            ))
            .says("1 of 1 result and 1 unpacked image damaged");
        let removed = verify(&["--remove", "--format", "json"]).code(17);
        let document: serde_json::Value = serde_json::from_str(&removed.stdout).unwrap();
        assert_eq!(document["damaged-images"][0]["removed"], true);
        assert_eq!(names(&images), [""; 0]);
        place.build(&["--no-cache"]).code(0);
        verify(&[]).code(0);
    }
}
