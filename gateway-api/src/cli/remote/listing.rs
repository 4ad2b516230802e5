//! The pages of a listing, with the freshness of what they show.

use gateway_client::{Client, Page, Pages};
use gateway_core::error::Result;

use super::freshness::Freshness;
use super::problem;

/// A listing that notes the freshness of each page.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    client: &'a Client,
    pages: Pages<'a>,
    freshness: Freshness,
}

impl<'a> Listing<'a> {
    /// Starts a listing of at most `limit` records.
    pub(super) fn new(
        client: &'a Client,
        plural: &'a str,
        query: Vec<(String, String)>,
        max_age: Option<String>,
        limit: usize,
    ) -> Self {
        let pages = Pages::new(client, plural, query, max_age, limit);
        Self { client, pages, freshness: Freshness::default() }
    }

    /// Returns the next page, or `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Page>> {
        let page = self.pages.next().await.map_err(problem::error)?;
        if let Some(page) = &page {
            self.freshness.add(page.age, page.position, page.scopes.clone(), page.scope_summary.clone());
        }
        Ok(page)
    }

    /// Prints the freshness of all parts.
    pub(super) async fn print_freshness(&mut self, plural: &str) -> Result<()> {
        let first = std::mem::take(&mut self.freshness.scopes);
        let notable = self.freshness.summary.notable(self.client, first).await;
        self.freshness.scopes = notable.map_err(problem::error)?;
        self.freshness.print(plural);
        Ok(())
    }

    /// Returns whether there are records beyond the limit.
    pub(super) fn has_more(&self) -> bool {
        self.pages.has_more()
    }
}
