//! The resources that a command names.

use gateway_core::driver::References;
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{FieldError, Named, VerbSpec};
use gateway_store::Store;
use serde_json::Value;

use super::scope::{AccountScope, known};

/// Looks up the resources that a command names, all with one statement. A resource of another region, account or kind is unknown.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn named_resources(
    store: &Store,
    scope: &AccountScope,
    spec: &VerbSpec,
    body: &Value,
) -> Result<(References, Vec<FieldError>)> {
    let pointers =
        |named: &'static Named| named.pointers(body).into_iter().map(|(at, id)| (at, named.kind, id));
    let named: Vec<_> = spec
        .names
        .iter()
        .flat_map(pointers)
        .map(|(pointer, kind, text)| (pointer, kind, text.parse::<ResourceId>().ok()))
        .collect();
    let rows = scope.rows(store, named.iter().filter_map(|(.., id)| *id).collect()).await?;
    let (mut references, mut errors) = (References::default(), Vec::new());
    for (pointer, kind, id) in named {
        match id.and_then(|id| rows.get(&(kind, id))) {
            Some((row, _)) => drop(references.0.insert(row.id, known(kind, row.clone())?)),
            None => errors.push(FieldError::new(
                pointer,
                format!("must be the id of a {kind} that the account can use in this region"),
            )),
        }
    }
    Ok((references, errors))
}
