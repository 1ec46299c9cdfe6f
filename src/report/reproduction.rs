//! The outcome of building a result again.

use super::layout::Table;
use super::text::{Text, Tone};
use crate::compare::{Difference, Role};
use crate::reproduce::{FileIdentity, ReproducedFile, Reproduction};

/// A line for the image and for each file, and a table of the differences of a file.
pub fn reproduction_text(reproduction: &Reproduction, width: u16) -> Text {
    let mut text = Text::new();
    let image = &reproduction.image;
    if image.same {
        let same = Text::toned(Tone::Good, "same image") + "\n";
        text += Text::message(Text::from(format!("{}  ", image.name)) + same);
    } else {
        text += format!("{}  ", image.name);
        text += Text::toned(Tone::Bad, "DIFFERENT IMAGE") + ":\n";
        for line in &image.differs_in {
            text += format!("  {line}\n");
        }
    }
    for file in &reproduction.files {
        let name = Text::from(format!("{}  ", file.name));
        text += Text::message(name + summary(file) + "\n");
        if !file.differences.is_empty() {
            text += table(&file.differences, width) + "\n";
        }
    }
    text
}

fn summary(file: &ReproducedFile) -> Text {
    let identity = |file: &FileIdentity| format!("{} bytes, sha256 {}", file.size, file.sha256);
    match (&file.published, &file.rebuilt) {
        (Some(published), _) if file.equal => {
            Text::toned(Tone::Good, "identical") + format!(": {}", identity(published))
        }
        (Some(published), Some(rebuilt)) => {
            let (published, rebuilt) = (identity(published), identity(rebuilt));
            Text::toned(Tone::Bad, "DIFFERS")
                + format!("\n  published: {published}\n  rebuilt:   {rebuilt}")
        }
        (Some(_), None) => Text::toned(Tone::Bad, "MISSING") + ": only in the published result",
        (None, _) => Text::toned(Tone::Bad, "NOT PUBLISHED") + ": only in the new build",
    }
}

fn table(differences: &[Difference], width: u16) -> Text {
    let mut table = Table::with_head([
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
        table.row([
            difference.part.clone(),
            role(difference.role).to_owned(),
            size(difference.first_size),
            size(difference.second_size),
            place,
            difference.bytes.to_string(),
        ]);
    }
    table.align_right(&[2, 3, 5]);
    table.text(1, width)
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
