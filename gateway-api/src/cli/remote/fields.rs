//! Fields of a command as `NAME=VALUE` arguments.

use gateway_core::kind::VerbSpec;
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// Field whose nested names may contain dots: the text after the first dot is the key.
const TAGS: &str = "tags";

/// A field with its value as text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Field {
    path: Vec<String>,
    text: String,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The value may be a start-up script with passwords.
        write!(f, "{}=...", self.path.join("."))
    }
}

/// Reads an argument.
pub(super) fn parse(argument: &str) -> Result<Field, String> {
    let (name, text) = argument.split_once('=').ok_or("must have the form NAME=VALUE")?;
    let path: Vec<String> = match name.split_once('.') {
        Some((TAGS, key)) => vec![TAGS.to_owned(), key.to_owned()],
        _ => name.split('.').map(str::to_owned).collect(),
    };
    if path.iter().any(String::is_empty) {
        return Err("must have a name before the `=` and on each side of a dot".to_owned());
    }
    Ok(Field { path, text: text.to_owned() })
}

/// Returns the command that the fields make.
pub(super) fn combine(fields: &[Field], spec: &VerbSpec) -> Result<Map<String, Value>, String> {
    let schema = spec.schema.and_then(|schemas| schemas().into_iter().next());
    let schema = schema.and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    let mut command = Map::new();
    for field in fields {
        let value = value(&field.text, texts(&schema, &field.path));
        insert(&mut command, &field.path, value).ok_or_else(|| {
            format!("`{}` is given twice, or as a whole and in parts", field.path.join("."))
        })?;
    }
    Ok(command)
}

/// Inserts a value at a path, or returns `None` if there is one already.
fn insert(command: &mut Map<String, Value>, path: &[String], value: Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    match command.entry(first.clone()) {
        Entry::Vacant(entry) if rest.is_empty() => {
            entry.insert(value);
            Some(())
        }
        Entry::Occupied(_) if rest.is_empty() => None,
        entry => insert(entry.or_insert_with(|| Value::Object(Map::new())).as_object_mut()?, rest, value),
    }
}

/// Whether a field is a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Texts {
    /// Other types fit too, or the schema does not say.
    Unknown,
    /// Only a string fits.
    Only,
    /// A string or null fits.
    OrNull,
}

/// Parses JSON if possible, else takes the text. A string field takes the text even if it looks like a number.
fn value(text: &str, texts: Texts) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ Value::String(_)) => value,
        Ok(Value::Null) if texts == Texts::OrNull => Value::Null,
        Ok(value) if texts == Texts::Unknown => value,
        _ => Value::String(text.to_owned()),
    }
}

fn texts(schema: &Value, path: &[String]) -> Texts {
    let own = path.first().map_or(&Value::Null, |name| &schema["properties"][name]);
    let found = match path {
        [_] => own,
        [_, _] => &own["additionalProperties"],
        _ => &Value::Null,
    };
    match &found["type"] {
        Value::String(word) if word == "string" => Texts::Only,
        Value::Array(words) if words.contains(&"string".into()) && words.contains(&"null".into()) => {
            Texts::OrNull
        }
        _ => Texts::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::kind::Verb;
    use serde_json::json;

    use super::*;

    fn command(kind: &str, verb: Verb, arguments: &[&str]) -> Result<Value, String> {
        let fields = arguments.iter().map(|argument| parse(argument)).collect::<Result<Vec<_>, _>>()?;
        combine(&fields, Kind::parse(kind).unwrap().spec().verb(verb).unwrap()).map(Value::Object)
    }

    #[test]
    fn value_is_json_if_possible_and_a_dot_addresses_a_nested_field() {
        let arguments = [
            "name=web 1",
            "count=3",
            "networks=[\"a\",\"b\"]",
            "boot_volume.size_gib=5",
            "boot_volume.delete_on_termination=true",
            "tags.tier=front",
            "cloud_options.a.b=null",
            "user_data=#!/bin/sh\nx=y",
            "image={half",
        ];
        let expected = json!({
            "name": "web 1", "count": 3, "networks": ["a", "b"],
            "boot_volume": { "size_gib": 5, "delete_on_termination": true },
            "tags": { "tier": "front" }, "cloud_options": { "a": { "b": null } },
            "user_data": "#!/bin/sh\nx=y", "image": "{half",
        });
        assert_eq!(command("instance", Verb::Create, &arguments).unwrap(), expected);
    }

    #[test]
    fn string_field_takes_any_text() {
        let arguments =
            ["name=2024", "tags.release=1.10", "tags.a.b=true", "tags.none=null", "description=null"];
        let expected = json!({
            "name": "2024", "tags": { "release": "1.10", "a.b": "true", "none": "null" }, "description": null,
        });
        assert_eq!(command("volume", Verb::Create, &arguments).unwrap(), expected);
        // Quoted as JSON it is the same text.
        assert_eq!(command("volume", Verb::Create, &["name=\"2024\""]).unwrap(), json!({ "name": "2024" }));
        assert_eq!(command("volume", Verb::Extend, &["size_gib=9"]).unwrap(), json!({ "size_gib": 9 }));
        assert_eq!(command("volume", Verb::Update, &["name=7"]).unwrap(), json!({ "name": "7" }));
        assert_eq!(command("volume", Verb::Update, &["tags={}"]).unwrap(), json!({ "tags": {} }));
    }

    #[test]
    fn field_given_twice_is_refused() {
        for arguments in [
            &["name=a", "name=b"][..],
            &["tags.a=1", "tags.a=2"],
            &["boot_volume=x", "boot_volume.size_gib=5"],
            &["boot_volume.size_gib=5", "boot_volume={}"],
        ] {
            let error = command("instance", Verb::Create, arguments).unwrap_err();
            assert!(error.contains("twice, or as a whole and in parts"), "{error}");
        }
        let both = ["boot_volume={\"size_gib\":5}", "boot_volume.delete_on_termination=true"];
        assert!(command("instance", Verb::Create, &both).is_ok(), "an object takes more fields");
        for wrong in ["name", "=x", ".a=x", "a.=x", "a..b=x", "tags.=x", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_value() {
        let text = format!("{:?}", parse("user_data=hunter2").unwrap());
        assert!(text.contains("user_data") && !text.contains("hunter2"), "{text}");
    }
}
