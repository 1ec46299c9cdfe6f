//! A terminal of a chosen size, and what is on it when a command is over.

use std::process::{Command, Stdio};

use super::command::{Finished, Workplace};
use super::preflight::installed;

/// What a person sees who typed one command: every line that was written, also those that have left the screen.
pub struct Terminal {
    columns: usize,
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
    style: Style,
}

type Cell = (char, Style);

/// The codes that are in force, as numbers of `ESC [ ... m`.
type Style = Vec<u8>;

impl Terminal {
    /// Runs `command`, which is a line of a shell, on a terminal of so many columns; its exit code, and what is seen then.
    pub fn run(workplace: &Workplace, columns: usize, command: &str) -> (i32, Self) {
        installed("script");
        let line = format!("stty cols {columns} rows 24; {command}");
        let mut script = workplace.set_up(Command::new("script"), &["-qec", &line, "/dev/null"]);
        let script = script.env("TERM", "xterm").stdin(Stdio::null()).output();
        let finished = Finished::from(script.expect("script starts"));
        let mut terminal = Self {
            columns,
            rows: vec![Vec::new()],
            row: 0,
            column: 0,
            style: Style::new(),
        };
        terminal.feed(&finished.stdout);
        (finished.code.unwrap_or(-1), terminal)
    }

    /// The lines without colours.
    pub fn plain(&self) -> String {
        self.lines(|text, _| text.to_owned())
    }

    /// The lines with the parts in colour marked: `<green:ok>`.
    pub fn marked(&self) -> String {
        self.lines(|text, style| {
            if style.is_empty() {
                return text.to_owned();
            }
            let names: Vec<_> = style.iter().map(|code| name(*code)).collect();
            format!("<{}:{text}>", names.join(" "))
        })
    }

    fn lines(&self, show: impl Fn(&str, &[u8]) -> String) -> String {
        let lines = self.rows.iter().map(|row| {
            let runs = row.chunk_by(|one, next| one.1 == next.1);
            let runs = runs.map(|cells| {
                let text: String = cells.iter().map(|cell| cell.0).collect();
                show(&text, &cells[0].1)
            });
            runs.collect::<String>().trim_end().to_owned()
        });
        let lines: Vec<_> = lines.collect();
        lines.join("\n").trim_end().to_owned() + "\n"
    }

    fn feed(&mut self, text: &str) {
        let mut text = text.chars();
        while let Some(c) = text.next() {
            match c {
                '\r' => self.column = 0,
                '\n' => self.down(),
                '\u{1b}' => {
                    assert_eq!(text.next(), Some('['), "a code that is not known");
                    let mut arguments = String::new();
                    let code = text.find(|c| {
                        arguments.push(*c);
                        c.is_ascii_alphabetic()
                    });
                    arguments.pop();
                    if (code, arguments.as_str()) == (Some('h'), "?1049") {
                        // A screen of its own, which is gone when the command is over.
                        let rest = text.as_str();
                        let end = rest.find("\u{1b}[?1049l").expect("it is given back");
                        text = rest[end..].chars();
                        continue;
                    }
                    self.control(code.expect("a whole code"), &arguments);
                }
                c => self.put(c),
            }
        }
    }

    fn control(&mut self, code: char, arguments: &str) {
        let number = arguments.parse().unwrap_or(1);
        match code {
            'A' => self.row = self.row.saturating_sub(number),
            'B' => (0..number).for_each(|_| self.down()),
            'C' => self.column += number,
            'D' => self.column = self.column.saturating_sub(number),
            'K' if arguments == "2" => self.rows[self.row].clear(),
            'K' => self.rows[self.row].truncate(self.column),
            'J' => {
                self.rows[self.row].truncate(self.column);
                self.rows.truncate(self.row + 1);
            }
            'm' => {
                for code in arguments.split(';') {
                    match code.parse().unwrap_or(0) {
                        0 => self.style.clear(),
                        code => self.style.push(code),
                    }
                }
            }
            // The cursor's look.
            'h' | 'l' => {}
            _ => panic!("the code {arguments}{code} is not known"),
        }
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.column = 0;
            self.down();
        }
        let row = &mut self.rows[self.row];
        if row.len() <= self.column {
            row.resize(self.column + 1, (' ', Style::new()));
        }
        row[self.column] = (c, self.style.clone());
        self.column += 1;
    }
}

fn name(code: u8) -> &'static str {
    match code {
        1 => "bold",
        4 => "underlined",
        31 => "red",
        32 => "green",
        33 => "yellow",
        34 => "blue",
        36 => "cyan",
        _ => panic!("the style {code} is not known"),
    }
}
