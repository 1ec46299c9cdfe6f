//! The live chart on a terminal.

use std::io::{self, Stderr};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis as ChartAxis, Block, Chart, Dataset, GraphType};

use super::axis::Axis;
use super::figure::{Figure, curve};
use crate::host::kmem::Sample;

/// Charts of all figures on the whole terminal of standard error. Dropping it restores the screen.
pub struct LiveChart {
    terminal: Terminal<CrosstermBackend<Stderr>>,
}

impl LiveChart {
    /// Takes the screen.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn new() -> io::Result<Self> {
        execute!(io::stderr(), EnterAlternateScreen)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stderr()));
        // From here on dropping it gives the screen back.
        let mut live = Self {
            terminal: terminal.inspect_err(|_| leave())?,
        };
        live.terminal.hide_cursor()?;
        Ok(live)
    }

    /// Draws the curves.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn draw(&mut self, samples: &[Sample], before: Option<&[Sample]>) -> io::Result<()> {
        let drawn =
            Figure::ALL.map(|figure| Drawn::new(figure, samples, before.unwrap_or_default()));
        let hint = "Press Ctrl-C to stop and write the results";
        self.terminal.draw(|frame| {
            let [charts, foot] =
                Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
            let rows: [_; 2] = Layout::vertical([Constraint::Fill(1); 2]).areas(charts);
            let places =
                rows.map(|row| Layout::horizontal([Constraint::Fill(1); 2]).areas::<2>(row));
            for (drawn, place) in drawn.iter().zip(places.as_flattened()) {
                frame.render_widget(drawn.chart(), *place);
            }
            frame.render_widget(Line::from(hint), foot);
        })?;
        Ok(())
    }
}

impl Drop for LiveChart {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        let _ = self.terminal.show_cursor();
        leave();
    }
}

fn leave() {
    let _ = execute!(io::stderr(), LeaveAlternateScreen);
}

struct Drawn {
    title: String,
    x: Axis,
    y: Axis,
    now: Vec<(f64, f64)>,
    before: Vec<(f64, f64)>,
}

impl Drawn {
    fn new(figure: Figure, samples: &[Sample], before: &[Sample]) -> Self {
        let known = |samples| -> Vec<_> {
            let points = curve(figure, samples).into_iter();
            points
                .filter_map(|(time, value)| Some((time, value?)))
                .collect()
        };
        let (now, before) = (known(samples), known(before));
        let all = || now.iter().chain(&before);
        let low = all().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let high = all().map(|point| point.1).fold(0.0, f64::max);
        let end = all().map(|point| point.0).fold(0.0, f64::max);
        let last = samples.last().and_then(|sample| figure.value(sample));
        let last = last.map_or_else(|| "unknown".to_owned(), |value| figure.show(value));
        Self {
            title: format!(" {}: {last} ", figure.title()),
            x: Axis::of_time(end),
            y: Axis::of_values(
                if low.is_finite() { low } else { 0.0 },
                high,
                figure.is_bytes(),
            ),
            now,
            before,
        }
    }

    fn chart(&self) -> Chart<'_> {
        let data = |points, color| {
            let data = Dataset::default()
                .marker(Marker::Braille)
                .graph_type(GraphType::Line);
            data.style(Style::new().fg(color)).data(points)
        };
        let axis = |axis: &Axis, end: String| {
            let begin = axis.marks.first().map(|mark| mark.label.clone());
            ChartAxis::default()
                .bounds([axis.low, axis.high])
                .labels([begin.unwrap_or_default(), end])
                .style(Style::new().fg(Color::DarkGray))
        };
        // Values end at a mark, times where the watch is.
        let highest = self.y.marks.last().map(|mark| mark.label.clone());
        let time = Duration::from_secs_f64(self.x.high.round());
        // What is drawn last is on top.
        Chart::new(vec![
            data(&self.before, Color::Yellow),
            data(&self.now, Color::Cyan),
        ])
        .block(Block::bordered().title(self.title.as_str()))
        .x_axis(axis(&self.x, humantime::format_duration(time).to_string()))
        .y_axis(axis(&self.y, highest.unwrap_or_default()))
    }
}
