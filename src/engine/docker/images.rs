//! Images on the engine, imported ones and those of archives.

use std::collections::BTreeMap;

use bollard::body_try_stream;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ImportImageOptions, TagImageOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};

use super::client::Client;
use super::failure::status;
use super::outgoing::ReadFailure;
use crate::engine::{ByteStream, EngineError, Image, ImageContent};

impl Client {
    pub(super) async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let operation = format!("inspect image {reference}");
        let found = match self.docker.inspect_image(reference).await {
            Err(error) if status(&error) == Some(404) => return Ok(None),
            found => found.map_err(|error| self.failed(&operation, error))?,
        };
        let missing = |what| Self::incomplete(&operation, what);
        let config = found.config.unwrap_or_default();
        let layers = found.root_fs.and_then(|root| root.layers);
        Ok(Some(Image {
            id: found.id.ok_or_else(|| missing("id"))?,
            content: ImageContent {
                layers: layers.unwrap_or_default(),
                environment: config.env.unwrap_or_default(),
                architecture: found.architecture.ok_or_else(|| missing("architecture"))?,
            },
            repo_digests: found.repo_digests.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
        }))
    }

    pub(super) async fn tag(&self, image: &str, name: &str) -> Result<(), EngineError> {
        let (repository, tag) = split_name(name);
        let options = TagImageOptionsBuilder::new()
            .repo(repository)
            .tag(tag)
            .build();
        match self.docker.tag_image(image, Some(options)).await {
            Err(error) if status(&error) == Some(404) => Err(EngineError::NoImage {
                image: image.to_owned(),
            }),
            done => done.map_err(|error| self.failed(&format!("tag {image} as {name}"), error)),
        }
    }

    pub(super) async fn import(
        &self,
        root: ByteStream,
        name: &str,
        changes: &[String],
    ) -> Result<String, EngineError> {
        let operation = format!("import image {name}");
        let (repository, tag) = split_name(name);
        let options = CreateImageOptionsBuilder::new()
            .from_src("-")
            .repo(repository)
            .tag(tag)
            .changes(changes.to_vec())
            .build();
        let (root, unreadable) = ReadFailure::watch(root);
        let mut answers =
            self.patient
                .create_image(Some(options), Some(body_try_stream(root)), None);
        let mut id = None;
        while let Some(answer) = answers.next().await {
            let answer = answer
                .map_err(|error| unreadable.or(&operation, self.failed(&operation, error)))?;
            id = answer
                .status
                .filter(|status| status.starts_with("sha256:"))
                .or(id);
        }
        id.ok_or_else(|| Self::incomplete(&operation, "image id"))
    }

    /// The image as an archive.
    pub(super) fn save(&self, image: &str) -> ByteStream {
        let operation = format!("save image {image}");
        // The stream borrows what it is asked of.
        let (client, image) = (self.clone(), image.to_owned());
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            let mut parts = std::pin::pin!(client.patient.export_image(&image));
            while let Some(part) = parts.next().await {
                let part = part.map_err(|error| client.failed(&operation, error));
                if sender
                    .send(part.map_err(std::io::Error::other))
                    .await
                    .is_err()
                {
                    break;
                }
            }
        });
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|part| (part, receiver))
        })
        .boxed()
    }

    /// Loads the images of an archive; the names or ids by which the engine says that it loaded them.
    pub(super) async fn load(
        &self,
        operation: &str,
        archive: ByteStream,
    ) -> Result<Vec<String>, EngineError> {
        let (archive, unreadable) = ReadFailure::watch(archive);
        self.patient
            .import_image(
                ImportImageOptions::default(),
                body_try_stream(archive),
                None,
            )
            .try_fold(String::new(), |said, answer| async move {
                Ok(said + &answer.stream.unwrap_or_default())
            })
            .await
            .map(|said| loaded(&said))
            .map_err(|error| unreadable.or(operation, self.failed(operation, error)))
    }
}

/// What the loader says that it loaded: `Loaded image: NAME`, or `Loaded image ID: sha256:...` of one without a name.
fn loaded(said: &str) -> Vec<String> {
    let names = said.lines().filter_map(|line| {
        let line = line.trim();
        let id = line.strip_prefix("Loaded image ID: ");
        id.or_else(|| line.strip_prefix("Loaded image: "))
    });
    names.map(str::to_owned).collect()
}

/// The configuration of an imported image, as instructions of a Dockerfile.
pub(super) fn instructions(
    environment: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> Vec<String> {
    let instruction = |kind: &'static str| {
        move |(name, value): (&String, &String)| format!("{kind} {name}={}", quoted(value))
    };
    let environment = environment.iter().map(instruction("ENV"));
    environment
        .chain(labels.iter().map(instruction("LABEL")))
        .collect()
}

/// `text` as one word of an instruction.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
    )
}

/// Repository and tag of a name; the colon before a registry's port does not begin a tag.
pub(super) fn split_name(name: &str) -> (&str, &str) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::{instructions, loaded, split_name};

    #[test]
    fn names_are_split_at_the_tag() {
        assert_eq!(split_name("a/b:1"), ("a/b", "1"));
        assert_eq!(split_name("host:5000/b"), ("host:5000/b", "latest"));
        assert_eq!(split_name("host:5000/b:x"), ("host:5000/b", "x"));
    }

    #[test]
    fn the_loader_says_names_and_ids() {
        let said = "Loaded image: local/tool:1\nLoading layer\n Loaded image ID: sha256:0123\r\n";
        assert_eq!(loaded(said), ["local/tool:1", "sha256:0123"]);
        assert_eq!(loaded("Loaded images\n"), Vec::<String>::new());
    }

    #[test]
    fn values_are_quoted() {
        let environment = [("A".to_owned(), r#"b "c" $d \e"#.to_owned())].into();
        let expected = r#"ENV A="b \"c\" \$d \\e""#;
        assert_eq!(instructions(&environment, &[].into()), [expected]);
    }
}
