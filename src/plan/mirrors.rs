//! Where an image is looked for.

/// References under which `name` may be found, in the order in which they are tried: under each prefix of
/// `first`, then under its own name, then under each prefix of `last`.
///
/// Below a prefix the whole repository path is tried, then its last part alone: mirrors of one registry keep the
/// path (`library/golang`), mirrors that people fill by hand often do not (`golang`).
pub fn candidates(name: &str, first: &[String], last: &[String]) -> Vec<String> {
    let path = repository_path(name);
    let below = |prefix: &String| {
        let prefix = prefix.trim_end_matches('/');
        let short = path.rsplit('/').next().unwrap_or(&path);
        [format!("{prefix}/{path}"), format!("{prefix}/{short}")]
    };
    let mut found: Vec<String> = Vec::new();
    let all = first
        .iter()
        .flat_map(below)
        .chain([name.to_owned()])
        .chain(last.iter().flat_map(below));
    for reference in all {
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

/// `name` without its registry; Docker Hub's official images get their `library/` back.
fn repository_path(name: &str) -> String {
    match name.split_once('/') {
        None => format!("library/{name}"),
        Some(("docker.io", rest)) => {
            if rest.contains('/') {
                rest.to_owned()
            } else {
                format!("library/{rest}")
            }
        }
        // The rule by which the engine itself tells a registry from a repository.
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            rest.to_owned()
        }
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::candidates;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn an_official_image_is_looked_for_with_and_without_library() {
        assert_eq!(
            candidates(
                "golang:1.12-stretch",
                &list(&["127.0.0.1:5000/hub/"]),
                &list(&["mirror.example"])
            ),
            [
                "127.0.0.1:5000/hub/library/golang:1.12-stretch",
                "127.0.0.1:5000/hub/golang:1.12-stretch",
                "golang:1.12-stretch",
                "mirror.example/library/golang:1.12-stretch",
                "mirror.example/golang:1.12-stretch",
            ]
        );
    }

    #[test]
    fn the_registry_of_a_name_is_replaced() {
        assert_eq!(
            candidates(
                "k8s.gcr.io/build-image/kube-cross:v1",
                &list(&["m.example/g"]),
                &[]
            ),
            [
                "m.example/g/build-image/kube-cross:v1",
                "m.example/g/kube-cross:v1",
                "k8s.gcr.io/build-image/kube-cross:v1"
            ]
        );
        assert_eq!(
            candidates("team/tool:1", &list(&["m.example"]), &[])[0],
            "m.example/team/tool:1"
        );
        assert_eq!(candidates("runc_dev:rc10", &[], &[]), ["runc_dev:rc10"]);
    }
}
