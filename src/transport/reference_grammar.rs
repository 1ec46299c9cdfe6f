//! What a reference and its parts are made of: the grammar of the distribution specification, and of layouts on the disk.

use std::str::FromStr;

use super::digest::Digest;
use super::reference::{ArtifactName, Place, Reference, ReferenceError, RepositoryName, Scheme};

/// Longest reference in characters; registries take repositories of 255.
const LONGEST: usize = 1024;
/// Longest repository in characters.
const LONGEST_REPOSITORY: usize = 255;
/// Longest tag in characters.
const LONGEST_TAG: usize = 128;

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let refused = |at, reason| ReferenceError {
            text: text.to_owned(),
            at,
            reason,
        };
        if text.len() > LONGEST {
            return Err(refused(LONGEST, "a reference has at most 1024 characters"));
        }
        let parsed = match text.strip_prefix("oci:") {
            Some(rest) => layout(rest, 4),
            None => repository(text),
        };
        parsed.map_err(|(at, reason)| refused(at, reason))
    }
}

impl ArtifactName {
    /// The tag `text`.
    ///
    /// # Errors
    /// [`ReferenceError`] for one that registries do not take.
    pub fn tag(text: &str) -> Result<Self, ReferenceError> {
        match check_tag(text) {
            Ok(()) => Ok(Self::Tag(text.to_owned())),
            Err((at, reason)) => Err(ReferenceError {
                text: text.to_owned(),
                at,
                reason,
            }),
        }
    }
}

impl Reference {
    /// The image `text` as the docker command names it: without a registry it is of Docker Hub, without a tag `latest`.
    ///
    /// # Errors
    /// [`ReferenceError`].
    pub fn of_image(text: &str) -> Result<Self, ReferenceError> {
        let has_registry = text
            .split_once('/')
            .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
        let whole = match (has_registry, text.split_once('/')) {
            (true, _) => text.to_owned(),
            (false, Some(_)) => format!("docker.io/{text}"),
            (false, None) => format!("docker.io/library/{text}"),
        };
        let mut reference: Self = whole.parse()?;
        if let Place::Repository(repository) = &mut reference.place
            && repository.registry == "docker.io"
            && !repository.repository.contains('/')
        {
            repository.repository = format!("library/{}", repository.repository);
        }
        reference
            .name
            .get_or_insert(ArtifactName::Tag("latest".to_owned()));
        Ok(reference)
    }
}

/// Where a text is wrong, in bytes from its beginning, and why.
type Wrong = (usize, &'static str);

/// A layout: `rest` is what follows `oci:`, which has `offset` bytes.
fn layout(rest: &str, offset: usize) -> Result<Reference, Wrong> {
    let (path, name) = if let Some((path, digest)) = rest.rsplit_once('@') {
        let at = offset + path.len() + 1;
        (path, Some(ArtifactName::Digest(parse_digest(digest, at)?)))
    } else {
        // A tag has no slash, so a colon before one belongs to the path.
        match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => {
                let tag = parse_tag(tag, offset + path.len() + 1)?;
                (path, Some(ArtifactName::Tag(tag)))
            }
            _ => (rest, None),
        }
    };
    if path.is_empty() {
        return Err((offset, "a directory is required after oci:"));
    }
    if let Some(at) = path.find(char::is_control) {
        return Err((offset + at, "a directory has no control characters"));
    }
    let place = Place::Layout(path.into());
    Ok(Reference { place, name })
}

/// A repository of a registry.
fn repository(text: &str) -> Result<Reference, Wrong> {
    let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
        (Scheme::Https, rest)
    } else if let Some(rest) = text.strip_prefix("http://") {
        (Scheme::Http, rest)
    } else {
        (Scheme::ByHost, text)
    };
    let offset = text.len() - rest.len();
    let Some((registry, path)) = rest.split_once('/') else {
        return Err((
            text.len(),
            "a registry and a repository are required, as in registry.example/team/runc, or oci:DIR",
        ));
    };
    check_registry(registry, offset, scheme)?;
    let offset = offset + registry.len() + 1;
    let (path, name) = if let Some((path, digest)) = path.split_once('@') {
        let digest = parse_digest(digest, offset + path.len() + 1)?;
        // With both a tag and a digest, the digest counts; the tag must still be one.
        let path = match path.split_once(':') {
            Some((path, tag)) => {
                parse_tag(tag, offset + path.len() + 1)?;
                path
            }
            None => path,
        };
        (path, Some(ArtifactName::Digest(digest)))
    } else {
        match path.split_once(':') {
            Some((path, tag)) => {
                let tag = parse_tag(tag, offset + path.len() + 1)?;
                (path, Some(ArtifactName::Tag(tag)))
            }
            None => (path, None),
        }
    };
    check_repository(path, offset)?;
    let place = Place::Repository(RepositoryName {
        registry: registry.to_owned(),
        repository: path.to_owned(),
        scheme,
    });
    Ok(Reference { place, name })
}

fn check_registry(registry: &str, offset: usize, scheme: Scheme) -> Result<(), Wrong> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    if host.is_empty() {
        return Err((offset, "the host of a registry is required"));
    }
    if let Some(port) = port {
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        if !is_port || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err((
                offset + host.len() + 1,
                "a port is a number from 1 to 65535",
            ));
        }
    }
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err((offset + 1, "only an IPv6 address stands in brackets")),
        };
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if let Some(at) = host.find(|c| !allowed(c)) {
        return Err((
            offset + at,
            "a registry's host has only letters, digits, '.' and '-'",
        ));
    }
    let mut at = offset;
    for label in host.split('.') {
        if label.is_empty() || label.starts_with('-') {
            return Err((at, "a part of a host begins with a letter or digit"));
        }
        if label.ends_with('-') {
            return Err((
                at + label.len() - 1,
                "a part of a host ends with a letter or digit",
            ));
        }
        at += label.len() + 1;
    }
    // As docker tells a registry from the first part of a repository, unless it is named as one.
    let is_named = scheme != Scheme::ByHost;
    if is_named || host.contains('.') || port.is_some() || host == "localhost" {
        Ok(())
    } else {
        Err((
            offset,
            "the registry is required first, with a '.' or a port in it, as in registry.example/team/runc",
        ))
    }
}

fn check_repository(path: &str, offset: usize) -> Result<(), Wrong> {
    if path.len() > LONGEST_REPOSITORY {
        return Err((
            offset + LONGEST_REPOSITORY,
            "a repository has at most 255 characters",
        ));
    }
    let mut at = offset;
    for part in path.split('/') {
        check_part(part, at)?;
        at += part.len() + 1;
    }
    Ok(())
}

/// Lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn check_part(part: &str, offset: usize) -> Result<(), Wrong> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let Some(&last) = bytes.last() else {
        return Err((offset, "a part of a repository must not be empty"));
    };
    let mut from = 0;
    while from < bytes.len() {
        let byte = bytes[from];
        if is_plain(byte) {
            from += 1;
            continue;
        }
        if byte.is_ascii_uppercase() {
            return Err((offset + from, "a repository has no upper-case letters"));
        }
        if !b"._-".contains(&byte) {
            return Err((
                offset + from,
                "a repository has only lower-case letters, digits, '.', '_', '-' and '/'",
            ));
        }
        let run = bytes[from..]
            .iter()
            .take_while(|other| b"._-".contains(other));
        let run = &bytes[from..from + run.count()];
        let is_separator =
            run == b"." || run == b"_" || run == b"__" || run.iter().all(|byte| *byte == b'-');
        if from == 0 || !is_separator {
            return Err((
                offset + from,
                "in a repository one '.', one or two '_', or dashes stand between letters or digits",
            ));
        }
        from += run.len();
    }
    if is_plain(last) {
        Ok(())
    } else {
        Err((
            offset + part.len() - 1,
            "a part of a repository ends with a letter or digit",
        ))
    }
}

fn parse_tag(tag: &str, offset: usize) -> Result<String, Wrong> {
    match check_tag(tag) {
        Ok(()) => Ok(tag.to_owned()),
        Err((at, reason)) => Err((offset + at, reason)),
    }
}

/// Whether a text is a tag.
fn check_tag(tag: &str) -> Result<(), Wrong> {
    let is_first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match tag.chars().next() {
        None => return Err((0, "a tag is required after ':'")),
        Some(first) if !is_first(first) => {
            return Err((0, "a tag begins with a letter, a digit or '_'"));
        }
        Some(_) => {}
    }
    let allowed = |c: char| is_first(c) || c == '.' || c == '-';
    if let Some(at) = tag.find(|c| !allowed(c)) {
        return Err((at, "a tag has only letters, digits, '_', '.' and '-'"));
    }
    if tag.len() > LONGEST_TAG {
        return Err((LONGEST_TAG, "a tag has at most 128 characters"));
    }
    Ok(())
}

fn parse_digest(text: &str, offset: usize) -> Result<Digest, Wrong> {
    text.parse().map_err(|()| {
        (
            offset,
            "a digest is sha256: with 64 hexadecimal digits in lower case",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::Generator;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn what_is_a_reference_is_written_as_it_was_read() {
        for text in [
            "registry.example/team/runc",
            "registry.example/team/runc:v1.0.0-rc10",
            "127.0.0.1:5000/a__b/c--d.e",
            "localhost/x:_1",
            "[::1]:5000/x",
            "http://lab/x",
            "oci:dir",
            "oci:/a:b/c:v1",
            "oci:./dir:v1.0.0-rc10-amd64",
        ] {
            let parsed = text.parse::<Reference>();
            assert_eq!(parsed.expect(text).to_string(), text);
        }
        let with_digest = format!("https://registry.example/x@{DIGEST}");
        assert_eq!(
            with_digest.parse::<Reference>().unwrap().to_string(),
            with_digest
        );
        let both: Reference = format!("registry.example/x:v1@{DIGEST}").parse().unwrap();
        assert_eq!(both.to_string(), format!("registry.example/x@{DIGEST}"));
        let layout: Reference = format!("oci:a@{DIGEST}").parse().unwrap();
        assert!(matches!(layout.name, Some(ArtifactName::Digest(_))));
    }

    #[test]
    fn what_is_none_is_refused_with_place_and_reason() {
        for (text, at, reason) in [
            ("", "at its end", "required"),
            ("runc:v1", "at its end", "registry and a repository"),
            ("runc/v1", "character 1 ", "registry is required"),
            (
                "Registry.Example/Team/runc",
                "character 18 ('T')",
                "upper-case",
            ),
            ("r.example/a//b", "character 13 ('/')", "empty"),
            ("r.example/a/", "at its end", "empty"),
            ("r.example/a:", "at its end", "tag is required"),
            ("r.example/a:-x", "character 13 ('-')", "begins with"),
            ("r.example/a:v1+2", "character 15 ('+')", "tag has only"),
            ("r.example/a:b/c", "character 14 ('/')", "tag has only"),
            ("r.example:0/a", "character 11 ('0')", "port"),
            ("r.example:99999/a", "character 11 ('9')", "port"),
            ("r.example:+80/a", "character 11 ('+')", "port"),
            ("r..example/a", "character 3 ('.')", "begins with"),
            ("-r.example/a", "character 1 ('-')", "begins with"),
            ("r-.example/a", "character 2 ('-')", "ends with"),
            ("user@r.example/a", "character 5 ('@')", "host"),
            ("r.example/a@sha256:12", "character 13 ('s')", "digest"),
            ("r.example/a..b", "character 12 ('.')", "between"),
            ("r.example/a___b", "character 12 ('_')", "between"),
            ("r.example/.a", "character 11 ('.')", "between"),
            ("r.example/a-", "character 12 ('-')", "ends with"),
            ("r.example/../etc", "character 11 ('.')", "between"),
            ("r.example/a b", "character 12 (' ')", "lower-case"),
            ("r.example/ü", "character 11 ('ü')", "lower-case"),
            ("[::g]/a", "character 2 (':')", "IPv6"),
            ("oci:", "at its end", "directory"),
            ("oci:a:", "at its end", "tag"),
            ("oci:a\u{1b}b", "character 6", "control"),
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            let said = error.to_string();
            assert!(said.contains(at) && said.contains(reason), "{text}: {said}");
        }
        let long = format!("r.example/{}", "a".repeat(256));
        assert!(long.parse::<Reference>().is_err());
        assert!("x".repeat(4096).parse::<Reference>().is_err());
        assert!(
            format!("r.example/a:{}", "a".repeat(129))
                .parse::<Reference>()
                .is_err()
        );
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        for (text, plain) in [
            ("127.0.0.1:5000/a", true),
            ("127.8.9.1:5000/a", true),
            ("localhost:5000/a", true),
            ("[::1]:5000/a", true),
            ("128.0.0.1:5000/a", false),
            ("localhost.example:5000/a", false),
            ("127.0.0.1.example/a", false),
            ("https://127.0.0.1:5000/a", false),
            ("http://registry.example/a", true),
            ("registry.example/a", false),
        ] {
            let reference: Reference = text.parse().expect(text);
            let Place::Repository(name) = reference.place else {
                panic!("{text}");
            };
            assert_eq!(name.is_plain(), plain, "{text}");
        }
    }

    #[test]
    fn images_are_named_as_the_docker_command_does() {
        for (text, whole) in [
            ("golang", "docker.io/library/golang:latest"),
            ("docker.io/golang:1.12", "docker.io/library/golang:1.12"),
            ("team/tool", "docker.io/team/tool:latest"),
            ("quay.io/x/y:1", "quay.io/x/y:1"),
            ("localhost/x", "localhost/x:latest"),
        ] {
            let image = Reference::of_image(text).expect(text);
            assert_eq!(image.to_string(), whole);
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let texts: [Vec<u8>; 4] = [
            b"registry.example:5000/team/runc:v1.0.0-rc10".to_vec(),
            format!("https://[::1]:80/a__b/c@{DIGEST}").into_bytes(),
            b"oci:/a/b:c".to_vec(),
            "r.example/ü:ö".as_bytes().to_vec(),
        ];
        let mut generator = Generator::new(1);
        for _ in 0..2000 {
            let input = generator.input(&texts);
            let text = String::from_utf8_lossy(&input);
            match text.parse::<Reference>() {
                Ok(reference) => {
                    let again = reference.to_string();
                    assert_eq!(
                        again.parse::<Reference>().as_ref(),
                        Ok(&reference),
                        "{text:?}"
                    );
                }
                Err(error) => assert!(error.at <= text.len().max(LONGEST), "{error}"),
            }
        }
    }
}
