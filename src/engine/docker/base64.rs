//! Base64, as far as Docker's configuration file needs it.

/// The bytes that `text` stands for in the standard or the URL-safe alphabet, padded or not; `None` when it is neither.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    // A single digit left over is half a byte of nothing.
    (bits < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes() {
        assert_eq!(decode("bWU6c2VjcmV0").unwrap(), b"me:secret");
        assert_eq!(decode("YQ==").unwrap(), b"a");
        assert_eq!(decode("YWI=").unwrap(), b"ab");
        assert_eq!(decode("fn5-Pz8_").unwrap(), b"~~~???");
        assert_eq!(decode("fn5+Pz8/").unwrap(), b"~~~???");
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!(decode("A"), None);
        assert_eq!(decode("a b"), None);
    }
}
