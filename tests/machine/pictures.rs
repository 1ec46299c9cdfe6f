//! The pages as pictures. Each was looked at by a person before it became the one that later ones are held against.
//!
//! After a change that was meant, with a look at every file that it writes:
//!
//! ```text
//! KMEMBUILD_UPDATE_PICTURES=1 cargo test --test main -- machine::pictures
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use kmembuild::artifacts::Index;
use kmembuild::report::release_page;

use crate::support::browser::{Picture, picture};
use crate::support::command::Workplace;

/// How many pixels, in each direction, become one of the pictures that are kept.
const SCALE: usize = 4;
/// By how much of 255 a pixel may differ before it counts as another one: browsers draw the edges of letters in their own way.
const NEAR: u8 = 40;
/// How many pixels in a thousand may be others: a line of text that is missing or moved is more.
const FEW: usize = 1;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    fixtures.join(name)
}

/// A picture in grey, smaller by [`SCALE`].
fn shrunk(picture: &Picture) -> (usize, usize, Vec<u8>) {
    let (width, height) = (picture.width / SCALE, picture.height / SCALE);
    let mut grey = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let mut sum = 0;
            for y in 0..SCALE {
                let from = (row * SCALE + y) * picture.width + column * SCALE;
                let pixels = &picture.pixels[from..from + SCALE];
                sum += pixels
                    .iter()
                    .flatten()
                    .map(|part| usize::from(*part))
                    .sum::<usize>();
            }
            grey.push(u8::try_from(sum / (3 * SCALE * SCALE)).expect("a mean"));
        }
    }
    (width, height, grey)
}

fn write(path: &Path, (width, height, grey): &(usize, usize, Vec<u8>)) {
    let side = |side: &usize| u32::try_from(*side).expect("a side");
    let file = fs::File::create(path).expect("a file");
    let mut encoder = png::Encoder::new(file, side(width), side(height));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("written");
    writer.write_image_data(grey).expect("written");
}

fn read(path: &Path) -> (usize, usize, Vec<u8>) {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let decoder = png::Decoder::new(std::io::BufReader::new(file));
    let mut reader = decoder.read_info().expect("a picture");
    let mut grey = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut grey).expect("a whole picture");
    let side = |side: u32| usize::try_from(side).expect("a side");
    (side(info.width), side(info.height), grey)
}

/// Holds a page against its pictures, at both widths and in both colour schemes.
fn assert_as_looked_at(folder: &Path, page: &str, name: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pages");
    for (width, dark) in [(1200, false), (1200, true), (400, false), (400, true)] {
        let scheme = if dark { "dark" } else { "light" };
        let kept = golden.join(format!("{name}-{width}-{scheme}.png"));
        let found = shrunk(&picture(folder, page, width, dark));
        if std::env::var_os("KMEMBUILD_UPDATE_PICTURES").is_some() {
            write(&kept, &found);
            continue;
        }
        let expected = read(&kept);
        assert_eq!((found.0, found.1), (expected.0, expected.1));
        let pixels = found.2.iter().zip(&expected.2);
        let others = pixels
            .filter(|(one, other)| one.abs_diff(**other) > NEAR)
            .count();
        if others * 1000 > FEW * found.2.len() {
            let new = std::env::temp_dir().join(format!("kmembuild-{name}-{width}-{scheme}.png"));
            write(&new, &found);
            let (new, kept) = (new.display(), kept.display());
            panic!("{others} pixels of {new} are not those of {kept}");
        }
    }
}

#[test]
fn the_page_of_a_release_is_the_one_that_was_looked_at() {
    let workplace = Workplace::new();
    let index = fs::read_to_string(fixture("index.json")).expect("an index");
    let index: Index = serde_json::from_str(&index).expect("an index");
    workplace.write("index.html", &release_page(&index));
    assert_as_looked_at(workplace.path(), "index.html", "release");
}

#[test]
fn the_page_of_measurements_is_the_one_that_was_looked_at() {
    let workplace = Workplace::new();
    for name in ["leaking.csv", "cured.csv"] {
        let text = fs::read_to_string(fixture(name)).expect("measurements");
        workplace.write(name, &text);
    }
    let report = [
        "kmem",
        "report",
        "leaking.csv",
        "cured.csv",
        "--html",
        "kmem.html",
    ];
    workplace.run(&report).code(0);
    assert_as_looked_at(workplace.path(), "kmem.html", "measurements");
}
