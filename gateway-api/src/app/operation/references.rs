//! The resources that a command names.

use gateway_core::driver::References;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{FieldError, VerbSpec};
use gateway_store::Store;
use serde_json::Value;

use super::scope::AccountScope;

/// Looks up the resources that a command names. A resource of another region, account or kind is unknown.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn named_resources(
    store: &Store,
    scope: &AccountScope,
    spec: &VerbSpec,
    body: &Value,
) -> Result<(References, Vec<FieldError>)> {
    let (mut references, mut errors) = (References::default(), Vec::new());
    for named in spec.names {
        for (pointer, text) in named.pointers(body) {
            let kind = named.kind;
            let found = match text.parse::<ResourceId>() {
                Ok(id) => scope.known(store, kind, id).await?,
                Err(_) => None,
            };
            match found {
                Some(found) => drop(references.0.insert(found.id, found)),
                None => errors.push(FieldError::new(
                    pointer,
                    format!("must be the id of a {kind} that the account can use in this region"),
                )),
            }
        }
    }
    Ok((references, errors))
}
