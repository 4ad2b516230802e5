//! Sources of canonical fields in openstacksdk's answers: the vocabulary of the tables.

use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::{Value, json};

/// A kind: its records in openstacksdk, and the source of each canonical field.
pub(super) struct Table {
    pub(super) kind: Kind,
    /// The records that the gateway must list.
    pub(super) records: fn(&Client) -> Vec<Value>,
    pub(super) native_key: fn(&Value, &Client) -> String,
    pub(super) rows: &'static [(&'static str, Source)],
}

/// The source of a field's value.
pub(super) enum Source {
    /// The value at this path; "" counts as missing.
    Same(&'static str),
    /// The text at this path, empty if missing.
    Text(&'static str),
    /// The time at this path, with or without zone and fractions.
    Time(&'static str),
    /// A reference to a resource of this kind, by the id at this path.
    Reference(Kind, &'static str),
    /// A value computed from the record.
    Computed(fn(&Value, &Client) -> Value),
    /// The same value for every record.
    Constant(&'static str),
    /// No value in any record, and the reason.
    Never(&'static str),
}

/// The answers of openstacksdk for one user in one region.
pub(super) struct Client {
    cloud: CloudSpec,
    region: Region,
    /// The user sees resources of all projects.
    pub(super) is_administrator: bool,
    answer: Value,
}

impl Source {
    /// Returns the expected value, or the reason why there is none.
    pub(super) fn expected(&self, record: &Value, client: &Client) -> Result<Value, &'static str> {
        Ok(match self {
            Self::Same(path) => plain(at(record, path)),
            Self::Text(path) => at(record, path).as_str().unwrap_or_default().into(),
            Self::Time(path) => time(at(record, path)),
            Self::Reference(kind, path) => client.named(*kind, at(record, path)),
            Self::Computed(make) => make(record, client),
            Self::Constant(word) => json!(word),
            Self::Never(reason) => return Err(reason),
        })
    }
}

impl Client {
    pub(super) fn new(cloud: CloudSpec, region: Region, is_administrator: bool, answer: Value) -> Self {
        Self { cloud, region, is_administrator, answer }
    }

    /// Returns one list.
    pub(super) fn all(&self, list: &str) -> &Vec<Value> {
        self.answer[list].as_array().unwrap_or_else(|| panic!("openstacksdk has no list of {list}"))
    }

    /// Returns an answer that is no list.
    pub(super) fn answer_of(&self, what: &str) -> &Value {
        &self.answer[what]
    }

    pub(super) fn project(&self) -> &str {
        self.answer["project"].as_str().unwrap()
    }

    pub(super) fn user(&self) -> &str {
        self.answer["user"].as_str().unwrap()
    }

    pub(super) fn is_own(&self, record: &Value) -> bool {
        record["project_id"] == *self.project()
    }

    /// Returns a reference to a resource whose id is its native key.
    pub(super) fn named(&self, kind: Kind, id: &Value) -> Value {
        let Some(id) = id.as_str().filter(|id| !id.is_empty()) else { return Value::Null };
        json!({ "id": self.cloud.resource_id(&self.region, kind, id), "external_id": id })
    }

    /// Returns a reference with the name.
    pub(super) fn named_with(&self, kind: Kind, id: &Value, name: &Value) -> Value {
        let mut reference = self.named(kind, id);
        if reference.is_object() && name.is_string() {
            reference["name"] = name.clone();
        }
        reference
    }
}

pub(super) fn id(record: &Value, _: &Client) -> String {
    record["id"].as_str().unwrap().to_owned()
}

pub(super) fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_else(|| panic!("no {field} in {record}"))
}

/// Returns the tags of Neutron or Glance, which have no values.
pub(super) fn valueless_tags(record: &Value, _: &Client) -> Value {
    let tags = record["tags"].as_array().unwrap().iter();
    tags.map(|tag| (tag.as_str().unwrap().to_owned(), json!(""))).collect::<serde_json::Map<_, _>>().into()
}

/// Returns the canonical state for the cloud's.
pub(super) fn state(word: &Value, known: &[(&str, &str)]) -> Value {
    let found = known.iter().find(|(theirs, _)| *word == **theirs);
    found.map_or_else(|| json!(format!("the test has no state for {word}")), |(_, ours)| json!(ours))
}

pub(super) fn plain(value: &Value) -> Value {
    if *value == "" { Value::Null } else { value.clone() }
}

/// Returns a time in UTC with microseconds, from any of the services' forms.
pub(super) fn time(value: &Value) -> Value {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return Value::Null };
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    json!(format!("{}.{fraction:0<6}Z", seconds.replace(' ', "T")))
}

/// Returns the value at a path; null if there is none.
pub(super) fn at<'a>(record: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(record, |value, step| &value[step])
}
