//! Search terms: the filters of a document, as numbers in an index.

use std::fmt;

use ring::digest;
use serde_json::Value;

use crate::document::observation::Observed;

/// A filter that a resource matches, such as `datacenter=nova`, as 64 bits of a digest.
///
/// Two different terms collide once in 2^64: a scope with a million terms would have to be listed from scratch tens of
/// millions of times before a reader saw one record too many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub i64);

impl Term {
    /// Returns the term of a field or relation with a value.
    pub fn field(name: &str, value: &str) -> Self {
        Self::of(b'f', name, value)
    }

    /// Returns the term of a tag with a value.
    pub fn tag(key: &str, value: &str) -> Self {
        Self::of(b't', key, value)
    }

    fn of(prefix: u8, name: &str, value: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        // The length comes first, so that different names and values give different input.
        context.update(&[prefix]);
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name.as_bytes());
        context.update(value.as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&context.finish().as_ref()[..8]);
        Self(i64::from_be_bytes(number))
    }

    /// Returns every term of a resource, each once, in ascending order.
    pub fn all_of(seen: &Observed) -> Vec<Self> {
        let spec = seen.kind.spec();
        let mut terms: Vec<_> = spec
            .filters
            .iter()
            .filter_map(|name| Some(Self::field(name, &word(seen.fields.get(*name)?)?)))
            .collect();
        for relation in spec.relations {
            let ids = relation.ids(&seen.fields);
            terms.extend(ids.iter().map(|id| Self::field(relation.name, &id.to_string())));
        }
        terms.extend(seen.tags.iter().map(|(key, value)| Self::tag(key, value)));
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Term({:016x})", self.0)
    }
}

/// Returns a scalar value as a query writes it; none for null and for compound values.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::id::ResourceId;
    use crate::kind::{Reference, Volume};

    use super::*;

    #[test]
    fn terms_are_filters_relations_and_tags() {
        let id = ResourceId(uuid::Uuid::from_u128(5));
        let fields = Volume {
            size_gib: 1,
            volume_type: Some("fast".to_owned()),
            bootable: Some(true),
            image: Some(Reference { id: Some(id), ..Reference::default() }),
            ..Volume::default()
        };
        let mut seen = Observed::new("v", "data", &fields, Value::Null).unwrap();
        seen.tags.insert("env".to_owned(), "a=b".to_owned());
        let mut expected = [
            Term::field("volume_type", "fast"),
            Term::field("bootable", "true"),
            Term::field("image", &id.to_string()),
            Term::tag("env", "a=b"),
        ];
        expected.sort_unstable();
        assert_eq!(Term::all_of(&seen), expected);
        assert_ne!(Term::tag("ab", "c"), Term::tag("a", "bc"));
        assert_ne!(Term::tag("env", "x"), Term::field("env", "x"));
    }
}
