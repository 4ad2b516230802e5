//! Version 1 of the API, one file per family of paths: wire structs, operation and handler together.

mod accounts;
mod audit;
mod bulk;
mod check_credentials;
mod clouds;
mod collection;
mod events;
mod item;
mod list_parameters;
mod operation;
mod operations;
mod proof;
mod refresh;
mod related;
mod scope_parameters;
mod scopes;
mod status;
mod sync;
mod target;
mod token;
mod upload;
mod write;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use gateway_core::kind;
use serde_json::Value;

use super::problem::Problem;
use super::state::Api;
pub(crate) use audit::AuditDocument;
pub(crate) use operation::{Operation, common_responses};

/// What handlers return.
type Answer<T> = Result<T, Problem>;

/// The routes; kinds come from their registry.
pub(crate) fn routes() -> Router<Arc<Api>> {
    let fixed = Router::new()
        .route("/v1/check_credentials", post(check_credentials::handle))
        .route("/v1/token", delete(token::handle))
        .route("/v1/clouds", get(clouds::handle))
        .route("/v1/accounts", get(accounts::handle))
        .route("/v1/events", get(events::handle))
        .route("/v1/refresh", post(refresh::handle))
        .route("/v1/status", get(status::handle))
        .route("/v1/sync", get(sync::handle));
    let fixed = fixed
        .route("/v1/operations", get(operations::list))
        .route("/v1/operations/{id}", get(operations::get))
        .route(upload::REPORT, post(upload::report))
        .route("/v1/audit", get(audit::handle));
    kind::ALL.iter().fold(fixed, |router, spec| {
        let kind = spec.kind;
        let router = write::routes(spec, router);
        router
            .route(
                &format!("/v1/{}", spec.plural),
                get(move |state, caller, exchange, headers, query| {
                    collection::handle(kind, state, caller, exchange, headers, query)
                }),
            )
            .route(
                &format!("/v1/{}/{{id}}", spec.plural),
                get(move |state, caller, id, exchange, headers, query| {
                    item::handle(kind, state, caller, id, exchange, headers, query)
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
        ("/v1/refresh".to_owned(), "post", refresh::operation()),
        ("/v1/status".to_owned(), "get", status::operation()),
        ("/v1/sync".to_owned(), "get", sync::operation()),
        ("/v1/operations".to_owned(), "get", operations::describe_list()),
        ("/v1/operations/{id}".to_owned(), "get", operations::describe_get()),
        ("/v1/audit".to_owned(), "get", audit::operation()),
    ];
    for spec in kind::ALL {
        operations.push((format!("/v1/{}", spec.plural), "get", collection::operation(spec)));
        operations.push((format!("/v1/{}/{{id}}", spec.plural), "get", item::operation(spec)));
        operations.push((format!("/v1/{}/{{id}}/related", spec.plural), "get", related::operation(spec)));
        operations.extend(writes::operations(spec));
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
        operations::schemas(),
        audit::schemas(),
        bulk::schemas(),
        writes::schemas(),
        related::schemas(),
        status::schemas(),
        kind::ALL.iter().flat_map(|spec| collection::schemas(spec)).collect(),
    ]
    .concat()
}
