//! Whether an order makes sense, as far as the store knows: what it names is there, and fits.

use gateway_core::driver::References;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Canonical as _, FieldError, Quota, Verb, VerbSpec};
use gateway_core::{Error, Kind};
use gateway_store::{ResourceFilter, ResourceQuery, Store};
use serde_json::{Map, Value};

use super::Place;

/// Looks up what an order names. A resource of another region, another account or another kind is as unknown as one
/// that is not there.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn named(
    store: &Store,
    place: &Place,
    spec: &VerbSpec,
    order: &Value,
) -> Result<(References, Vec<FieldError>)> {
    let (mut references, mut faults) = (References::default(), Vec::new());
    for named in spec.names {
        for (pointer, text) in named.pointers(order) {
            let kind = named.kind;
            let found = match text.parse::<ResourceId>() {
                Ok(id) => place.known(store, kind, id).await?,
                Err(_) => None,
            };
            match found {
                Some(found) => drop(references.0.insert(found.id, found)),
                None => faults.push(FieldError::new(
                    pointer,
                    format!("names no {kind} that this account has or sees in this region"),
                )),
            }
        }
    }
    Ok((references, faults))
}

/// The native key of the quota that a create would overdraw, by what the store knows; the cloud is asked for that one
/// before it is believed.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn spent_quota(
    store: &Store,
    place: &Place,
    kind: Kind,
    verb: Verb,
    count: u64,
) -> Result<Option<(String, Map<String, Value>)>> {
    let Some(target) = place.own(Quota::KIND).filter(|_| verb == Verb::Create) else { return Ok(None) };
    let (field, value) = Quota::filter(kind.spec());
    let term = gateway_core::document::terms::Term::field(field, value);
    let query = ResourceQuery {
        targets: vec![target],
        filter: ResourceFilter { terms: vec![term], ..ResourceFilter::default() },
        limit: 4,
        ..ResourceQuery::default()
    };
    for row in store.resource_list(query).await?.rows {
        let quota: Map<String, Value> = serde_json::from_str(&row.document).map_err(Error::internal)?;
        if Quota::excess(&quota, kind.spec(), count).is_some() {
            return Ok(Some((row.native_key, quota)));
        }
    }
    Ok(None)
}
