//! Version 1 of the API, one file per family of paths: wire structs, operation and handler together.

mod accounts;
mod check_credentials;
mod clouds;
mod collection;
mod events;
mod fields;
mod item;
mod narrowing;
mod operation;
mod proof;
mod related;
mod scopes;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use gateway_core::kinds;
use serde_json::Value;

use super::problem::Problem;
use super::state::Api;
pub(crate) use operation::Operation;

/// What handlers return.
type Answer<T> = Result<T, Problem>;

/// The routes; kinds come from their registry.
pub(crate) fn routes() -> Router<Arc<Api>> {
    let fixed = Router::new()
        .route("/v1/check_credentials", post(check_credentials::handle))
        .route("/v1/token", delete(token::handle))
        .route("/v1/clouds", get(clouds::handle))
        .route("/v1/accounts", get(accounts::handle))
        .route("/v1/events", get(events::handle));
    kinds::ALL.iter().fold(fixed, |router, spec| {
        let kind = spec.kind;
        router
            .route(
                &format!("/v1/{}", spec.plural),
                get(move |state, caller, headers, query| {
                    collection::handle(kind, state, caller, headers, query)
                }),
            )
            .route(
                &format!("/v1/{}/{{id}}", spec.plural),
                get(move |state, caller, id, headers, query| {
                    item::handle(kind, state, caller, id, headers, query)
                }),
            )
            .route(
                &format!("/v1/{}/{{id}}/related", spec.plural),
                get(move |state, caller, id, query| related::handle(kind, state, caller, id, query)),
            )
    })
}

/// The same paths as the OpenAPI document has them: path, method, operation.
pub(crate) fn operations() -> Vec<(String, &'static str, Operation)> {
    let mut operations = vec![
        ("/v1/check_credentials".to_owned(), "post", check_credentials::operation()),
        ("/v1/token".to_owned(), "delete", token::operation()),
        ("/v1/clouds".to_owned(), "get", clouds::operation()),
        ("/v1/accounts".to_owned(), "get", accounts::operation()),
        ("/v1/events".to_owned(), "get", events::operation()),
    ];
    for spec in kinds::ALL {
        operations.push((format!("/v1/{}", spec.plural), "get", collection::operation(spec)));
        operations.push((format!("/v1/{}/{{id}}", spec.plural), "get", item::operation(spec)));
        operations.push((format!("/v1/{}/{{id}}/related", spec.plural), "get", related::operation(spec)));
    }
    operations
}

/// The schemas that the operations name.
pub(crate) fn schemas() -> Vec<(String, Value)> {
    [
        check_credentials::schemas(),
        clouds::schemas(),
        accounts::schemas(),
        events::schemas(),
        scopes::schemas(),
        related::schemas(),
        kinds::ALL.iter().flat_map(|spec| collection::schemas(spec)).collect(),
    ]
    .concat()
}
