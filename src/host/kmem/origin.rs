//! Where and with what measurements were made: comment lines at the beginning of their CSV.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::recipe::TimeSpan;

/// What a comment line begins with.
pub(super) const COMMENT: u8 = b'#';
/// Most bytes of a value that is read; Linux' names of hosts and kernels have at most 64.
const LONGEST: usize = 256;
/// Most lines that are looked at for values.
const LINES: usize = 32;

/// The machine, the interval and the tool of measurements. Unknown values are `None`, as in CSV of older versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// Name of the machine, as `uname -n` prints it.
    pub host: Option<String>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: Option<String>,
    /// Time between two measurements, in seconds in JSON.
    #[serde(serialize_with = "in_seconds", rename = "interval-seconds")]
    pub interval: Option<Duration>,
    /// Name and version of the tool.
    pub tool: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn in_seconds<S: serde::Serializer>(
    interval: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let seconds = interval.map(|interval| interval.as_secs_f64());
    seconds.serialize(serializer)
}

impl Origin {
    /// This machine; `tool` is the name and version of the tool.
    pub fn here(interval: Duration, tool: &str) -> Self {
        let uname = rustix::system::uname();
        let text = |name: &std::ffi::CStr| Some(name.to_string_lossy().into_owned());
        Self {
            host: text(uname.nodename()),
            kernel: text(uname.release()),
            interval: Some(interval),
            tool: Some(tool.to_owned()),
        }
    }

    /// The comment lines, one for each known value.
    pub(super) fn to_lines(&self) -> String {
        let interval = self.interval.map(|interval| {
            let interval = humantime::format_duration(interval);
            interval.to_string()
        });
        let mut lines = String::new();
        for (name, value) in [
            ("tool", &self.tool),
            ("host", &self.host),
            ("kernel", &self.kernel),
            ("interval", &interval),
        ] {
            if let Some(value) = value {
                // A line break in a name would begin a line of its own. Writing to a string cannot fail.
                let value = value.replace(char::is_control, "\u{fffd}");
                let _ = writeln!(lines, "# {name}: {value}");
            }
        }
        lines
    }

    /// Reads the comment lines at the beginning of a text. What is not understood is a comment and no more.
    pub(super) fn of_text(text: &str) -> Self {
        let mut origin = Self::default();
        let comments = text.lines().take(LINES).map_while(|line| {
            let line = line.strip_prefix(char::from(COMMENT))?;
            Some(line.split_once(':').unwrap_or_default())
        });
        for (name, value) in comments {
            let value = value.trim();
            if value.is_empty() || value.len() > LONGEST || value.contains(char::is_control) {
                continue;
            }
            let known = match name.trim() {
                "tool" => &mut origin.tool,
                "host" => &mut origin.host,
                "kernel" => &mut origin.kernel,
                "interval" => {
                    let interval = value.parse::<TimeSpan>().ok();
                    origin.interval = origin.interval.or(interval.map(|interval| interval.0));
                    continue;
                }
                _ => continue,
            };
            known.get_or_insert_with(|| value.to_owned());
        }
        origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let origin = Origin::here(Duration::from_millis(2500), "kmembuild 0.1.0");
        let lines = origin.to_lines();
        assert_eq!(lines.lines().count(), 4, "{lines}");
        assert_eq!(Origin::of_text(&format!("{lines}format,time\n")), origin);
        assert_eq!(Origin::of_text("format,time\n"), Origin::default());
    }

    #[test]
    fn a_name_stays_in_its_line_and_a_strange_one_is_not_taken() {
        let origin = Origin {
            host: Some("a\n# kernel: 6.1\n1,2".to_owned()),
            ..Origin::default()
        };
        let lines = origin.to_lines();
        assert_eq!(lines.matches('\n').count(), 1, "{lines}");
        assert_eq!(Origin::of_text(&lines).kernel, None);

        let long = "x".repeat(LONGEST + 1);
        let text = format!(
            "#host:{long}\n# kernel : 3.10 \n#\n# interval: -3\n# interval: 10s\n# a: b\n# kernel: 9\n# tool: \u{1b}[2J\nformat\n# tool: x"
        );
        let read = Origin::of_text(&text);
        let expected = Origin {
            kernel: Some("3.10".to_owned()),
            interval: Some(Duration::from_secs(10)),
            ..Origin::default()
        };
        assert_eq!(read, expected);
    }
}
