//! Answers of registries: read with a limit, and understood where they say what is wrong.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::harmless::harmless;

/// Longest message of an error that is shown, in characters.
const SHOWN_MESSAGE: usize = 300;

/// What of an answer could not be read.
pub(super) enum Unread {
    Stalled,
    Lost(reqwest::Error),
}

/// The body of an answer; `None` if it is longer than `limit` bytes.
pub(super) async fn read_up_to(
    mut answer: Response,
    limit: u64,
    stall: Duration,
) -> Result<Option<Vec<u8>>, Unread> {
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(stall, answer.chunk()).await;
        let chunk = chunk.map_err(|_| Unread::Stalled)?;
        match chunk.map_err(Unread::Lost)? {
            None => return Ok(Some(bytes)),
            Some(chunk) if (bytes.len() + chunk.len()) as u64 > limit => return Ok(None),
            Some(chunk) => bytes.extend_from_slice(&chunk),
        }
    }
}

/// The messages of a registry's errors, or the beginning of any other text.
pub(super) fn errors_in(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(serde::Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Errors>(bytes) {
        Ok(read) => {
            let texts = read.errors.into_iter().take(3).map(|one| {
                let said = one.message;
                if said.is_empty() { one.code } else { said }
            });
            texts.collect::<Vec<_>>().join(", ")
        }
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = text.chars().take(SHOWN_MESSAGE).collect();
    harmless(&shown).into_owned()
}

/// In how long a registry asks to be tried again: a number of seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let seconds =
        date.timestamp().as_second() - crate::clock::in_years(SystemTime::now()).as_second();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// Whether the other side's certificate is the reason. A server that does not speak TLS at all is as final.
pub(super) fn is_refused_certificate(error: &reqwest::Error) -> bool {
    let said = innermost(error);
    said.contains("certificate") || said.contains("corrupt message")
}

/// The innermost error: the outer ones repeat the URL.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_short_and_harmless() {
        let errors = br#"{"errors": [{"code": "DENIED", "message": "no\u001b[31m way"}, {"code": "UNKNOWN"}]}"#;
        let said = errors_in(errors);
        assert!(
            said.starts_with("no") && said.ends_with("way, UNKNOWN"),
            "{said}"
        );
        assert!(!said.contains('\u{1b}'));
        assert_eq!(errors_in(b"<html>\n\n busy</html>"), "<html> busy</html>");
        assert!(errors_in("x".repeat(100_000).as_bytes()).len() <= SHOWN_MESSAGE);
        assert_eq!(errors_in(b""), "");
    }

    #[test]
    fn when_to_try_again_is_a_number_or_a_date() {
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(after("3"), Some(Duration::from_secs(3)));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(after("Tue, 31 Dec 2999 00:00:00 GMT") > Some(Duration::from_secs(1 << 20)));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-5"), None);
    }
}
