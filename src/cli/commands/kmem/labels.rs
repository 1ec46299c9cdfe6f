//! The names under which recordings are shown.

use std::path::Path;

use crate::failure::{Failure, FailureKind};

/// The names of recordings: as given, otherwise those of their files; with the directories where the names are the same.
///
/// # Errors
/// That more names are given than there are recordings.
pub(super) fn labels(
    given: &[String],
    recordings: &[(String, Option<&Path>)],
) -> Result<Vec<String>, Failure> {
    if given.len() > recordings.len() {
        let text = format!(
            "--label is given {} times, but there are {} recordings to name",
            given.len(),
            recordings.len()
        );
        let text = text.replace("are 1 recordings", "is 1 recording");
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let is_same = |name: &str| {
        let same = recordings.iter().filter(|(other, _)| other == name);
        same.count() > 1
    };
    let named = recordings.iter().enumerate().map(|(number, recording)| {
        let (name, file) = recording;
        match (given.get(number), file) {
            (Some(given), _) => given.clone(),
            (None, Some(file)) if is_same(name) => file.display().to_string(),
            (None, _) => name.clone(),
        }
    });
    Ok(named.collect())
}

/// The name of a file without its directory.
pub(super) fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_have_the_given_names_or_those_of_their_files() {
        let recording = |path: &'static str| {
            let path = Path::new(path);
            (name(path), Some(path))
        };
        let [one, other, third] = ["a/now.csv", "b/now.csv", "b/x.csv"].map(recording);
        let named = |given: &[&str], recordings: &[_]| {
            let given: Vec<_> = given.iter().map(|&name| name.to_owned()).collect();
            labels(&given, recordings).map_err(|failure| failure.message)
        };
        let files = [one.clone(), third];
        assert_eq!(named(&[], &files).unwrap(), ["now.csv", "x.csv"]);
        assert_eq!(named(&["A"], &files).unwrap(), ["A", "x.csv"]);
        assert_eq!(
            named(&[], &[one.clone(), other]).unwrap(),
            ["a/now.csv", "b/now.csv"]
        );
        assert_eq!(
            named(&["A", "B"], &[one]).unwrap_err(),
            "--label is given 2 times, but there is 1 recording to name"
        );
    }
}
