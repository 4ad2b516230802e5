//! Values of a document as text in a cell.

use serde_json::{Map, Value};

use crate::cli::table::printable;

/// Text of an empty cell.
pub(in crate::cli) const NOTHING: &str = "-";

/// Fields by which a document refers to another resource.
const REFERENCE: [&str; 3] = ["name", "external_id", "id"];

/// Returns a value on one line. A reference is shown by its name, else its external id, else its id.
pub(in crate::cli) fn text(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::String(text) => printable(text),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(members) if members.is_empty() => NOTHING.to_owned(),
        Value::Object(members) => reference(members).unwrap_or_else(|| {
            let pair = |(name, value): (&String, &Value)| format!("{}={}", printable(name), text(value));
            members.iter().filter(|(_, value)| !value.is_null()).map(pair).collect::<Vec<_>>().join(" ")
        }),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Returns a value on several lines: one for each item or field, with the id after a name.
pub(super) fn lines(value: &Value) -> String {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(line).collect::<Vec<_>>().join("\n"),
        Value::Object(members) if reference(members).is_none() => pairs(members),
        value => line(value),
    }
}

/// Returns fields one per line, even if they look like a reference: a tag may be called `name`.
pub(super) fn pairs(members: &Map<String, Value>) -> String {
    if members.is_empty() {
        return NOTHING.to_owned();
    }
    let pair = |(name, value): (&String, &Value)| format!("{}={}", printable(name), line(value));
    members.iter().map(pair).collect::<Vec<_>>().join("\n")
}

fn line(value: &Value) -> String {
    let named =
        value.as_object().and_then(|members| Some((reference(members)?, members.get("id")?.as_str()?)));
    match named {
        Some((name, id)) if name != id => format!("{name} ({})", printable(id)),
        _ => text(value),
    }
}

fn reference(members: &Map<String, Value>) -> Option<String> {
    if members.keys().any(|name| !REFERENCE.contains(&name.as_str())) {
        return None;
    }
    REFERENCE
        .iter()
        .find_map(|name| members.get(*name)?.as_str().filter(|text| !text.is_empty()))
        .map(printable)
}

/// Returns a time to the second.
pub(in crate::cli) fn moment(text: &str) -> String {
    match text.split_once('.') {
        Some((seconds, fraction)) if fraction.ends_with('Z') => printable(&format!("{seconds}Z")),
        _ => printable(text),
    }
}

/// Returns the value at a path such as `attachments.instance`. A list on the path stands for its items.
pub(super) fn at(document: &Value, path: &str) -> Value {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found = match document {
        Value::Array(items) => return Value::Array(items.iter().map(|item| at(item, path)).collect()),
        other => other.get(first).cloned().unwrap_or(Value::Null),
    };
    match rest {
        Some(rest) => at(&found, rest),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn value_fits_in_a_cell() {
        for (value, expected) in [
            (json!(null), "-"),
            (json!(""), "-"),
            (json!([]), "-"),
            (json!({}), "-"),
            (json!(7), "7"),
            (json!(false), "false"),
            (json!("a\tb"), "a\\tb"),
            (json!(["a", "b"]), "a,b"),
            (json!({"id": "1", "external_id": "e", "name": "web"}), "web"),
            (json!({"id": "1", "external_id": "e"}), "e"),
            (json!({"id": "1"}), "1"),
            (json!([{"id": "1", "name": "a"}, {"id": "2"}]), "a,2"),
            (json!({"device": "vdb", "instance": {"name": "web"}, "none": null}), "device=vdb instance=web"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn lines_have_one_item_each_and_ids() {
        assert_eq!(lines(&json!([{"id": "1", "name": "a"}, {"id": "2"}])), "a (1)\n2");
        assert_eq!(lines(&json!({"env": "prod", "role": ""})), "env=prod\nrole=-");
        assert_eq!(lines(&json!({"id": "1", "name": "a"})), "a (1)");
        assert_eq!(lines(&json!([])), "-");
        assert_eq!(lines(&json!({})), "-");
        assert_eq!(pairs(json!({"name": "a"}).as_object().unwrap()), "name=a");
    }

    #[test]
    fn time_is_cut_to_the_second() {
        assert_eq!(moment("2026-01-02T03:04:05.678901Z"), "2026-01-02T03:04:05Z");
        assert_eq!(moment("2026-01-02T03:04:05.6+01:00"), "2026-01-02T03:04:05.6+01:00");
        assert_eq!(moment("-"), "-");
    }

    #[test]
    fn path_goes_through_lists() {
        let document =
            json!({"size": 3, "attachments": [{"instance": {"name": "a"}}, {"instance": {"name": "b"}}]});
        assert_eq!(text(&at(&document, "attachments.instance")), "a,b");
        assert_eq!(at(&document, "size"), 3);
        assert_eq!(at(&document, "absent.deep"), Value::Null);
    }
}
