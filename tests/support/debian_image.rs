//! The image that the tests' containers are made from.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;
use std::sync::OnceLock;

use futures_util::StreamExt;
use kmembuild::engine::{Address, ImageSource, connect_docker};
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::docker_command::docker;
use super::recorder::Recorder;

/// The image's name on the engine. It stays there for the next run of the tests.
const NAME: &str = "kmembuild-test/debian:bullseye-essential";

/// Id of a minimal Debian 11 with shell, coreutils, perl and tar, made from Debian's archive when the engine does
/// not have it. No registry is asked.
pub fn debian_image() -> String {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        // A thread of its own: tests call this within a runtime, where another one cannot be waited for.
        std::thread::spawn(|| {
            tokio::runtime::Runtime::new()
                .expect("a runtime starts")
                .block_on(find_or_make())
        })
        .join()
        .expect("the Debian image is made")
    })
    .clone()
}

async fn find_or_make() -> String {
    // Several test processes may want it at once.
    let lock = File::create(std::env::temp_dir().join("kmembuild-test-debian.lock"))
        .expect("the lock file can be made");
    lock.lock().expect("the lock can be taken");
    let engine = connect_docker(&Address::default(), None)
        .await
        .expect("these tests need a running container engine");
    if let Some(image) = engine.image(NAME).await.expect("the engine can be asked") {
        return image.id;
    }
    let mut bootstrap = tokio::process::Command::new("mmdebstrap")
        .args(["--quiet", "--variant=essential", "bullseye", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("mmdebstrap starts");
    let root = ReaderStream::with_capacity(bootstrap.stdout.take().unwrap(), 1 << 16).boxed();
    // Only a whole image gets the name that is looked for.
    let unchecked = format!("{NAME}-unchecked");
    let source = ImageSource::RootFs {
        archive: root,
        environment: BTreeMap::new(),
        labels: [("io.kmembuild.test".to_owned(), "debian".to_owned())].into(),
    };
    let image = engine
        .provide(
            &unchecked,
            source,
            &Recorder::default(),
            &CancellationToken::new(),
        )
        .await
        .expect("the image is made")
        .expect("nothing stops it");
    let status = bootstrap.wait().await.expect("mmdebstrap ends");
    if status.success() {
        let docker = engine.as_docker().expect("it is Docker");
        docker
            .tag(&image.id, NAME)
            .await
            .expect("the image is named");
    }
    docker(&["rmi", &unchecked]);
    assert!(status.success(), "mmdebstrap: {status}");
    image.id
}
