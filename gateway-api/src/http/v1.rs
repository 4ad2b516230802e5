//! Version 1 of the REST API. Each file has one family of paths: wire types, OpenAPI description and handlers.

mod accounts;
mod api_operation;
mod audit;
mod bulk;
mod check_credentials;
mod clouds;
mod collection;
mod command;
mod command_paths;
mod events;
mod incoming;
mod item;
mod list_parameters;
mod operation_document;
mod operations;
mod refresh;
mod related;
mod scope_parameters;
mod scopes;
mod status;
mod sync;
mod token;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use gateway_core::kind;
use serde_json::Value;

use super::problem::Problem;
use crate::app::App;
pub(crate) use api_operation::{ApiOperation, common_responses};
pub(crate) use audit::AuditDocument;

/// The result of a handler.
type Answer<T> = Result<T, Problem>;

/// Returns the routes. The registry of kinds provides those of resources.
pub(crate) fn routes() -> Router<Arc<App>> {
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
        let router = command_paths::routes(spec, router);
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

/// Returns path, method and description of every operation.
pub(crate) fn operations() -> Vec<(String, &'static str, ApiOperation)> {
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
        operations.extend(command_paths::operations(spec));
    }
    operations
}

/// Returns the schemas that the operations name.
pub(crate) fn schemas() -> Vec<(String, Value)> {
    [
        check_credentials::schemas(),
        clouds::schemas(),
        accounts::schemas(),
        events::schemas(),
        scopes::schemas(),
        operation_document::schemas(),
        audit::schemas(),
        bulk::schemas(),
        command_paths::schemas(),
        related::schemas(),
        status::schemas(),
        kind::ALL.iter().flat_map(|spec| collection::schemas(spec)).collect(),
    ]
    .concat()
}
