//! Characters and curves of dots on a grid the size of the terminal.

use console::Style;

use crate::harmless::REPLACEMENT;
use crate::report::look::in_ascii;

/// Rows and columns of a character's dots.
const DOT_ROWS: usize = 4;
const DOT_COLUMNS: usize = 2;
/// The first character of Unicode's block of Braille patterns: the one without a dot. Bits are added for the dots.
const NO_DOTS: u32 = 0x2800;
/// The bit of each dot, by row and column.
const DOTS: [[u32; DOT_COLUMNS]; DOT_ROWS] =
    [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Of a dotted line, one of so many dots is drawn.
const DOTTED: usize = 3;

/// What a character belongs to, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Titles and everything else that is read.
    Text,
    /// An axis.
    Axis,
    /// The line of a limit.
    Limit,
    /// The curve of an earlier watch, which is dotted.
    Before,
    /// The curve of this watch.
    Now,
}

impl Ink {
    fn style(self) -> Style {
        let style = Style::new().for_stderr();
        match self {
            Self::Text => style,
            Self::Axis => style.black().bright(),
            Self::Limit => style.red(),
            Self::Before => style.yellow(),
            Self::Now => style.cyan(),
        }
    }
}

/// A part of the screen, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// What is going to be on the terminal.
pub(super) struct Screen {
    width: usize,
    /// Only characters of ASCII: a curve is one of signs in the place of dots.
    ascii: bool,
    cells: Vec<(char, Ink)>,
}

impl Screen {
    /// An empty one of so many characters, with characters of ASCII only or with all that there are.
    pub(super) fn new(width: usize, height: usize, ascii: bool) -> Self {
        Self {
            width,
            ascii,
            cells: vec![(' ', Ink::Text); width * height],
        }
    }

    /// Writes from a place to the right; what is beyond the screen is left out, and what does not take exactly one place is
    /// replaced: others chose the names of files and machines.
    pub(super) fn write(&mut self, left: usize, top: usize, text: &str, ink: Ink) {
        let in_ascii = self.ascii.then(|| in_ascii(text));
        let text = in_ascii.as_deref().unwrap_or(text);
        for (column, character) in (left..self.width).zip(text.chars()) {
            let is_one = console::measure_text_width(character.encode_utf8(&mut [0; 4])) == 1;
            let character = match character {
                c if self.ascii && !c.is_ascii() => '?',
                c if is_one && !c.is_control() => c,
                _ if self.ascii => '?',
                _ => REPLACEMENT,
            };
            if let Some(cell) = self.cells.get_mut(top * self.width + column) {
                *cell = (character, ink);
            }
        }
    }

    /// Joins points with straight lines, that are dotted for [`Ink::Before`]; a single one is a dot. A point is told as parts of the area's width and height,
    /// from 0 to 1, with 0 at the left and at the bottom.
    pub(super) fn curve(&mut self, area: Area, points: &[(f64, f64)], ink: Ink) {
        let wide = last(area.width * DOT_COLUMNS);
        let high = last(area.height * DOT_ROWS);
        let mut at = points.iter().map(|(x, y)| (x * wide, (1.0 - y) * high));
        let Some(mut from) = at.next() else {
            return;
        };
        self.dot(area, from, ink);
        let mut drawn = 0_usize;
        for to in at {
            let (x, y) = (to.0 - from.0, to.1 - from.1);
            let steps = whole(x.abs().max(y.abs()).ceil());
            for step in 1..=steps {
                let part = last(step + 1) / last(steps + 1);
                drawn += 1;
                if ink != Ink::Before || drawn.is_multiple_of(DOTTED) {
                    self.dot(area, (from.0 + part * x, from.1 + part * y), ink);
                }
            }
            from = to;
        }
    }

    fn dot(&mut self, area: Area, (x, y): (f64, f64), ink: Ink) {
        let (x, y) = (whole(x.round()), whole(y.round()));
        let (column, row) = (x / DOT_COLUMNS, y / DOT_ROWS);
        if column >= area.width || row >= area.height {
            return;
        }
        let place = (area.top + row) * self.width + area.left + column;
        if let Some(cell) = self.cells.get_mut(place) {
            if self.ascii {
                let sign = if ink == Ink::Before { '.' } else { '*' };
                *cell = (sign, ink);
                return;
            }
            let there = u32::from(cell.0);
            let there = if there > NO_DOTS { there } else { NO_DOTS };
            let dots = there | DOTS[y % DOT_ROWS][x % DOT_COLUMNS];
            *cell = (char::from_u32(dots).unwrap_or(' '), ink);
        }
    }

    /// The rows from the top, with the terminal's codes for colours.
    pub(super) fn rows(&self) -> impl Iterator<Item = String> {
        self.cells.chunks(self.width.max(1)).map(|row| {
            let alike = row.chunk_by(|one, next| one.1 == next.1);
            let coloured = alike.map(|cells| {
                let text: String = cells.iter().map(|cell| cell.0).collect();
                cells[0].1.style().apply_to(text).to_string()
            });
            coloured.collect()
        })
    }
}

/// The place of the last of so many things in a row.
#[expect(
    clippy::cast_precision_loss,
    reason = "a terminal has far fewer dots than 2^53"
)]
fn last(count: usize) -> f64 {
    count.saturating_sub(1) as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is outside of the area, or no number, is at its edge or not drawn"
)]
fn whole(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(screen: &Screen) -> Vec<String> {
        screen
            .rows()
            .map(|row| console::strip_ansi_codes(&row).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn text_ends_at_the_edge() {
        let mut screen = Screen::new(6, 2, false);
        screen.write(1, 0, "caches", Ink::Text);
        screen.write(0, 5, "below", Ink::Text);
        assert_eq!(drawn(&screen), [" cache", ""]);
    }

    #[test]
    fn what_takes_no_place_or_two_is_replaced() {
        let mut screen = Screen::new(8, 1, false);
        screen.write(0, 0, "a\u{1b}[2J\u{200b}日\n", Ink::Text);
        let row: String = screen.rows().collect();
        assert_eq!(row, "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_curve_is_drawn_with_eight_dots_to_a_character() {
        let area = Area {
            left: 1,
            top: 0,
            width: 2,
            height: 2,
        };
        let mut screen = Screen::new(4, 2, false);
        screen.curve(area, &[(0.0, 0.0), (1.0, 1.0)], Ink::Now);
        assert_eq!(drawn(&screen), ["  ⡜", " ⡜"]);
        // A flat one crosses it and keeps its dots.
        screen.curve(area, &[(0.0, 1.0), (1.0, 1.0)], Ink::Now);
        assert_eq!(drawn(&screen), [" ⠉⡝", " ⡜"]);
    }

    #[test]
    fn in_ascii_curves_are_told_apart_by_their_signs() {
        let area = Area {
            left: 0,
            top: 0,
            width: 6,
            height: 2,
        };
        let mut screen = Screen::new(6, 3, true);
        screen.curve(area, &[(0.0, 0.0), (1.0, 0.0)], Ink::Now);
        screen.curve(area, &[(0.0, 1.0), (1.0, 1.0)], Ink::Before);
        screen.write(0, 2, "\u{b1}\u{e4}\u{1b}\u{2502}", Ink::Text);
        assert_eq!(drawn(&screen), [".. ..", "******", "+/-??|"]);
    }

    #[test]
    fn a_single_point_is_a_dot() {
        let area = Area {
            left: 0,
            top: 0,
            width: 1,
            height: 1,
        };
        let mut screen = Screen::new(1, 1, false);
        screen.curve(area, &[(0.0, 0.0)], Ink::Before);
        assert_eq!(drawn(&screen), ["⡀"]);
        screen.curve(area, &[(0.0, 5.0)], Ink::Before);
        assert_eq!(drawn(&screen), ["⡁"]);
    }
}
