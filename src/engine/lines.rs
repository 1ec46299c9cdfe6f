//! Whole lines out of pieces of output.

/// A longer line is passed on in pieces, so that a program that never ends its line cannot fill the memory.
const LONGEST: usize = 64 * 1024;

/// Joins pieces of one output stream into lines. A carriage return ends a line as a newline does, for programs that
/// redraw their progress.
#[derive(Default)]
pub(super) struct Lines {
    pending: Vec<u8>,
    returned: bool,
}

impl Lines {
    /// Adds the next piece and passes every line that it ends to `each`.
    pub(super) fn push(&mut self, piece: &[u8], each: &mut impl FnMut(String)) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.append(&rest[..end], each);
            let newline = rest[end] == b'\n';
            rest = &rest[end + 1..];
            let empty = self.pending.is_empty();
            if newline {
                // The newline of "\r\n" does not end another line.
                if !(empty && self.returned) {
                    self.emit(each);
                }
                self.returned = false;
            } else {
                // A carriage return on an empty line redraws nothing.
                if !empty {
                    self.emit(each);
                }
                self.returned = !empty;
            }
        }
        self.append(rest, each);
    }

    /// Passes on the last line if it was not ended.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(String)) {
        if !self.pending.is_empty() {
            self.emit(each);
        }
        self.returned = false;
    }

    fn append(&mut self, bytes: &[u8], each: &mut impl FnMut(String)) {
        if bytes.is_empty() {
            return;
        }
        self.returned = false;
        self.pending.extend_from_slice(bytes);
        while self.pending.len() > LONGEST {
            let cut = character_boundary(&self.pending, LONGEST);
            let rest = self.pending.split_off(cut);
            self.emit(each);
            self.pending = rest;
        }
    }

    fn emit(&mut self, each: &mut impl FnMut(String)) {
        each(String::from_utf8_lossy(&self.pending).into_owned());
        self.pending.clear();
    }
}

/// `at`, or up to three bytes less, so that no UTF-8 character is cut in two.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let continues = |index: usize| bytes[index] & 0b1100_0000 == 0b1000_0000;
    (at - 3..=at)
        .rev()
        .find(|&index| !continues(index))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece, &mut |line| seen.push(line));
        }
        lines.finish(&mut |line| seen.push(line));
        seen
    }

    #[test]
    fn pieces_become_lines() {
        assert_eq!(lines(&[b"a", b"b\nc", b"\n\nd"]), ["ab", "c", "", "d"]);
        assert_eq!(
            lines(&[b"1%\r2%\r", b"\n", b"x\r\n\r\ny"]),
            ["1%", "2%", "x", "", "y"]
        );
        assert_eq!(lines(&[b"\r\r5\r"]), ["5"]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
        assert_eq!(
            lines(&["ä".as_bytes().split_at(1).0, &[0xa4], b"\n"]),
            ["ä"]
        );
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let text = format!("x{}\nend", "€".repeat(60_000));
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1000).collect();
        let seen = lines(&pieces);
        assert!(seen.iter().all(|line| line.len() <= LONGEST));
        assert_eq!(seen.concat(), text.replace('\n', ""));
        assert_eq!(seen.last().unwrap(), "end");
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_one_line() {
        let text = format!("{}\n", "x".repeat(LONGEST));
        assert_eq!(lines(&[text.as_bytes()]).len(), 1);
    }
}
