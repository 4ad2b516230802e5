//! Relations: references between documents, which become links in both directions.

use serde_json::{Map, Value};

use super::name::Kind;
use crate::id::ResourceId;

/// A reference from the documents of one kind to resources of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The name of the filter.
    pub name: &'static str,
    /// The path of the [`Reference`](super::Reference) in the document; a list on the path stands for its items.
    pub path: &'static [&'static str],
    /// The kind at the other end.
    pub to: Kind,
    /// The name of the link at the other end. The link leads to all resources that name it.
    pub inverse: &'static str,
    /// Whether one document may name several.
    pub many: bool,
}

impl Relation {
    /// Relates a document to one resource at most.
    pub(super) const fn one(
        name: &'static str,
        path: &'static [&'static str],
        to: Kind,
        inverse: &'static str,
    ) -> Self {
        Self { name, path, to, inverse, many: false }
    }

    /// Relates a document to any number of resources.
    pub(super) const fn many(
        name: &'static str,
        path: &'static [&'static str],
        to: Kind,
        inverse: &'static str,
    ) -> Self {
        Self { name, path, to, inverse, many: true }
    }

    /// Returns the ids that a document names here, each once, in ascending order.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn relation_finds_each_named_id_once() {
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
        let ids = |relation: Relation| relation.ids(&document);
        assert_eq!(ids(Relation::one("image", &["image"], Kind::Image, "volumes")), [id(3)]);
        let instances = Relation::many("instance", &["attachments", "instance"], Kind::Instance, "volumes");
        assert_eq!(ids(instances), [id(1), id(2)]);
        let snapshot = Relation::one("snapshot", &["snapshot"], Kind::VolumeSnapshot, "volumes");
        assert!(ids(snapshot).is_empty());
    }
}
