//! `NAME=VALUE` on the command line, as the members of an order.

use gateway_core::kind::VerbSpec;
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// Its members have no members: what stands behind the dot is the key, dots and all.
const TAGS: &str = "tags";

/// One of them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Member {
    path: Vec<String>,
    text: String,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The value may be a start-up program with passwords.
        write!(f, "{}=...", self.path.join("."))
    }
}

/// Reads one argument.
pub(super) fn parse(argument: &str) -> Result<Member, String> {
    let (name, text) = argument.split_once('=').ok_or("must have the form NAME=VALUE")?;
    let path: Vec<String> = match name.split_once('.') {
        Some((TAGS, key)) => vec![TAGS.to_owned(), key.to_owned()],
        _ => name.split('.').map(str::to_owned).collect(),
    };
    if path.iter().any(String::is_empty) {
        return Err("must have a name before the sign, and one on each side of a dot".to_owned());
    }
    Ok(Member { path, text: text.to_owned() })
}

/// The order that they make.
pub(super) fn combine(members: &[Member], spec: &VerbSpec) -> Result<Map<String, Value>, String> {
    let schema = spec.schema.and_then(|schemas| schemas().into_iter().next());
    let schema = schema.and_then(|(_, schema)| serde_json::to_value(schema).ok()).unwrap_or_default();
    let mut order = Map::new();
    for member in members {
        let value = value(&member.text, texts(&schema, &member.path));
        insert(&mut order, &member.path, value)
            .ok_or_else(|| format!("{} is given twice, or as a whole and in parts", member.path.join(".")))?;
    }
    Ok(order)
}

/// Puts a value in its place; `None` where something stands already.
fn insert(order: &mut Map<String, Value>, path: &[String], value: Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    match order.entry(first.clone()) {
        Entry::Vacant(place) if rest.is_empty() => {
            place.insert(value);
            Some(())
        }
        Entry::Occupied(_) if rest.is_empty() => None,
        entry => insert(entry.or_insert_with(|| Value::Object(Map::new())).as_object_mut()?, rest, value),
    }
}

/// What a member takes as text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Texts {
    /// It takes other things too, or nobody knows.
    Unknown,
    /// Text alone.
    Only,
    /// Text or nothing.
    OrNull,
}

/// JSON where it is some, else text. What can only be text is text, also when it looks like a number.
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

    fn order(kind: &str, verb: Verb, arguments: &[&str]) -> Result<Value, String> {
        let members = arguments.iter().map(|argument| parse(argument)).collect::<Result<Vec<_>, _>>()?;
        combine(&members, Kind::parse(kind).unwrap().spec().verb(verb).unwrap()).map(Value::Object)
    }

    #[test]
    fn values_are_json_where_they_are_some_and_names_have_members() {
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
        assert_eq!(order("instance", Verb::Create, &arguments).unwrap(), expected);
    }

    #[test]
    fn what_can_only_be_text_is_text() {
        let arguments =
            ["name=2024", "tags.release=1.10", "tags.a.b=true", "tags.none=null", "description=null"];
        let expected = json!({
            "name": "2024", "tags": { "release": "1.10", "a.b": "true", "none": "null" }, "description": null,
        });
        assert_eq!(order("volume", Verb::Create, &arguments).unwrap(), expected);
        // Quoted as JSON it is the same text.
        assert_eq!(order("volume", Verb::Create, &["name=\"2024\""]).unwrap(), json!({ "name": "2024" }));
        assert_eq!(order("volume", Verb::Extend, &["size_gib=9"]).unwrap(), json!({ "size_gib": 9 }));
        assert_eq!(order("volume", Verb::Update, &["name=7"]).unwrap(), json!({ "name": "7" }));
        assert_eq!(order("volume", Verb::Update, &["tags={}"]).unwrap(), json!({ "tags": {} }));
    }

    #[test]
    fn a_place_takes_one_value() {
        for arguments in [
            &["name=a", "name=b"][..],
            &["tags.a=1", "tags.a=2"],
            &["boot_volume=x", "boot_volume.size_gib=5"],
            &["boot_volume.size_gib=5", "boot_volume={}"],
        ] {
            let error = order("instance", Verb::Create, arguments).unwrap_err();
            assert!(error.contains("twice, or as a whole and in parts"), "{error}");
        }
        let both = ["boot_volume={\"size_gib\":5}", "boot_volume.delete_on_termination=true"];
        assert!(order("instance", Verb::Create, &both).is_ok(), "an object has room for more");
        for wrong in ["name", "=x", ".a=x", "a.=x", "a..b=x", "tags.=x", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_value_is_in_debug_text() {
        let text = format!("{:?}", parse("user_data=hunter2").unwrap());
        assert!(text.contains("user_data") && !text.contains("hunter2"), "{text}");
    }
}
