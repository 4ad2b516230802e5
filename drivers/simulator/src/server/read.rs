//! Login, regions, and what is listed and shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::Response;
use gateway_core::secret::Secret;
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Refusal, json_answer};
use super::document::Document;
use super::shelf::{Owner, Place};
use super::state::{Cloud, locked};

/// Items on a page when the client does not say.
const USUAL_LIMIT: usize = 100;

/// The account whose token came with the request.
pub(super) struct Account(pub(super) usize);

impl FromRequestParts<Arc<Cloud>> for Account {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Refusal> {
        let header = parts.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| cloud.account_of_token(token)).map(Self).ok_or_else(Refusal::unauthorized)
    }
}

#[derive(Deserialize)]
pub(super) struct Login {
    access_key_id: String,
    secret_access_key: Secret,
}

pub(super) async fn log_in(
    State(cloud): State<Arc<Cloud>>,
    Json(login): Json<Login>,
) -> Result<Response, Refusal> {
    let accounts = &cloud.options.accounts;
    let account = accounts.iter().position(|account| account.name == login.access_key_id);
    let account = account
        .filter(|account| locked(&cloud.secrets)[*account] == login.secret_access_key)
        .ok_or_else(Refusal::unauthorized)?;
    let (token, expires) = locked(&cloud.sessions).begin(account, cloud.options.token_life, cloud.now());
    let answer = json!({
        "kind": "session",
        "token": token,
        "expires": expires,
        "account": { "id": cloud.accounts[account], "name": accounts[account].name },
    });
    Ok(json_answer(StatusCode::CREATED, &answer))
}

pub(super) async fn regions(State(cloud): State<Arc<Cloud>>, _account: Account) -> Response {
    json_answer(StatusCode::OK, &json!({ "kind": "regions", "items": cloud.options.regions }))
}

#[derive(Deserialize)]
pub(super) struct Listing {
    limit: Option<usize>,
    marker: Option<String>,
    #[serde(default)]
    scope: Whose,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whose {
    #[default]
    Own,
    Published,
}

#[derive(Serialize)]
struct Page<'a> {
    kind: &'static str,
    items: Vec<Document<'a>>,
    next: Option<String>,
    total: usize,
}

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection)): Path<(String, String)>,
    Query(listing): Query<Listing>,
) -> Result<Response, Refusal> {
    let owner = match listing.scope {
        Whose::Own => Owner::Account(account.0),
        Whose::Published => Owner::Everybody,
    };
    let place = cloud.place(&region, &collection, owner)?;
    let read_marker = |marker: &str| {
        place
            .sort
            .number(marker)
            .ok_or_else(|| Refusal::invalid("the marker is not an id of this collection"))
    };
    let marker = listing.marker.as_deref().map(read_marker).transpose()?;
    let limit = listing.limit.unwrap_or(USUAL_LIMIT).clamp(1, cloud.options.page_limit.max(1));
    Ok(cloud.with_world(|world, _| {
        let mut rest = world.entries(place, marker).peekable();
        let mut items = Vec::new();
        let mut last = None;
        for (number, entry) in rest.by_ref().take(limit) {
            items.push(world.document(place, number, entry, &cloud.accounts));
            last = Some(number);
        }
        let next = last.filter(|_| rest.peek().is_some()).map(|number| place.sort.id(number));
        let page = Page { kind: place.sort.plural(), items, next, total: world.count(place) };
        json_answer(StatusCode::OK, &page)
    }))
}

pub(super) async fn show(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let own = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let number = own.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_world(|world, _| {
        let places = [own, Place { owner: Owner::Everybody, ..own }];
        let found = places.into_iter().find_map(|place| Some((place, world.entry(place, number)?)));
        let (place, entry) = found.ok_or_else(Refusal::no_resource)?;
        Ok(json_answer(StatusCode::OK, &world.document(place, number, entry, &cloud.accounts)))
    })
}
