//! Listings, page by page.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::Error;
use crate::scopes::{Scope, ScopeSummary};

/// Most records on one page of the API.
const LONGEST: usize = 1000;

/// A page of a listing.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The records, each as it came.
    pub items: Vec<Box<RawValue>>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The position from which to follow the events.
    pub position: i64,
    /// The first scopes of the whole listing, those that are not fresh before the others.
    pub scopes: Vec<Scope>,
    /// All scopes of the listing.
    pub scope_summary: ScopeSummary,
    /// The age of the oldest part, if all parts have been listed.
    #[serde(skip)]
    pub age: Option<Duration>,
}

/// The pages of one listing, up to a number of records.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a Client,
    collection: &'a str,
    query: Vec<(String, String)>,
    /// Sent with the first page only: the whole listing is then fresh enough.
    max_age: Option<String>,
    cursor: Option<String>,
    left: usize,
}

impl<'a> Pages<'a> {
    /// Starts a listing of at most `limit` records of a collection.
    pub fn new(
        client: &'a Client,
        collection: &'a str,
        query: Vec<(String, String)>,
        max_age: Option<String>,
        limit: usize,
    ) -> Self {
        Self { client, collection, query, max_age, cursor: None, left: limit }
    }

    /// Returns the next page, or `None` after the last.
    ///
    /// # Errors
    /// The gateway did not answer, it refused, or the answer is not a page.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let limit = self.left.min(LONGEST).to_string();
        let mut query: Vec<_> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        query.push(("limit", &limit));
        query.extend(self.max_age.as_deref().map(|age| ("max_age", age)));
        query.extend(self.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = self.client.get(self.collection, &query).await?;
        let page = Page { age: answer.age(), ..answer.read()? };
        (self.max_age, self.cursor) = (None, page.next.clone());
        // Without a next page nothing is left, whatever the limit.
        self.left = if self.cursor.is_some() { self.left.saturating_sub(page.items.len()) } else { 0 };
        Ok(Some(page))
    }

    /// Returns whether the collection has records beyond the limit.
    pub fn has_more(&self) -> bool {
        self.cursor.is_some()
    }
}
