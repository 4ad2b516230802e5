//! A listing of the API, page by page.

use gateway_core::error::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::Gateway;
use super::freshness::{Freshness, Scope};

/// Longest page that the API gives.
const LONGEST: usize = 1000;

/// One page.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// Each record as it came.
    pub(super) items: Vec<Box<RawValue>>,
    next: Option<String>,
    /// From where to follow the events.
    pub(super) position: i64,
    scopes: Vec<Scope>,
}

/// The pages of one listing, up to a number of records.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    gateway: &'a Gateway,
    plural: &'a str,
    query: Vec<(String, String)>,
    /// Asked for with the first page alone: what was fresh enough then is so for the whole listing.
    max_age: Option<String>,
    cursor: Option<String>,
    left: usize,
    pub(super) freshness: Freshness,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        gateway: &'a Gateway,
        plural: &'a str,
        query: Vec<(String, String)>,
        max_age: Option<String>,
        most: usize,
    ) -> Self {
        Self { gateway, plural, query, max_age, cursor: None, left: most, freshness: Freshness::default() }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Page>> {
        if self.left == 0 {
            return Ok(None);
        }
        let limit = self.left.min(LONGEST).to_string();
        let mut query: Vec<_> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        query.push(("limit", &limit));
        query.extend(self.max_age.as_deref().map(|age| ("max_age", age)));
        query.extend(self.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = self.gateway.get(self.plural, &query).await?;
        let mut page: Page = answer.read()?;
        self.freshness.add(answer.age, page.position, std::mem::take(&mut page.scopes));
        (self.max_age, self.cursor) = (None, page.next.take());
        // Without a next page there is nothing left, however much was wanted.
        self.left = if self.cursor.is_some() { self.left.saturating_sub(page.items.len()) } else { 0 };
        Ok(Some(page))
    }

    /// Whether there are records that were not wanted.
    pub(super) fn has_more(&self) -> bool {
        self.cursor.is_some()
    }
}
