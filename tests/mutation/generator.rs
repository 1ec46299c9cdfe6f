//! Makes inputs that nobody would write, out of ones that somebody did. The same seed gives the same inputs.

/// Words that mean something to an option parser, a path, a shell, a terminal, a CI log, a number or a parser.
const WORDS: [&[u8]; 64] = [
    b"--setup-hook=x",
    b"-o",
    b"--",
    b"-",
    b"../",
    b"/../../etc/passwd",
    b"..",
    b".",
    b"/",
    b"//",
    b"\\",
    b"~",
    b"\0",
    b"\x1b[2J",
    b"\x1b]0;x\x07",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b"::error::",
    b"\n::add-mask::",
    b"##[error]",
    b"\xe2\x80\xae",
    b"\xc2\x9b",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\xf4\x90\x80\x80",
    b"0",
    b"-1",
    b"1",
    b"255",
    b"65536",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"1e999",
    b"NaN",
    b"0x10",
    b"9999-12-31T23:59:59.999999999Z",
    b"-009999-01-01T00:00:00Z",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"\"",
    b"'",
    b"{{",
    b"}}",
    b"{{x...}}",
    b"${A}",
    b"$A$A$A$A",
    b"&a [*a, *a]",
    b"*a",
    b"!!binary x",
    b"<<: *a",
    b"|",
    b"%0a",
    b"GLIBC_2.99999999999",
];

/// Numbers at which arithmetic breaks.
const NUMBERS: [u64; 20] = [
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ff00,
    u64::MAX,
];

/// What opens a level and what closes it.
const LEVELS: [(&[u8], &[u8]); 8] = [
    (b"[", b"]"),
    (b"{\"a\":", b"}"),
    (b"{a: ", b"}"),
    (b"(", b")"),
    (b"- ", b""),
    (b"? ", b""),
    (b"a/", b""),
    (b"$", b""),
];

/// Longest input: what is longer is cut.
const LONGEST: usize = 256 << 10;

/// Numbers that look random, by splitmix64.
pub struct Generator(u64);

impl Generator {
    /// Begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `end`; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("64 bits").max(1);
        usize::try_from(self.next() % end).expect("below a usize")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A place in `bytes`. Half of the time near the beginning, where headers are.
    fn place(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.len() + 1;
        match self.below(2) {
            0 => self.below(end.min(512)),
            _ => self.below(end),
        }
    }

    /// A part of `bytes`, most of the time a short one.
    fn part(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.place(bytes);
        let rest = bytes.len() - start;
        let longest = if self.below(4) == 0 {
            rest
        } else {
            rest.min(64)
        };
        start..start + self.below(longest + 1)
    }

    /// A line of `bytes` with its end.
    fn line(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let at = self.below(bytes.len() + 1);
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n');
        let end = bytes[at..].iter().position(|byte| *byte == b'\n');
        start.map_or(0, |start| start + 1)..end.map_or(bytes.len(), |end| at + end + 1)
    }

    /// The word of letters, digits and the like around a place.
    fn word(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let at = self.below(bytes.len() + 1);
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./".contains(byte);
        let start = bytes[..at].iter().rposition(|byte| !is_part(byte));
        let end = bytes[at..].iter().position(|byte| !is_part(byte));
        start.map_or(0, |start| start + 1)..end.map_or(bytes.len(), |end| at + end)
    }

    /// One of `seeds`, changed.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let index = self.below(seeds.len());
        let mut bytes = seeds[index].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes, seeds);
            bytes.truncate(LONGEST);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        match self.below(16) {
            0 => {
                let at = self.place(bytes);
                let bit = 1 << self.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let at = self.place(bytes);
                let value = self.next().to_le_bytes()[0];
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            2 => {
                let part = self.part(bytes);
                bytes.drain(part);
            }
            3 => {
                let end = self.place(bytes);
                bytes.truncate(end);
            }
            4 | 5 => {
                let (at, word) = (self.place(bytes), self.one(&WORDS));
                bytes.splice(at..at, word.iter().copied());
            }
            6 | 7 => {
                let (part, word) = (self.word(bytes), self.one(&WORDS));
                bytes.splice(part, word.iter().copied());
            }
            8 => {
                // The same again, now and then very often.
                let part = self.part(bytes);
                let times = [1, 2, 16, 1000][self.below(4)];
                let times = times.min(LONGEST / part.len().max(1));
                let copied = bytes[part.clone()].repeat(times);
                bytes.splice(part.end..part.end, copied);
            }
            9 => {
                let other = &seeds[self.below(seeds.len())];
                let (end, start) = (self.place(bytes), self.place(other));
                bytes.truncate(end);
                bytes.extend_from_slice(&other[start..]);
            }
            10 => {
                let other = &seeds[self.below(seeds.len())];
                let (at, part) = (self.place(bytes), self.part(other));
                bytes.splice(at..at, other[part].iter().copied());
            }
            11 | 12 => self.number(bytes),
            13 => {
                let (at, depth) = (self.place(bytes), [3, 100, 200, 10_000][self.below(4)]);
                let (open, close) = self.one(&LEVELS);
                let levels = [open.repeat(depth), close.repeat(depth)].concat();
                bytes.splice(at..at, levels);
            }
            14 => {
                let line = self.line(bytes);
                let taken: Vec<u8> = bytes.drain(line).collect();
                let at = self.line(bytes).start;
                bytes.splice(at..at, taken);
            }
            _ => {
                let line = self.line(bytes);
                let copied = bytes[line.clone()].to_vec();
                let at = if self.below(2) == 0 {
                    line.end
                } else {
                    self.line(bytes).start
                };
                bytes.splice(at..at, copied);
            }
        }
    }

    /// Another number at a place where the fields of a structure are: 1 to 8 bytes, in either order.
    fn number(&mut self, bytes: &mut [u8]) {
        let width = 1 << self.below(4);
        let at = self.place(bytes) / width * width;
        let Some(field) = bytes.get_mut(at..at + width) else {
            return;
        };
        let mut value = self.one(&NUMBERS);
        if self.below(3) == 0 {
            let mut before = [0; 8];
            before[..width].copy_from_slice(field);
            value = u64::from_le_bytes(before).wrapping_add(self.one(&[1, u64::MAX, 8, 0x1000]));
        }
        if self.below(4) == 0 {
            field.copy_from_slice(&value.to_be_bytes()[8 - width..]);
        } else {
            field.copy_from_slice(&value.to_le_bytes()[..width]);
        }
    }
}
