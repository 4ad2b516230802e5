//! Resource types. The list itself is [`crate::kinds`]; everything else is generic over it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::id::ResourceId;
use crate::kinds;
use crate::verb::{Verb, VerbSpec};

/// A resource type by its canonical name, such as `instance`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(&'static str);

impl Kind {
    /// For the constants of [`crate::kinds`]; use [`Kind::parse`] for text from outside.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The kind of that name, if the gateway has it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.0 == name)
    }

    /// The kind whose collection has that name, such as `instances`.
    pub fn parse_plural(plural: &str) -> Option<Self> {
        kinds::ALL.iter().find(|spec| spec.plural == plural).map(|spec| spec.kind)
    }

    /// Whether the gateway has it.
    pub fn is_registered(self) -> bool {
        Self::parse(self.0).is_some()
    }

    /// Every kind that the gateway has.
    pub fn all() -> impl Iterator<Item = Self> {
        kinds::ALL.iter().map(|spec| spec.kind)
    }

    /// The canonical name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// What is known of the kind.
    ///
    /// # Panics
    /// When a constant outside [`crate::kinds::ALL`] was made with [`Kind::new`].
    pub fn spec(self) -> &'static KindSpec {
        kinds::ALL.iter().find(|spec| spec.kind == self).expect("every kind is registered in kinds::ALL")
    }
}

impl Kind {
    /// The relations of other kinds that lead to this one.
    pub fn named_by(self) -> Vec<(&'static KindSpec, &'static Relation)> {
        let relations = |spec: &'static KindSpec| spec.relations.iter().map(move |relation| (spec, relation));
        let all = kinds::ALL.iter().copied().flat_map(relations);
        all.filter(|(_, relation)| relation.to() == self).collect()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.0)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("no kind is called {name:?}")))
    }
}

/// One canonical state of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSpec {
    /// The word in documents and filters.
    pub name: &'static str,
    /// On its way to another state: its target is polled faster.
    pub transitional: bool,
    /// The states that may follow, as far as the gateway knows; a poll may still miss some between.
    pub next: &'static [&'static str],
}

/// A schema for the API document with those that it names, each with its name.
pub type Schemas = Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>;

/// What the generic layers know of one kind.
pub struct KindSpec {
    /// The kind itself.
    pub kind: Kind,
    /// The collection's name in paths.
    pub plural: &'static str,
    /// One sentence for the API document.
    pub summary: &'static str,
    /// The transition table; empty for a kind without a life cycle.
    pub states: &'static [StateSpec],
    /// The resources that its documents name; each is a filter too, by the gateway's id.
    pub relations: &'static [Relation],
    /// Fields of its own that a listing can be narrowed by, besides its relations.
    pub filters: &'static [&'static str],
    /// What can be done to it, as far as a cloud can.
    pub verbs: &'static [VerbSpec],
    /// The schema of the kind's own fields and then those that it names, for the API document.
    pub schema: fn() -> Schemas,
    /// Says what is wrong with fields that should be the kind's own: all of them, and no others.
    pub check: fn(&Map<String, Value>) -> Result<(), String>,
}

/// A resource that the documents of a kind name, and so a link in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Name of the filter.
    pub name: &'static str,
    /// Where the document has the [`crate::kinds::Reference`]; a list on the way stands for each of its items.
    pub path: &'static [&'static str],
    /// Name of the kind at the other end.
    to: &'static str,
    /// Name of the link at the other end, which leads to all that name it.
    pub inverse: &'static str,
    /// A document may name several.
    pub many: bool,
}

impl Relation {
    /// To one resource at most.
    pub(crate) const fn one(
        name: &'static str,
        path: &'static [&'static str],
        to: &'static str,
        inverse: &'static str,
    ) -> Self {
        Self { name, path, to, inverse, many: false }
    }

    /// To any number.
    pub(crate) const fn many(
        name: &'static str,
        path: &'static [&'static str],
        to: &'static str,
        inverse: &'static str,
    ) -> Self {
        Self { name, path, to, inverse, many: true }
    }

    /// Name of the link from a document.
    pub fn link(&self) -> &'static str {
        if self.many { self.to().spec().plural } else { self.name }
    }

    /// The kind at the other end.
    pub const fn to(&self) -> Kind {
        Kind::new(self.to)
    }

    /// The ids that a document names here, each once, in ascending order.
    pub fn ids(&self, fields: &Map<String, Value>) -> Vec<ResourceId> {
        let mut ids = Vec::new();
        if let Some((first, rest)) = self.path.split_first()
            && let Some(value) = fields.get(*first)
        {
            collect_ids(value, rest, &mut ids);
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

fn collect_ids(value: &Value, path: &[&str], ids: &mut Vec<ResourceId>) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect_ids(item, path, ids)),
        (Value::Object(members), Some((first, rest))) => {
            if let Some(value) = members.get(*first) {
                collect_ids(value, rest, ids);
            }
        }
        (Value::Object(reference), None) => {
            let id = reference.get("id").and_then(Value::as_str);
            ids.extend(id.and_then(|id| id.parse::<ResourceId>().ok()));
        }
        _ => {}
    }
}

/// [`KindSpec::check`] of a wire struct: what is read and written again is the same.
pub(crate) fn check_fields<T: Canonical>(fields: &Map<String, Value>) -> Result<(), String> {
    let fields = Value::Object(fields.clone());
    let read: T = serde_json::from_value(fields.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == fields { Ok(()) } else { Err(format!("read back as {written}, was {fields}")) }
}

impl KindSpec {
    /// The state of that name.
    pub fn state(&self, name: &str) -> Option<&'static StateSpec> {
        self.states.iter().find(|state| state.name == name)
    }

    /// What is known of a verb, if the kind has it.
    pub fn verb(&self, verb: Verb) -> Option<&'static VerbSpec> {
        self.verbs.iter().find(|spec| spec.verb == verb)
    }

    /// The verbs that a resource's own document allows now, whatever cloud it is of.
    pub fn allowed(&self, document: &Map<String, Value>) -> impl Iterator<Item = Verb> {
        let state = document.get("state").and_then(Value::as_str);
        let made = self.verbs.iter().filter(|spec| spec.verb != Verb::Create);
        made.filter(move |spec| spec.allows(state, document)).map(|spec| spec.verb)
    }
}

impl fmt::Debug for KindSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KindSpec({})", self.kind)
    }
}

/// A kind's own fields: the struct in its wire file.
pub trait Canonical: Serialize + serde::de::DeserializeOwned {
    /// Which kind the fields belong to.
    const KIND: Kind;
}

/// A canonical state of a kind with a life cycle.
pub trait State: Copy {
    /// Which kind the state belongs to.
    const KIND: Kind;
    /// The word in documents.
    fn name(self) -> &'static str;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_relation_finds_what_a_document_names() {
        let id = |number| ResourceId(uuid::Uuid::from_u128(number));
        let document = json!({
            "image": { "id": id(3).to_string(), "name": "a" },
            "attachments": [
                { "instance": { "id": id(2).to_string() } },
                { "instance": { "external_id": "no id" } },
                { "instance": { "id": id(1).to_string() } },
                { "instance": { "id": id(2).to_string() } },
            ],
            "snapshot": null,
        });
        let Value::Object(document) = document else { unreachable!() };
        let volume = Kind::parse("volume").unwrap().spec();
        let found = |name| volume.relations.iter().find(|one| one.name == name).unwrap().ids(&document);
        assert_eq!(found("image"), [id(3)]);
        assert_eq!(found("instance"), [id(1), id(2)]);
        assert!(found("snapshot").is_empty());
    }
}
