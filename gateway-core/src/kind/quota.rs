use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, FieldError, FieldErrors};
use super::column::Column;
use super::name::Kind;
use super::named::Named;
use super::spec::{Canonical, KindSpec, check_fields};
use super::verb::{Repeat, Verb, VerbSpec, When, with};

/// A limit on an account's use: the fields that only a quota has. The name is the cloud's own word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// The service that enforces it: `compute`, `volume`, `network`, `image`.
    pub service: String,
    /// The measure with its unit: `instances`, `vcpus`, `memory_mib`, `volumes`, `volume_gib`, `volume_snapshots`,
    /// `networks`, `ip_addresses` and so on, or the cloud's own word where the gateway has none.
    pub measure: String,
    /// The limit; none for no limit.
    pub limit: Option<u64>,
    /// The present use, if the cloud shows it.
    pub used: Option<u64>,
    /// The amount reserved for requests in progress, if the cloud shows it.
    pub reserved: Option<u64>,
}

impl Canonical for Quota {
    const KIND: Kind = Kind::Quota;
}

impl Quota {
    /// Returns the field and the value that select the quotas on the number of resources of a kind.
    pub const fn filter(limited: &KindSpec) -> (&'static str, &'static str) {
        ("measure", limited.plural)
    }

    /// Returns the error of a command that makes more resources of a kind than a quota's document allows.
    pub fn excess(document: &Map<String, Value>, limited: &KindSpec, count: u64) -> Option<FieldError> {
        let number = |field: &str| document.get(field).and_then(Value::as_u64);
        let (limit, used) = number("limit").zip(number("used"))?;
        let reserved = number("reserved").unwrap_or_default();
        let is_exceeded = used.saturating_add(reserved).saturating_add(count) > limit;
        is_exceeded.then(|| {
            FieldError::new("", format!("the quota of {} is used up: {used} of {limit}", limited.plural))
        })
    }
}

/// Changes the limit of a quota.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuota {
    /// The new limit; null for no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    pub limit: Option<u64>,
}

impl Body for UpdateQuota {
    const NAMES: &'static [Named] = &[];

    fn errors(&self) -> FieldErrors {
        let fine = self.limit.is_none_or(|limit| limit <= i32::MAX as u64);
        FieldErrors::default().unless(fine, "/limit", "must be at most 2147483647, or null for no limit")
    }
}

static VERBS: [VerbSpec; 1] = [with::<UpdateQuota>(Verb::Update, When::Always, Repeat::Harmless)];

pub(super) static SPEC: KindSpec = KindSpec {
    kind: Kind::Quota,
    plural: "quotas",
    summary: "Limits and use of accounts",
    states: &[],
    relations: &[],
    filters: &["service", "measure"],
    columns: &[
        Column::new("SERVICE", "service"),
        Column::new("MEASURE", "measure"),
        Column::new("USED", "used"),
        Column::new("LIMIT", "limit"),
    ],
    verbs: &VERBS,
    schema: || vec![("Quota".to_owned(), Quota::schema())],
    check: check_fields::<Quota>,
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn create_beyond_the_limit_exceeds_the_quota() {
        let excess = |document: Value, count| Quota::excess(document.as_object().unwrap(), &SPEC, count);
        let document = json!({ "limit": 10, "used": 7, "reserved": 1 });
        assert_eq!(excess(document.clone(), 2), None);
        let error = excess(document, 3).unwrap();
        assert_eq!(error, FieldError::new("", "the quota of quotas is used up: 7 of 10"));
        assert_eq!(excess(json!({ "limit": null, "used": 7 }), 1), None);
        assert_eq!(excess(json!({ "limit": 1 }), 5), None);
    }
}
