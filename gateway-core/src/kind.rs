//! Resource types. The list itself is [`crate::kinds`]; everything else is generic over it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kinds;

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
    /// The schema of the kind's own fields, for the API document.
    pub schema: fn() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
}

impl KindSpec {
    /// The state of that name.
    pub fn state(&self, name: &str) -> Option<&'static StateSpec> {
        self.states.iter().find(|state| state.name == name)
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
