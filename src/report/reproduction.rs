//! The outcome of building a result again.

use std::fmt::Write as _;

use comfy_table::CellAlignment;

use super::layout::{lay_out, new_table};
use crate::compare::{Difference, Role};
use crate::reproduce::{FileIdentity, ReproducedFile, Reproduction};

/// A line for the image and for each file, and a table of the differences of a file.
pub fn reproduction_text(reproduction: &Reproduction, terminal: bool) -> String {
    let mut text = String::new();
    let image = &reproduction.image;
    // Writing to a string cannot fail.
    if image.same {
        let _ = writeln!(text, "{}  same image", image.name);
    } else {
        let _ = writeln!(text, "{}  DIFFERENT IMAGE:", image.name);
        for line in &image.differs_in {
            let _ = writeln!(text, "  {line}");
        }
    }
    for file in &reproduction.files {
        let _ = writeln!(text, "{}  {}", file.name, summary(file));
        if !file.differences.is_empty() {
            let _ = writeln!(text, "{}\n", table(&file.differences, terminal));
        }
    }
    text
}

fn summary(file: &ReproducedFile) -> String {
    let identity = |file: &FileIdentity| format!("{} bytes, sha256 {}", file.size, file.sha256);
    match (&file.published, &file.rebuilt) {
        (Some(published), _) if file.equal => format!("identical: {}", identity(published)),
        (Some(published), Some(rebuilt)) => format!(
            "DIFFERS\n  published: {}\n  rebuilt:   {}",
            identity(published),
            identity(rebuilt)
        ),
        (Some(_), None) => "MISSING: only in the published result".to_owned(),
        (None, _) => "NOT PUBLISHED: only in the new build".to_owned(),
    }
}

fn table(differences: &[Difference], terminal: bool) -> String {
    let mut table = new_table(terminal);
    table.set_header([
        "section",
        "content",
        "published",
        "rebuilt",
        "first difference at",
        "differing bytes",
    ]);
    let size = |size: Option<u64>| size.map_or("missing".to_owned(), |size| size.to_string());
    for difference in differences {
        let place = match (difference.offset, difference.offset_in_file) {
            (Some(offset), Some(in_file)) if difference.role != Role::Whole => {
                format!("{offset:#x} (file {in_file:#x})")
            }
            (Some(offset), _) => format!("{offset:#x}"),
            (None, _) => "-".to_owned(),
        };
        table.add_row([
            difference.part.clone(),
            role(difference.role).to_owned(),
            size(difference.first_size),
            size(difference.second_size),
            place,
            difference.bytes.to_string(),
        ]);
    }
    for index in [2, 3, 5] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lay_out(table, 1)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Headers => "headers",
        Role::BuildId => "build id",
        Role::Note => "note",
        Role::Code => "code",
        Role::Data => "data",
        Role::Constants => "constants",
        Role::Symbols => "symbols",
        Role::Debugging => "debug information",
        Role::NotLoaded => "not loaded",
        Role::Outside => "outside the sections",
        Role::Whole => "not an ELF file with sections",
    }
}
