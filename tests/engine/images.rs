//! Images that are made, loaded and named.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kmembuild::engine::{
    Address, Cache, ClientSettings, Engine, EngineError, GuestPath, Image, ImageBuild, ImageSource,
    LABEL_RUN, SessionSpec, Workdir, connect_docker,
};
use kmembuild::facts::read_archive;
use tokio_util::sync::CancellationToken;

use crate::support::archive::{bytes_of, entries, stream_of, whole};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::docker;
use crate::support::recorder::Recorder;
use crate::support::scratch::{Scratch, run};

fn built(scratch: &Scratch) -> String {
    format!("{}:built", scratch.run)
}

fn by_dockerfile(scratch: &Scratch, instructions: &str) -> ImageSource {
    let dockerfile = format!("FROM {}\n{instructions}", debian_image());
    ImageSource::Dockerfile(ImageBuild {
        context: stream_of(&[
            ("build/Dockerfile", 0o644, dockerfile.as_bytes()),
            ("data", 0o644, b"from the context\n"),
        ]),
        dockerfile: "build/Dockerfile".to_owned(),
        arguments: [("WHO".to_owned(), "world".to_owned())].into(),
        labels: scratch.labels(),
        memory: Some(3 << 30),
    })
}

async fn provide(
    engine: &dyn Engine,
    name: &str,
    source: ImageSource,
) -> Result<Option<Image>, EngineError> {
    let cancel = CancellationToken::new();
    engine
        .provide(name, source, &Recorder::default(), &cancel)
        .await
}

#[tokio::test]
async fn an_image_is_built_and_its_sessions_ignore_its_entry_point() {
    let scratch = Scratch::new("build");
    let engine = Scratch::engine().await;
    let recorder = Recorder::default();
    let instructions = "ARG WHO\nCOPY data /data\nVOLUME /anonymous\nENTRYPOINT [\"/nonesuch\"]\nUSER nobody\n\
        RUN echo hello $WHO; cat /data; cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n";
    let image = engine
        .provide(
            &built(&scratch),
            by_dockerfile(&scratch, instructions),
            &recorder,
            &CancellationToken::new(),
        )
        .await
        .unwrap()
        .expect("nothing stopped it");
    let lines = recorder.lines();
    for expected in ["hello world", "from the context", "3221225472"] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}: {lines:?}"
        );
    }
    let named = engine.image(&built(&scratch)).await.unwrap();
    assert_eq!(named.as_ref(), Some(&image));
    assert!(image.id.starts_with("sha256:"), "{image:?}");
    assert_eq!(image.labels[LABEL_RUN], scratch.run);

    // Neither the entry point nor the user of the image matter, and its anonymous volumes go with the container.
    let named = format!("{}-kept", scratch.run);
    let mut spec = scratch.spec();
    spec.image = image.id;
    spec.caches = vec![Cache {
        key: named.clone(),
        path: GuestPath::new("/kept/here"),
    }];
    spec.workdir = Workdir::OfImage(GuestPath::new("/kept/here/work"));
    let session = engine.open(&spec).await.unwrap();
    let (_, lines) = run(
        &*session,
        "id -u; cd /kept/here/work && touch me; grep -c ' /anonymous ' /proc/mounts",
    )
    .await;
    assert_eq!(lines, ["0", "1"]);
    let anonymous = docker(&[
        "inspect",
        "-f",
        "{{range .Mounts}}{{.Name}} {{end}}",
        session.id(),
    ]);
    session.close().await.unwrap();
    session.close().await.unwrap();
    let volumes = docker(&["volume", "ls", "-q"]);
    let left: Vec<&str> = anonymous
        .split_whitespace()
        .filter(|name| volumes.lines().any(|line| line == *name))
        .collect();
    assert_eq!(left, [named.as_str()]);
    let labels = docker(&["volume", "inspect", "-f", "{{json .Labels}}", &named]);
    assert!(labels.contains(&scratch.run), "{labels}");
}

#[tokio::test]
async fn a_build_that_fails_has_the_builders_word() {
    let scratch = Scratch::new("build-fails");
    let engine = Scratch::engine().await;
    for (instructions, word) in [
        (
            "RUN printf 'oops' >&2; exit 7\n",
            "returned a non-zero code: 7",
        ),
        ("NONSENSE\n", "NONSENSE"),
    ] {
        let recorder = Recorder::default();
        let error = engine
            .provide(
                &built(&scratch),
                by_dockerfile(&scratch, instructions),
                &recorder,
                &CancellationToken::new(),
            )
            .await
            .unwrap_err();
        let EngineError::ImageBuild { image, message } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*image, built(&scratch));
        assert!(message.contains(word), "{message}");
        if word.contains('7') {
            let lines = recorder.lines();
            assert!(lines.iter().any(|line| line.contains("oops")), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_stopped_build_leaves_no_container_and_touches_no_other() {
    let scratch = Scratch::new("build-stopped");
    let engine = Scratch::engine().await;
    let bystander = engine.open(&scratch.spec()).await.unwrap();
    let id = &bystander.id()[..12];
    // The builder's containers have no labels of the build yet, so they are known by what they run.
    let sleeping = format!("sleep 300.{}", std::process::id());
    // The first word is the builder's own for a container that it made.
    let instructions = format!("RUN echo ' ---> Running in {id}'; echo asleep; {sleeping}\n");
    let recorder = Recorder::default();
    let cancel = CancellationToken::new();
    let stop_when_asleep = async {
        while !recorder.lines().iter().any(|line| line == "asleep") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(docker(&LIST).contains(&sleeping));
        cancel.cancel();
    };
    let name = built(&scratch);
    let source = by_dockerfile(&scratch, &instructions);
    let building = engine.provide(&name, source, &recorder, &cancel);
    let (image, ()) = tokio::join!(building, stop_when_asleep);
    assert_eq!(image.unwrap(), None);
    let left = docker(&LIST);
    assert!(!left.contains(&sleeping), "{left}");
    assert!(left.contains(id), "{left}");
    let told = recorder.lines();
    let bystanders = format!(" ---> Running in {id}");
    assert!(told.contains(&bystanders), "{told:?}");
    bystander.close().await.unwrap();
}

const LIST: [&str; 5] = ["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Command}}"];

#[tokio::test]
async fn an_imported_image_is_configured_and_can_be_saved_and_loaded() {
    let scratch = Scratch::new("import");
    let engine = Scratch::engine().await;
    let name = format!("{}:imported", scratch.run);
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let source = ImageSource::RootFs {
        archive: stream_of(&[("hello", 0o755, b"hi")]),
        environment: [value("A", "b c"), value("D", "e")].into(),
        labels: scratch.labels(),
    };
    let image = provide(&*engine, &name, source).await.unwrap().unwrap();
    let id = &image.id;
    assert_eq!(engine.image(&name).await.unwrap().as_ref(), Some(&image));
    assert_eq!(image.content.architecture, engine.describe().architecture);
    assert_eq!(image.content.layers.len(), 1);
    let environment = &image.content.environment;
    assert!(environment.ends_with(&["A=b c".to_owned(), "D=e".to_owned()]));
    assert_eq!(image.labels[LABEL_RUN], scratch.run);

    let docker_api = engine.as_docker().unwrap();
    let further = format!("{}:further", scratch.run);
    docker_api.tag(id, &further).await.unwrap();
    assert_eq!(engine.image(&further).await.unwrap().unwrap().id, *id);
    let missing = docker_api.tag("kmembuild-test/nonesuch:1", &further).await;
    assert!(
        matches!(missing, Err(EngineError::NoImage { .. })),
        "{missing:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    for what in [&name, id] {
        let file = folder.path().join("saved.tar");
        docker(&["save", "-o", file.to_str().unwrap(), what]);
        docker(&["rmi", "-f", id]);
        assert_eq!(engine.image(id).await.unwrap(), None);
        let source = ImageSource::Archive { file, layers: None };
        let loaded = provide(&*engine, id, source).await.unwrap().unwrap();
        assert_eq!(
            (loaded.id, loaded.content),
            (id.clone(), image.content.clone())
        );
    }
    let other = format!("sha256:{}", "0".repeat(64));
    let file = folder.path().join("saved.tar");
    let missing = provide(
        &*engine,
        &other,
        ImageSource::Archive { file, layers: None },
    )
    .await;
    assert!(
        matches!(missing, Err(EngineError::NoImage { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn what_is_no_archive_is_refused() {
    let scratch = Scratch::new("no-archive");
    let engine = Scratch::engine().await;
    let noise = Bytes::from(vec![b'x'; 4096]);
    let source = ImageSource::RootFs {
        archive: whole(noise.clone()),
        environment: BTreeMap::new(),
        labels: scratch.labels(),
    };
    let imported = provide(&*engine, &format!("{}:1", scratch.run), source).await;
    assert!(
        matches!(imported, Err(EngineError::Refused { .. })),
        "{imported:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise");
    std::fs::write(&file, &noise).unwrap();
    let loaded = provide(
        &*engine,
        "sha256:0",
        ImageSource::Archive { file, layers: None },
    )
    .await;
    assert!(
        matches!(loaded, Err(EngineError::Refused { .. })),
        "{loaded:?}"
    );
    let file = folder.path().join("none");
    let missing = provide(
        &*engine,
        "sha256:0",
        ImageSource::Archive { file, layers: None },
    )
    .await;
    assert!(
        matches!(missing, Err(EngineError::Unreadable { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_build_sees_the_proxies_of_the_docker_command_and_its_image_does_not() {
    let scratch = Scratch::new("proxies");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let config = r#"{"proxies": {"default": {"httpProxy": "http://proxy.example:3128", "noProxy": "inside.example"}}}"#;
    std::fs::write(&file, config).unwrap();
    let settings = ClientSettings {
        file: Some(file),
        ..ClientSettings::default()
    };
    let engine = connect_docker(&Address::default(), Some(settings)).await;
    let engine = engine.unwrap();
    let recorder = Recorder::default();
    let source = by_dockerfile(&scratch, "RUN env | grep -i proxy | sort\n");
    let cancel = CancellationToken::new();
    let name = built(&scratch);
    let building = engine.provide(&name, source, &recorder, &cancel);
    let image = building.await.unwrap().unwrap();
    let lines = recorder.lines();
    for expected in [
        "HTTP_PROXY=http://proxy.example:3128",
        "http_proxy=http://proxy.example:3128",
        "NO_PROXY=inside.example",
        "no_proxy=inside.example",
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}: {lines:?}"
        );
    }
    let history = docker(&["history", "--no-trunc", &image.id]);
    let inspected = docker(&["inspect", &image.id]);
    for text in [&history, &inspected] {
        assert!(!text.contains("proxy.example"), "{text}");
    }
    assert!(
        image
            .content
            .environment
            .iter()
            .all(|value| !value.contains("PROXY"))
    );
}

#[tokio::test]
async fn a_file_comes_out_of_an_image_without_any_program() {
    let scratch = Scratch::new("bare");
    let engine = Scratch::engine().await;
    let name = format!("{}:1", scratch.run);
    let source = ImageSource::RootFs {
        archive: stream_of(&[("data", 0o640, b"what is in it")]),
        environment: BTreeMap::new(),
        labels: scratch.labels(),
    };
    let image = provide(&*engine, &name, source).await.unwrap().unwrap();
    let spec = SessionSpec {
        image: image.id,
        ..scratch.spec()
    };
    let donor = engine.open_to_copy(&spec).await.unwrap();
    let file = donor.get(&GuestPath::new("/data")).await.unwrap();
    let expected = ("data".to_owned(), 0o640, b"what is in it".to_vec());
    assert_eq!(entries(file).await, [expected]);
    let missing = donor.get(&GuestPath::new("/nonesuch")).await.err();
    assert!(matches!(missing, Some(EngineError::NotInSession { .. })));
    donor.close().await.unwrap();
    let left = docker(&["ps", "-a", "-q", "--filter", &format!("name={}", spec.name)]);
    assert_eq!(left, "");
    // Nothing in it could have been started.
    assert!(engine.open(&spec).await.is_err());
}

/// As crane and kaniko write it: the configuration is called by its digest, the layer has no directory.
#[tokio::test]
async fn an_archive_of_another_program_is_loaded() {
    let scratch = Scratch::new("crane");
    let engine = Scratch::engine().await;
    let layer = bytes_of(&[("hello", 0o644, b"hi")]);
    let digest = |bytes: &[u8]| kmembuild::checksum::sha256_hex(bytes);
    let label = format!(r#""{LABEL_RUN}": "{}""#, scratch.run);
    let config = format!(
        r#"{{"architecture": "{}", "os": "linux", "config": {{"Labels": {{{label}}}}}, "rootfs": {{"type": "layers", "diff_ids": ["sha256:{}"]}}}}"#,
        engine.describe().architecture,
        digest(&layer),
    );
    let config_name = format!("sha256:{}", digest(config.as_bytes()));
    let layer_name = format!("{}.tar", digest(&layer));
    for tags in ["null".to_owned(), format!(r#"["{}:2"]"#, scratch.run)] {
        let manifest = format!(
            r#"[{{"Config": "{config_name}", "RepoTags": {tags}, "Layers": ["{layer_name}"]}}]"#
        );
        let archive = bytes_of(&[
            (config_name.as_str(), 0o644, config.as_bytes()),
            (layer_name.as_str(), 0o644, &layer),
            ("manifest.json", 0o644, manifest.as_bytes()),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image.tar");
        std::fs::write(&file, archive).unwrap();
        let archived = read_archive(&file).unwrap();
        assert_eq!(archived.id, config_name);
        let layers = Some(archived.layers);
        let source = ImageSource::Archive { file, layers };
        let image = provide(&*engine, &archived.id, source).await.unwrap();
        assert_eq!(image.unwrap().id, archived.id, "{tags}");
        docker(&["rmi", "-f", &archived.id]);
    }
}
