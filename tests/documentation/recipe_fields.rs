//! Makes the reference: a section for each group of fields, with type, default, description and example of each field.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kmembuild::recipe::BUILT_IN_VALUES;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

/// Longest example of a field that has fields of its own, in lines; a longer one stands in the field's own section.
const LINES: usize = 8;
/// Most entries of a list or map, and most lines of a text, that an example shows.
const ENTRIES: usize = 2;
const TEXT_LINES: usize = 4;
/// Longest line of the page.
const WIDTH: usize = 110;

/// What a field holds.
enum Kind<'a> {
    /// A group of fields, by the name of its definition.
    Section(&'a str),
    /// One of several words.
    Choice(Vec<(&'a str, String)>),
    /// Any other single value, by its name.
    Scalar(String),
    List(Box<Kind<'a>>),
    Map(Box<Kind<'a>>),
}

/// A group of fields.
struct Section<'a> {
    /// Place of its first use in a recipe.
    title: String,
    group: &'a Value,
    /// What the recipes have for each field.
    used: BTreeMap<&'a str, Vec<&'a Value>>,
}

/// The fields of a schema, and what recipes have in them.
pub struct Reference<'a> {
    definitions: &'a Map<String, Value>,
    /// In the order of their first use.
    sections: Vec<Section<'a>>,
    /// Place in `sections` by the name of the definition.
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Reference<'a> {
    /// The fields of `schema`, with examples out of `recipes`.
    pub fn new(schema: &'a Value, recipes: &'a [Value]) -> Self {
        let definitions = schema["$defs"].as_object().expect("definitions");
        let (sections, places) = (Vec::new(), BTreeMap::new());
        let mut reference = Self {
            definitions,
            sections,
            places,
        };
        let top = reference.add_section("Top level", schema);
        reference.visit(top, "", &recipes.iter().collect::<Vec<_>>());
        reference
    }

    fn add_section(&mut self, title: &str, group: &'a Value) -> usize {
        let (title, used) = (title.to_owned(), BTreeMap::new());
        self.sections.push(Section { title, group, used });
        self.sections.len() - 1
    }

    fn visit(&mut self, section: usize, path: &str, values: &[&'a Value]) {
        for (name, field) in fields(self.sections[section].group) {
            let here: Vec<_> = values.iter().filter_map(|value| value.get(name)).collect();
            let used = self.sections[section].used.entry(name).or_default();
            used.extend(&here);
            let dot = if path.is_empty() { "" } else { "." };
            self.visit_kind(&format!("{path}{dot}{name}"), &self.kind(field), here);
        }
    }

    fn visit_kind(&mut self, path: &str, kind: &Kind<'a>, values: Vec<&'a Value>) {
        match kind {
            Kind::List(item) => {
                let items = values.into_iter().filter_map(Value::as_array).flatten();
                self.visit_kind(&format!("{path}[]"), item, items.collect());
            }
            Kind::Map(item) => {
                let items = values.into_iter().filter_map(Value::as_object);
                let items = items.flat_map(Map::values).collect();
                self.visit_kind(&format!("{path}.*"), item, items);
            }
            Kind::Section(name) => {
                let section = self.places.get(name).copied().unwrap_or_else(|| {
                    let section = self.add_section(&format!("`{path}`"), &self.definitions[*name]);
                    self.places.insert(name, section);
                    section
                });
                self.visit(section, path, &values);
            }
            Kind::Choice(_) | Kind::Scalar(_) => {}
        }
    }

    fn kind(&self, node: &'a Value) -> Kind<'a> {
        if let Some(options) = node["anyOf"].as_array() {
            let given = options.iter().find(|option| option["type"] != "null");
            return self.kind(given.expect("something beside null"));
        }
        if let Some(name) = node["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            let definition = &self.definitions[name];
            let choices = choices(definition);
            return if !choices.is_empty() {
                Kind::Choice(choices)
            } else if fields(definition).is_empty() {
                Kind::Scalar(words(name))
            } else {
                Kind::Section(name)
            };
        }
        // The other one of two types is null.
        match node["type"][0]
            .as_str()
            .or(node["type"].as_str())
            .expect("a type")
        {
            "array" => Kind::List(Box::new(self.kind(&node["items"]))),
            "object" => Kind::Map(Box::new(self.kind(&node["additionalProperties"]))),
            "boolean" => Kind::Scalar("`true` or `false`".to_owned()),
            "integer" => Kind::Scalar("number".to_owned()),
            _ => Kind::Scalar("text".to_owned()),
        }
    }

    fn label(&self, kind: &Kind<'a>) -> String {
        match kind {
            Kind::Section(name) => {
                let title = &self.sections[self.places[name]].title;
                let kept = |c: &char| c.is_alphanumeric() || *c == '-';
                let anchor: String = title.chars().filter(kept).collect();
                format!("[{title}](#{})", anchor.to_lowercase())
            }
            Kind::Choice(choices) => {
                let words: Vec<_> = choices
                    .iter()
                    .map(|(word, _)| format!("`{word}`"))
                    .collect();
                words.join(" or ")
            }
            Kind::Scalar(name) => name.clone(),
            Kind::List(item) => format!("list of {}", self.label(item)),
            Kind::Map(item) => format!("map of {}", self.label(item)),
        }
    }

    /// The page's text.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            let _ = writeln!(text, "### {}\n", section.title);
            text += &wrapped("", &description(section.group));
            text.push('\n');
            let required = section.group["required"].as_array();
            for (name, field) in fields(section.group) {
                let required = required.is_some_and(|names| names.contains(&Value::from(name)));
                text += &self.field(section, name, field, required);
            }
            text.push('\n');
        }
        text += "### Types\n\n";
        for (name, definition) in self.definitions {
            if choices(definition).is_empty() && fields(definition).is_empty() {
                text += &wrapped(
                    "- ",
                    &format!("*{}*: {}", words(name), description(definition)),
                );
            }
        }
        text += "\n### Built-in values\n\n";
        for (name, meaning) in BUILT_IN_VALUES {
            text += &wrapped("- ", &format!("`{name}`: {meaning}"));
        }
        text
    }

    fn field(&self, section: &Section<'a>, name: &str, field: &'a Value, required: bool) -> String {
        let kind = self.kind(field);
        let mut said = description(field);
        if section.group["oneOf"].is_null() && !required && !said.contains("Default: ") {
            said += match &kind {
                Kind::List(_) | Kind::Map(_) => " Default: empty.",
                Kind::Scalar(_) if field["default"] == false => " Default: `false`.",
                _ => panic!(
                    "{} {name}: its description has no `Default: `",
                    section.title
                ),
            };
        }
        let needed = if required { ", required" } else { "" };
        let mut text = wrapped(
            "- ",
            &format!("`{name}` ({}{needed}): {said}", self.label(&kind)),
        );
        for (word, meaning) in innermost(&kind) {
            text += &wrapped("  - ", &format!("`{word}`: {meaning}"));
        }
        let used = section.used[name].iter().filter(|value| !is_empty(value));
        let examples = used.map(|value| example(name, &kind, value));
        let shortest = examples.min_by_key(|example| (example.lines().count(), example.len()));
        let example = shortest.unwrap_or_else(|| {
            let given = &field["examples"][0];
            assert!(
                !given.is_null(),
                "{} {name}: no recipe has it",
                section.title
            );
            example(name, &kind, given)
        });
        match example.lines().count() {
            1 => text += &wrapped("  ", &format!("Example: `{}`", example.trim_end())),
            lines if lines <= LINES => {
                let indented: String = example.lines().map(|line| format!("  {line}\n")).collect();
                let _ = writeln!(text, "\n  ```yaml\n{indented}  ```\n");
            }
            _ => {}
        }
        text
    }
}

/// The fields of a group, the required ones first.
fn fields(group: &Value) -> Vec<(&str, &Value)> {
    // One of several fields, as an alternative each.
    let alternatives = group["oneOf"].as_array().into_iter().flatten();
    let groups = alternatives.chain([group]);
    let mut fields: Vec<(&str, &Value)> = groups
        .filter_map(|group| group["properties"].as_object())
        .flatten()
        .map(|(name, field)| (name.as_str(), field))
        .collect();
    let required = group["required"].as_array().cloned().unwrap_or_default();
    fields.sort_by_key(|(name, _)| {
        let place = required.iter().position(|required| required == name);
        place.unwrap_or(required.len())
    });
    fields
}

/// The words that a value can be, each with what it means; none for a value of another kind.
fn choices(definition: &Value) -> Vec<(&str, String)> {
    let alternatives = definition["oneOf"].as_array().into_iter().flatten();
    let words = alternatives.filter_map(|one| Some((one["const"].as_str()?, description(one))));
    words.collect()
}

fn innermost<'k, 'a>(kind: &'k Kind<'a>) -> &'k [(&'a str, String)] {
    match kind {
        Kind::Choice(choices) => choices,
        Kind::List(item) | Kind::Map(item) => innermost(item),
        Kind::Section(_) | Kind::Scalar(_) => &[],
    }
}

/// The name of a type of the code as words: `RelativePath` is a relative path.
fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The first paragraph of a description, in one line.
fn description(node: &Value) -> String {
    let text = node["description"].as_str().expect("a description");
    let first = text.split("\n\n").next().unwrap_or_default();
    first.replace('\n', " ")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A field with a value as YAML, long lists and texts cut.
fn example(name: &str, kind: &Kind<'_>, value: &Value) -> String {
    let value = cut(kind, value);
    let field = Value::from_iter([(name, value)]);
    serde_saphyr::to_string(&Ordered(&field)).expect("YAML")
}

fn cut(kind: &Kind<'_>, value: &Value) -> Value {
    match (kind, value) {
        (Kind::List(item), Value::Array(items)) => items
            .iter()
            .take(ENTRIES)
            .map(|value| cut(item, value))
            .collect(),
        (Kind::Map(item), Value::Object(entries)) => {
            let entries = entries.iter().take(ENTRIES);
            entries
                .map(|(name, value)| (name.clone(), cut(item, value)))
                .collect()
        }
        (_, Value::String(text)) => {
            let lines = text.split_inclusive('\n').take(TEXT_LINES);
            Value::from(lines.collect::<String>())
        }
        _ => value.clone(),
    }
}

/// A value that is written with the name of a thing in front of the rest.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| {
                    !["name", "file", "path", "recipe"].contains(&name.as_str())
                });
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            value => value.serialize(serializer),
        }
    }
}

/// `text` in lines of the page behind `mark`, with code left in one piece.
fn wrapped(mark: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = mark.to_owned();
    let indent = " ".repeat(mark.len());
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match pieces.last_mut() {
            Some(last) if last.matches('`').count() % 2 == 1 => {
                last.push(' ');
                last.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
    }
    for piece in pieces {
        if line.len() > mark.len() && line.len() + 1 + piece.len() > WIDTH {
            lines += &line;
            lines.push('\n');
            line.clone_from(&indent);
        }
        if line.trim_end() != "" && line != mark {
            line.push(' ');
        }
        line += &piece;
    }
    lines + &line + "\n"
}
