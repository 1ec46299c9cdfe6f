//! XML as yum reads it.

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer, XmlVersion};

/// A piece of XML.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// An indented piece without a declaration.
    pub(super) fn piece() -> Self {
        Self(Writer::new_with_indent(Vec::new(), b' ', 2))
    }

    /// A whole document.
    pub(super) fn document() -> Self {
        let mut xml = Self::piece();
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// Begins an element.
    pub(super) fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Start(start(name, attributes)));
    }

    /// Ends it.
    pub(super) fn end(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        let text: String = text.chars().filter(|c| is_allowed(*c)).collect();
        self.event(Event::Text(BytesText::new(&text)));
        self.end(name);
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        let mut text = String::from_utf8_lossy(&self.0.into_inner()).into_owned();
        text.push('\n');
        text
    }

    fn event(&mut self, event: Event<'_>) {
        let written = self.0.write_event(event);
        written.expect("what is written to memory is written");
    }
}

/// What an element of a piece says: its attributes, or its text.
pub(super) fn find(xml: &str, element: &str, attribute: Option<&str>) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    loop {
        let event = reader.read_event().ok()?;
        let (Event::Start(start) | Event::Empty(start)) = &event else {
            if matches!(event, Event::Eof) {
                return None;
            }
            continue;
        };
        if start.name().as_ref() != element.as_bytes() {
            continue;
        }
        let Some(attribute) = attribute else {
            let Ok(Event::Text(text)) = reader.read_event() else {
                return None;
            };
            return Some(text.decode().ok()?.into_owned());
        };
        let found = start.try_get_attribute(attribute).ok()??;
        return Some(
            found
                .normalized_value(XmlVersion::Explicit1_0)
                .ok()?
                .into_owned(),
        );
    }
}

fn start<'a>(name: &'a str, attributes: &[(&'a str, &'a str)]) -> BytesStart<'a> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

/// Characters that a document of XML 1.0 may have.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
