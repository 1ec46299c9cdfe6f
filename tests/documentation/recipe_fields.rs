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

/// One field of a group.
struct Field<'a> {
    name: &'a str,
    node: &'a Value,
    description: String,
    need: Need,
}

/// Whether a field must be given.
#[derive(PartialEq)]
enum Need {
    Required,
    Optional,
    /// One field of the group, and no other.
    OneOf,
}

/// A group of fields.
struct Section<'a> {
    /// Its place in a recipe, or its type where it has several.
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
        for field in fields(self.sections[section].group) {
            let name = field.name;
            let here: Vec<_> = values.iter().filter_map(|value| value.get(name)).collect();
            let used = self.sections[section].used.entry(name).or_default();
            used.extend(&here);
            let dot = if path.is_empty() { "" } else { "." };
            self.visit_kind(&format!("{path}{dot}{name}"), &self.kind(field.node), here);
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
                let title = format!("`{path}`");
                let section = self.places.get(name).copied().unwrap_or_else(|| {
                    let section = self.add_section(&title, &self.definitions[*name]);
                    self.places.insert(name, section);
                    section
                });
                if self.sections[section].title != title {
                    let words = words(name);
                    self.sections[section].title = words[..1].to_uppercase() + &words[1..];
                }
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
                let anchor = title.to_lowercase().replace(' ', "-");
                let kept = |c: &char| c.is_alphanumeric() || *c == '-';
                format!(
                    "[{title}](#{})",
                    anchor.chars().filter(kept).collect::<String>()
                )
            }
            Kind::Choice(choices) => {
                let words: Vec<_> = choices
                    .iter()
                    .map(|(word, _)| format!("`{word}`"))
                    .collect();
                match words.split_last() {
                    Some((last, [])) => last.clone(),
                    Some((last, others)) => format!("{} or {last}", others.join(", ")),
                    None => String::new(),
                }
            }
            Kind::Scalar(name) => name.clone(),
            Kind::List(item) => format!("list of {}", self.plural(item)),
            Kind::Map(item) => format!("map of {}", self.plural(item)),
        }
    }

    fn plural(&self, kind: &Kind<'a>) -> String {
        let label = self.label(kind);
        match kind {
            Kind::Scalar(_) if label.ends_with('x') => format!("{label}es"),
            Kind::Scalar(_) => format!("{label}s"),
            Kind::List(_) | Kind::Map(_) => label.replacen(" of", "s of", 1),
            Kind::Section(_) | Kind::Choice(_) => label,
        }
    }

    /// The page's text.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            let _ = writeln!(text, "### {}\n", section.title);
            text += &wrapped("", &description(section.group));
            text.push('\n');
            for field in fields(section.group) {
                text += &self.field(section, field);
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
        text.replace("\n\n\n", "\n\n")
    }

    fn field(&self, section: &Section<'a>, field: Field<'a>) -> String {
        let (name, kind) = (field.name, self.kind(field.node));
        let mut said = field.description;
        if field.need == Need::Optional && !said.contains("Default: ") {
            said += match &kind {
                Kind::List(_) | Kind::Map(_) => " Default: empty.",
                Kind::Scalar(_) if field.node["default"] == false => " Default: `false`.",
                _ => panic!("{} {name}: no `Default: ` is described", section.title),
            };
        }
        let required = if field.need == Need::Required {
            ", required"
        } else {
            ""
        };
        let mut text = wrapped(
            "- ",
            &format!("`{name}` ({}{required}): {said}", self.label(&kind)),
        );
        let given = field.node["examples"].as_array().into_iter().flatten();
        let used = section.used[name]
            .iter()
            .copied()
            .filter(|value| !is_empty(value));
        let shortest = |example: &String| (example.lines().count(), example.len());
        let example = (given.map(|value| example(name, &kind, value)).next())
            .or_else(|| {
                used.map(|value| example(name, &kind, value))
                    .min_by_key(shortest)
            })
            .unwrap_or_else(|| panic!("{} {name}: no recipe has it", section.title));
        match example.lines().count() {
            1 => text += &wrapped("  ", &format!("Example: `{}`", example.trim_end())),
            lines if lines <= LINES => {
                let indented: String = example.lines().map(|line| format!("  {line}\n")).collect();
                let _ = writeln!(text, "\n  ```yaml\n{indented}  ```\n");
            }
            _ => {}
        }
        for (word, meaning) in innermost(&kind) {
            text += &wrapped("  - ", &format!("`{word}`: {meaning}"));
        }
        text
    }
}

/// The fields of a group, the required ones first.
fn fields(group: &Value) -> Vec<Field<'_>> {
    if let Some(alternatives) = group["oneOf"].as_array() {
        let one = |alternative| fields_of(alternative, |_| (alternative, Need::OneOf));
        return alternatives.iter().flat_map(one).collect();
    }
    let required = group["required"].as_array().map_or(&[][..], Vec::as_slice);
    let place = |name: &str| required.iter().position(|required| required == name);
    let mut fields = fields_of(group, |field| (field, Need::Optional));
    for field in &mut fields {
        if place(field.name).is_some() {
            field.need = Need::Required;
        }
    }
    fields.sort_by_key(|field| place(field.name).unwrap_or(required.len()));
    fields
}

/// The fields among the properties of a schema; `about` says what has the description of one, and whether it is needed.
fn fields_of<'a>(
    node: &'a Value,
    about: impl Fn(&'a Value) -> (&'a Value, Need),
) -> Vec<Field<'a>> {
    let properties = node["properties"].as_object().into_iter().flatten();
    let field = |(name, node): (&'a String, &'a Value)| {
        let (described, need) = about(node);
        let description = description(described);
        Field {
            name,
            node,
            description,
            need,
        }
    };
    properties.map(field).collect()
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
    if let Value::Array(items) = &value
        && items.iter().all(Value::is_string)
    {
        let items = items
            .iter()
            .map(|item| serde_saphyr::to_string(item).expect("YAML"));
        let items: Vec<_> = items.map(|item| item.trim_end().to_owned()).collect();
        let plain = |item: &String| {
            item.starts_with('"') || !item.contains([',', '[', ']', '{', '}', '\n'])
        };
        if items.iter().all(plain) {
            return format!("{name}: [{}]\n", items.join(", "));
        }
    }
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
