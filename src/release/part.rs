//! A part of a release that one of several machines makes.

use std::fmt;
use std::str::FromStr;

/// Most parts of a release.
const MOST: u32 = 10_000;

/// Which part of how many: `2/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its number; the first one is 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(number, of)| Some((digits(number)?, digits(of)?)));
        let Some((number, of)) = numbers else {
            return Err(format!("{text:?} is not a part: use e.g. 2/5"));
        };
        if !(1..=MOST).contains(&of) {
            return Err(format!("there are 1 to {MOST} parts, not {of}"));
        }
        if !(1..=of).contains(&number) {
            return Err(format!(
                "the parts of {of} are 1/{of} to {of}/{of}, not {text}"
            ));
        }
        Ok(Self { number, of })
    }
}

/// A number as it is written without signs and spaces.
fn digits(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn a_part_is_a_number_of_a_number() {
        assert_eq!("2/5".parse(), Ok(Part { number: 2, of: 5 }));
        for wrong in [
            "",
            "2",
            "0/5",
            "6/5",
            "1/0",
            "+1/5",
            "1/ 5",
            "a/b",
            "1/2/3",
            "1/10001",
            "99999999999/5",
        ] {
            wrong.parse::<Part>().expect_err(wrong);
        }
    }
}
