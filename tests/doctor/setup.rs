//! What an engine tells of itself, and what is made of it.

use kmembuild::engine::{Address, Capabilities, EngineInfo, Product, Setup};
use kmembuild::environment::Proxies;
use kmembuild::host::doctor::{EngineReading, Level, Line, judge_engine};
use serde_json::json;

use super::told_engine::ToldEngine;

/// How an engine is set up that nothing is to be said about.
pub(crate) fn good() -> Setup {
    Setup {
        storage_driver: Some("overlay2".to_owned()),
        root_folder: Some("/var/lib/docker".to_owned()),
        has_bridge: true,
        ..Setup::default()
    }
}

/// What was read of a local engine with this API, set-up and free disk space.
pub(crate) fn reading(api: &str, setup: Setup, free_disk: Option<u64>) -> EngineReading {
    let address = "unix:///run/docker.sock".to_owned();
    let info = EngineInfo {
        product: Product::Docker,
        instead_of: None,
        capabilities: Capabilities {
            gets_images: true,
            limits_processors: true,
            builds_dockerfile: true,
            cuts_network: true,
            limits_memory: true,
            keeps_caches: true,
            has_host_socket: true,
        },
        version: "18.09.9".to_owned(),
        api_version: api.to_owned(),
        architecture: "amd64".to_owned(),
        address: address.clone(),
    };
    EngineReading {
        address,
        info: Ok(info),
        setup: Some(Ok(setup)),
        lost_bridge: None,
        free_disk,
    }
}

/// The lines about that engine; `user`: the proxies of the environment.
fn lines(api: &str, setup: Setup, user: &Proxies) -> Vec<Line> {
    judge_engine(&reading(api, setup, None), user)
}

/// Asserts how one line is, what it says, and what it advises, which is nothing where `remedy` is empty.
#[track_caller]
fn assert_line(lines: &[Line], check: &str, level: Level, found: &str, remedy: &str) {
    let line = lines.iter().find(|line| line.check == check);
    let line = line.expect("a line");
    assert_eq!(line.level, level, "{line:?}");
    assert!(line.found.contains(found), "{line:?}");
    let advice = line.remedy.as_deref().unwrap_or_default();
    assert_eq!(remedy.is_empty(), advice.is_empty(), "{line:?}");
    assert!(advice.contains(remedy), "{line:?}");
}

#[test]
fn the_interface_has_to_be_new_enough_for_the_lean_image() {
    for (api, level, remedy) in [
        ("1.28", Level::Warn, "`--image lean` requires Docker 17.05"),
        ("1.29", Level::Ok, ""),
        ("1.41", Level::Ok, ""),
        ("2.0", Level::Ok, ""),
        ("strange", Level::Ok, ""),
    ] {
        let found = format!("18.09.9, API {api}, amd64, at unix:///run/docker.sock");
        let lines = lines(api, good(), &Proxies::default());
        assert_line(&lines, "engine", level, &found, remedy);
    }
}

#[test]
fn storage_and_bridge_are_judged_by_what_they_cost_a_build() {
    let driver = |name: &str| Setup {
        storage_driver: Some(name.to_owned()),
        ..good()
    };
    let bridge = |has_bridge, forwards| Setup {
        has_bridge,
        forwards,
        ..good()
    };
    let (storage, network) = ("storage-driver", "default-bridge");
    for (setup, check, level, found, remedy) in [
        (
            good(),
            storage,
            Level::Ok,
            "overlay2, in /var/lib/docker",
            "",
        ),
        (driver("vfs"), storage, Level::Warn, "vfs", "full copy"),
        (driver("devicemapper"), storage, Level::Warn, "", "10 GiB"),
        (Setup::default(), storage, Level::Ok, "unknown", ""),
        (good(), network, Level::Ok, "available", ""),
        (bridge(true, Some(true)), network, Level::Ok, "", ""),
        (
            bridge(true, Some(false)),
            network,
            Level::Warn,
            "",
            "sysctl",
        ),
        (
            bridge(false, None),
            network,
            Level::Warn,
            "",
            "--bridge=none",
        ),
    ] {
        let lines = lines("1.41", setup, &Proxies::default());
        assert_line(&lines, check, level, found, remedy);
    }
}

#[test]
fn proxies_of_the_engine_are_told_without_passwords() {
    let user = Proxies {
        https: "http://proxy:3128".to_owned(),
        ..Proxies::default()
    };
    let none = "none: the engine pulls images directly";
    let nobody = Proxies::default();
    let check = "engine-proxies";
    assert_line(&lines("1.41", good(), &nobody), check, Level::Ok, none, "");
    let lacking = lines("1.41", good(), &user);
    assert_line(&lacking, check, Level::Warn, none, "set HTTPS_PROXY");
    let setup = Setup {
        http_proxy: "http://me:secret@one:1".to_owned(),
        https_proxy: "http://two:2".to_owned(),
        no_proxy: "localhost".to_owned(),
        ..good()
    };
    let found = "http: http://one:1, https: http://two:2, except localhost";
    assert_line(&lines("1.41", setup, &user), check, Level::Ok, found, "");
}

#[tokio::test]
async fn registries_that_the_engine_treats_in_another_way_are_read() {
    let engine = ToldEngine::start(&json!({
        "MemTotal": 1,
        "Driver": "overlay2",
        "DockerRootDir": "/nowhere/docker",
        "RegistryConfig": {
            "Mirrors": ["https://mirror.example.com/"],
            "InsecureRegistryCIDRs": ["127.0.0.0/8"],
            "IndexConfigs": {
                "docker.io": {"Name": "docker.io", "Secure": true, "Official": true},
                "registry.example.com:5000": {"Secure": false},
            },
        },
    }));
    let address = Address {
        host: Some(engine.address()),
        ..Address::default()
    };
    let reading = EngineReading::read(&address).await;
    let setup = reading.setup().expect("an answer");
    assert_eq!(setup.hub_mirrors, ["https://mirror.example.com/"]);
    let insecure = ["127.0.0.0/8", "registry.example.com:5000"];
    assert_eq!(setup.insecure_registries, insecure);
    assert!(setup.has_bridge);
    // Its folder is not one of this host.
    assert_eq!(reading.free_disk, None);
}
