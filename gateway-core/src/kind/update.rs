//! The update that most kinds have: name, description and tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, FieldErrors};
use super::named::Named;
use super::verb::{Repeat, Verb, VerbSpec, When, with};

/// The fields that an owner may change on most kinds. Fields that are not given stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The tags, which replace all present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

impl Body for Update {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        let errors = FieldErrors::default().description(self.description.as_ref()).unless(
            *self != Self::default(),
            "",
            "must change something",
        );
        let errors = self.name.iter().fold(errors, |errors, name| errors.name(name));
        self.tags.iter().fold(errors, FieldErrors::tags)
    }
}

/// Declares the common update.
pub(super) const fn update(when: When) -> VerbSpec {
    with::<Update>(Verb::Update, when, Repeat::Harmless)
}
