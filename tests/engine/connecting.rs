//! Addresses, first connections and what an engine says of itself.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use kmembuild::engine::{
    Address, AddressProblem, ConnectFailure, EngineError, Product, connect_docker,
};

use crate::support::docker_command::docker;
use crate::support::registry::{SilentRegistry, free_address};
use crate::support::scratch::Scratch;

async fn failure_at(host: &str) -> EngineError {
    let address = Address {
        host: Some(host.to_owned()),
        request_timeout: Duration::from_secs(1),
        ..Address::default()
    };
    connect_docker(&address, None)
        .await
        .expect_err("no engine is there")
}

#[tokio::test]
async fn engine_describes_itself() {
    let engine = Scratch::engine().await;
    let info = engine.describe();
    assert_eq!(info.product, Product::Docker);
    assert_eq!(
        info.version,
        format!(
            "Docker Engine {}",
            docker(&["version", "-f", "{{.Server.Version}}"])
        )
    );
    assert_eq!(
        info.architecture,
        docker(&["version", "-f", "{{.Server.Arch}}"])
    );
    assert_eq!(
        info.api_version,
        docker(&["version", "-f", "{{.Server.APIVersion}}"])
    );
    assert_eq!(info.address, "unix:///var/run/docker.sock");
}

#[tokio::test]
async fn engine_tells_how_it_is_set_up() {
    let engine = Scratch::engine().await;
    let setup = engine.as_docker().unwrap().setup().await.unwrap();
    let told = |field: &str| docker(&["info", "-f", &format!("{{{{.{field}}}}}")]);
    assert_eq!(setup.storage_driver, Some(told("Driver")));
    assert_eq!(setup.root_folder, Some(told("DockerRootDir")));
    assert_eq!(setup.cgroup_version, Some(told("CgroupVersion")));
    assert_eq!(
        setup.memory.map(|bytes| bytes.to_string()),
        Some(told("MemTotal"))
    );
    assert_eq!(setup.http_proxy, told("HTTPProxy"));
    let networks = docker(&["network", "ls", "--format", "{{.Name}}"]);
    assert_eq!(
        setup.has_bridge,
        networks.lines().any(|name| name == "bridge")
    );
}

#[tokio::test]
async fn an_address_that_cannot_work_is_not_tried() {
    for host in ["/var/run/docker.sock", "ftp://a", "tcp://", "tcp://a b"] {
        assert!(
            matches!(failure_at(host).await, EngineError::InvalidAddress { address, .. } if address == host),
            "{host}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let address = Address {
        host: Some("tcp://localhost".to_owned()),
        tls_verify: true,
        cert_path: Some(folder.path().to_owned()),
        ..Address::default()
    };
    assert!(matches!(
        connect_docker(&address, None).await,
        Err(EngineError::InvalidAddress {
            source: AddressProblem::Certificates { .. },
            ..
        })
    ));
}

#[tokio::test]
async fn each_kind_of_unreachable_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("unix://{}", folder.path().join(name).display());
    let source = |error| match error {
        EngineError::Unreachable { source, .. } => source,
        other => panic!("{other:?}"),
    };

    let missing = source(failure_at(&at("missing.sock")).await);
    assert!(
        matches!(missing, ConnectFailure::NoSocket { .. }),
        "{missing:?}"
    );

    drop(UnixListener::bind(folder.path().join("dead.sock")).unwrap());
    let dead = source(failure_at(&at("dead.sock")).await);
    assert!(
        matches!(dead, ConnectFailure::ConnectionRefused { .. }),
        "{dead:?}"
    );

    let refused = source(failure_at(&format!("tcp://{}", free_address())).await);
    assert!(
        matches!(refused, ConnectFailure::ConnectionRefused { .. }),
        "{refused:?}"
    );

    let silent = SilentRegistry::start();
    let silent = source(failure_at(&format!("tcp://{}", silent.address)).await);
    assert!(
        matches!(silent, ConnectFailure::Silent { .. }),
        "{silent:?}"
    );
}
