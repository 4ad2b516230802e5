//! How a canonical field is got from what the client says: the vocabulary of the tables.

use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::{Value, json};

/// One kind: the client's records of it, and where each canonical field stands in them.
pub(super) struct Told {
    pub(super) kind: &'static str,
    /// The records of the client that the gateway should list, and no others.
    pub(super) records: fn(&Client) -> Vec<Value>,
    pub(super) native_key: fn(&Value, &Client) -> String,
    pub(super) rows: &'static [(&'static str, How)],
}

/// Where a field's value comes from.
pub(super) enum How {
    /// What the client has at this path; its "" is none.
    Same(&'static str),
    /// A text that is empty where the client has none.
    Text(&'static str),
    /// A time that the client has at this path, with or without its zone and fractions.
    Time(&'static str),
    /// Another resource, of this kind, by the id that the client has at this path.
    Names(&'static str, &'static str),
    /// Made of the client's record.
    Made(fn(&Value, &Client) -> Value),
    /// The same word for all of the kind.
    Always(&'static str),
    /// Empty for all of the kind, and why.
    Nothing(&'static str),
}

/// All that the client says to one user in one region.
pub(super) struct Client {
    cloud: CloudSpec,
    region: Region,
    /// Is shown what belongs to everybody.
    pub(super) is_administrator: bool,
    answer: Value,
}

impl How {
    /// What the field should be, or why it should be empty.
    pub(super) fn expected(&self, record: &Value, client: &Client) -> Result<Value, &'static str> {
        Ok(match self {
            Self::Same(path) => plain(at(record, path)),
            Self::Text(path) => at(record, path).as_str().unwrap_or_default().into(),
            Self::Time(path) => time(at(record, path)),
            Self::Names(kind, path) => client.named(kind, at(record, path)),
            Self::Made(make) => make(record, client),
            Self::Always(word) => json!(word),
            Self::Nothing(reason) => return Err(reason),
        })
    }
}

impl Client {
    pub(super) fn new(cloud: CloudSpec, region: Region, is_administrator: bool, answer: Value) -> Self {
        Self { cloud, region, is_administrator, answer }
    }

    /// One of the client's lists.
    pub(super) fn all(&self, list: &str) -> &Vec<Value> {
        self.answer[list].as_array().unwrap_or_else(|| panic!("the client has no list of {list}"))
    }

    /// What the client says besides lists.
    pub(super) fn says(&self, what: &str) -> &Value {
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

    /// A reference to another resource, whose id is its native key.
    pub(super) fn named(&self, kind: &str, id: &Value) -> Value {
        let Some(id) = id.as_str().filter(|id| !id.is_empty()) else { return Value::Null };
        let kind = Kind::parse(kind).unwrap();
        json!({ "id": self.cloud.resource_id(&self.region, kind, id), "external_id": id })
    }

    /// The same with the name that the client tells.
    pub(super) fn named_with(&self, kind: &str, id: &Value, name: &Value) -> Value {
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

/// Tags of Neutron and Glance are words: a tag without value.
pub(super) fn words(record: &Value, _: &Client) -> Value {
    let tags = record["tags"].as_array().unwrap().iter();
    tags.map(|tag| (tag.as_str().unwrap().to_owned(), json!(""))).collect::<serde_json::Map<_, _>>().into()
}

/// The canonical word for the cloud's.
pub(super) fn state(word: &Value, known: &[(&str, &str)]) -> Value {
    let found = known.iter().find(|(theirs, _)| *word == **theirs);
    found.map_or_else(|| json!(format!("the test knows no word {word}")), |(_, ours)| json!(ours))
}

pub(super) fn plain(value: &Value) -> Value {
    if *value == "" { Value::Null } else { value.clone() }
}

/// Microseconds of UTC, whichever of its forms the service used.
pub(super) fn time(value: &Value) -> Value {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return Value::Null };
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    json!(format!("{}.{fraction:0<6}Z", seconds.replace(' ', "T")))
}

/// What stands at a path; null where there is nothing.
pub(super) fn at<'a>(record: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(record, |value, step| &value[step])
}
