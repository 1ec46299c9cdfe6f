//! The page with the curves: one file that needs nothing but a browser, without scripts.
//!
//! Drawn here rather than by a library: those that draw pictures scale the text with them, so that it cannot be read on
//! a narrow screen, and those that draw in the browser bring megabytes of scripts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::axis::Axis;
use super::figure::Figure;
use super::number::measurements;
use super::plot::{Line, Times, picture};
use super::series::{Series, Watched};
use super::summary::{ends, summary};
use super::time_axis::{clock, dates, elapsed};
use crate::harmless::harmless_html;
use crate::host::kmem::Sample;
use crate::report::html::filled;
use crate::report::summary::Summary;

/// Curves over times of which one is longer than the other by more than this are drawn in pictures of their own.
const LONGER: f64 = 4.0;

/// The page with the measurements. Of one series it has the clock's time, in UTC; two series both start at 0.
/// `conclusion` is what they say in a sentence.
pub fn watch_page(conclusion: &str, watched: Watched<'_>) -> String {
    let legend = watched.earlier.map(|earlier| {
        format!(
            "<p class=\"legend\"><span class=\"now\">{}</span> <span class=\"before\">{}</span></p>\n",
            harmless_html(watched.series.label),
            harmless_html(earlier.label)
        )
    });
    let about: String = [Some(watched.series), watched.earlier]
        .into_iter()
        .flatten()
        .map(|series| about(&series, watched.earlier.is_some()))
        .collect();
    let figures: String = Figure::ALL
        .into_iter()
        .map(|figure| drawn(figure, watched))
        .collect();
    let title = title(watched);
    filled(
        include_str!("page.html"),
        &[
            ("{title}", &title),
            ("{heading}", &title),
            ("{conclusion}", &harmless_html(conclusion)),
            ("{about}", &about),
            ("{legend}", &legend.unwrap_or_default()),
            ("{figures}", &figures),
            ("{table}", &table(watched)),
        ],
    )
}

/// What the page is about: whoever looks at many nodes has many pages open.
fn title(watched: Watched<'_>) -> String {
    let hosts = watched.all().map(|series| series.origin.host.as_deref());
    let hosts: Option<BTreeSet<&str>> = hosts.collect();
    match hosts {
        None => "Kernel memory over time".to_owned(),
        Some(hosts) => {
            let hosts: Vec<_> = hosts.into_iter().map(harmless_html).collect();
            format!("Kernel memory of {} over time", hosts.join(" and "))
        }
    }
}

/// Where, when and by what a series was measured.
fn about(series: &Series<'_>, named: bool) -> String {
    let origin = series.origin;
    let mut parts = Vec::new();
    if named {
        parts.push(series.label.to_owned());
    }
    parts.push(origin.host.as_ref().map_or_else(
        || "host not recorded".to_owned(),
        |host| format!("host {host}"),
    ));
    parts.push(origin.kernel.as_ref().map_or_else(
        || "kernel not recorded".to_owned(),
        |kernel| format!("kernel {kernel}"),
    ));
    let time = |sample: &Sample| sample.time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    match series.samples {
        [] => {}
        [only] => parts.push(time(only)),
        [first, .., last] => parts.push(format!("{} to {}", time(first), time(last))),
    }
    let every = origin.interval.map(|interval| {
        let interval = humantime::format_duration(interval);
        format!(", one every {interval}")
    });
    parts.push(format!(
        "{}{}",
        measurements(series.samples.len()),
        every.unwrap_or_default()
    ));
    parts.extend(origin.tool.clone());
    let parts: Vec<_> = parts.iter().map(|part| harmless_html(part)).collect();
    format!("<p class=\"about\">{}</p>\n", parts.join("; "))
}

fn drawn(figure: Figure, watched: Watched<'_>) -> String {
    let lines: Vec<_> = watched
        .earlier
        .map(|earlier| Line::new(figure, earlier, "before"))
        .into_iter()
        .chain([Line::new(figure, watched.series, "now")])
        .collect();
    let title = figure.title();
    if lines.iter().all(Line::is_empty) {
        return format!(
            "<figure><figcaption>{title}</figcaption><p>Not available on this machine.</p></figure>\n"
        );
    }
    let stretches: Vec<_> = lines.iter().map(|line| line.stretches.clone()).collect();
    let y = Axis::of_curves(figure, &stretches);
    format!(
        "<figure><figcaption>{title} <small>{}</small></figcaption>\n{}</figure>\n",
        caption(figure, watched, &y),
        pictures(figure, watched, lines, &y)
    )
}

/// The first and the last value of each series, and where an axis begins that does not begin at 0.
fn caption(figure: Figure, watched: Watched<'_>, y: &Axis) -> String {
    let course = |series: Series<'_>| {
        let [first, last] = ends(figure, series.samples);
        if series.samples.len() == 1 {
            return first;
        }
        format!("{first} at the start, {last} at the end")
    };
    let mut caption = match watched.earlier {
        None => course(watched.series),
        Some(earlier) => [watched.series, earlier]
            .map(|series| format!("{}: {}", harmless_html(series.label), course(series)))
            .join("<br>"),
    };
    if let (false, Some(first)) = (y.begins_at_zero(), y.marks.first()) {
        let _ = write!(caption, "<br>the axis begins at {}", first.label);
    }
    caption
}

/// One picture with all lines; one for each where nothing would be seen of the shorter one.
fn pictures(figure: Figure, watched: Watched<'_>, lines: Vec<Line<'_>>, y: &Axis) -> String {
    let Some(earlier) = watched.earlier else {
        let seconds = watched.series.span().as_secs_f64();
        let first = watched.series.samples.first().map(|sample| sample.time);
        let first = first.unwrap_or_default();
        let (x, times) = (clock(first, seconds), Times::Clock(first));
        let caption = format!("{}, UTC", dates(first, seconds));
        return picture(figure, &lines, (&x, y), times, &caption);
    };
    let spans = [earlier, watched.series].map(|series| series.span());
    let seconds = spans.map(|span: Duration| span.as_secs_f64());
    let (short, long) = (seconds[0].min(seconds[1]), seconds[0].max(seconds[1]));
    if short * LONGER >= long {
        let x = elapsed(long);
        return picture(figure, &lines, (&x, y), Times::Elapsed, "since the start");
    }
    let series = [earlier, watched.series];
    let single = lines.into_iter().zip(series).zip(seconds);
    single
        .map(|((line, series), seconds)| {
            let x = elapsed(seconds);
            let caption = format!("{}, since the start", series.label);
            picture(figure, &[line], (&x, y), Times::Elapsed, &caption)
        })
        .collect()
}

fn table(watched: Watched<'_>) -> String {
    let Summary { head, rows } = summary(watched, true);
    let mut text = String::from("<table><thead><tr>");
    for cell in &head {
        let _ = write!(text, "<th>{cell}</th>");
    }
    text += "</tr></thead><tbody>\n";
    for row in rows {
        let mut cells = row.iter().zip(&head);
        let title = cells.next().map_or("", |(cell, _)| cell);
        let _ = write!(text, "<tr><th>{title}</th>");
        for (cell, head) in cells {
            let _ = write!(
                text,
                "<td data-label=\"{head}\">{}</td>",
                harmless_html(cell)
            );
        }
        text += "</tr>\n";
    }
    text + "</tbody></table>"
}
