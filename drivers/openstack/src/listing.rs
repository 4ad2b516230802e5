//! Queries of lists: one page of a kind's listing, or every page of a narrower question.

use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::Region;
use serde_json::Value;

use crate::auth::Account;
use crate::client::{Answer, Client, Write};
use crate::microversion::Microversion;
use crate::paging::{self, Cursor, Pages, RawPage};
use crate::service::Service;

/// The placeholder for the project's id in paths and queries.
pub(crate) const PROJECT: &str = "{project}";

/// The number of ids in one query. A higher value makes fewer calls; a lower one makes shorter URLs, which servers
/// limit to 8 KiB.
pub(crate) const IDS_PER_QUERY: usize = 50;

/// The number of attempts at a list whose marker disappears. A higher value survives more deletions in a row, each at
/// the cost of all pages read so far.
const ATTEMPTS: usize = 3;

/// A query of a kind's listing.
pub(crate) struct Pass {
    /// The service that has the list.
    pub(crate) service: Service,
    /// The path, in which [`PROJECT`] is replaced.
    pub(crate) path: &'static [&'static str],
    /// Parameters besides limit and marker, in which [`PROJECT`] is replaced.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The form of the answer.
    pub(crate) form: Form,
    /// Keep only what belongs to other projects: another pass lists the account's own.
    pub(crate) foreign_only: bool,
}

/// The form of an answer with several documents.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// Pages by limit and marker.
    Pages(Pages),
    /// Pages of parents, whose ids select the documents in a second list.
    Children(Pages, Children),
    /// A complete answer, which the function splits into documents; `None` if it has an unexpected form.
    Whole(fn(Value) -> Option<Vec<Value>>),
}

/// A list that is filtered by the parents of its documents.
#[derive(Clone, Copy)]
pub(crate) struct Children {
    /// Path of the list.
    pub(crate) path: &'static [&'static str],
    /// Form of the list.
    pub(crate) pages: Pages,
    /// The parameter with a parent's id; it may be repeated.
    pub(crate) parent: &'static str,
}

impl Pass {
    /// Returns a query of pages without parameters.
    pub(crate) const fn pages(service: Service, path: &'static [&'static str], list: &'static str) -> Self {
        Self { service, path, query: &[], form: Form::Pages(Pages::new(list)), foreign_only: false }
    }

    /// Returns a query of one complete answer.
    pub(crate) const fn whole(
        service: Service,
        path: &'static [&'static str],
        split: fn(Value) -> Option<Vec<Value>>,
    ) -> Self {
        Self { service, path, query: &[], form: Form::Whole(split), foreign_only: false }
    }

    /// Sets the parameters.
    pub(crate) const fn with(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }
}

/// The calls for one scope: one region, as one account.
#[derive(Clone, Copy)]
pub(crate) struct ScopeClient<'a> {
    pub(crate) client: &'a Client,
    pub(crate) region: &'a Region,
    pub(crate) account: &'a Account,
}

impl ScopeClient<'_> {
    /// Reads one document.
    pub(crate) async fn read(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<Value> {
        let answer = self.client.read(self.region, service, path, query).await?;
        paging::read_one(&answer, key)
    }

    /// Sends a write once.
    pub(crate) async fn write(&self, write: Write<'_>) -> Result<Answer> {
        self.client.write(self.region, write).await
    }

    /// Returns the microversion used with a service. An error means that nothing was changed.
    pub(crate) async fn microversion(&self, service: Service) -> Result<Option<Microversion>> {
        self.client.microversion(self.region, service).await.map_err(Error::untouched)
    }

    /// Reads one page of a pass, with at most `limit` items or parents.
    pub(crate) async fn page(&self, pass: &Pass, cursor: &Cursor, limit: usize) -> Result<RawPage> {
        let with_project = |text: &'static str| match text {
            PROJECT => self.account.project_id.as_str(),
            other => other,
        };
        let path: Vec<&str> = pass.path.iter().copied().map(with_project).collect();
        let query: Vec<_> = pass.query.iter().map(|(name, value)| (*name, with_project(value))).collect();
        match pass.form {
            Form::Pages(pages) => self.one_page(pass.service, &path, &query, &pages, cursor, limit).await,
            Form::Children(parents, children) => {
                let limit = limit.min(IDS_PER_QUERY);
                let parents = self.one_page(pass.service, &path, &query, &parents, cursor, limit).await?;
                let ids = parents.items.iter().filter_map(|parent| parent["id"].as_str());
                let items = self.children(pass.service, &children, ids).await?;
                Ok(RawPage { items, marker: parents.marker })
            }
            Form::Whole(split) => {
                let answer = self.client.read(self.region, pass.service, &path, &query).await;
                let answer = answer.map_err(|error| listing_error(error, &path, cursor))?;
                Ok(RawPage { items: paging::read_whole(&answer, split)?, marker: None })
            }
        }
    }

    /// Reads every page of the documents that belong to these parents.
    pub(crate) async fn children(
        &self,
        service: Service,
        children: &Children,
        parents: impl Iterator<Item = &str>,
    ) -> Result<Vec<Value>> {
        let parents: Vec<&str> = parents.collect();
        let mut items = Vec::new();
        for ids in parents.chunks(IDS_PER_QUERY) {
            let query: Vec<_> = ids.iter().map(|id| (children.parent, *id)).collect();
            items.extend(self.every(service, children.path, &query, &children.pages).await?);
        }
        Ok(items)
    }

    /// Reads every page. If the marker's item is deleted meanwhile, it starts again.
    pub(crate) async fn every(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        pages: &Pages,
    ) -> Result<Vec<Value>> {
        let limit = self.client.config().page_size;
        let (mut items, mut cursor, mut attempts) = (Vec::new(), Cursor::start(), 1);
        loop {
            let page = match self.one_page(service, path, query, pages, &cursor, limit).await {
                Err(error) if attempts < ATTEMPTS && cursor.marker.is_some() && is_marker_gone(&error) => {
                    (items, cursor, attempts) = (Vec::new(), Cursor::start(), attempts + 1);
                    continue;
                }
                page => page?,
            };
            items.extend(page.items);
            match page.marker {
                Some(marker) => cursor = cursor.then(marker)?,
                None => return Ok(items),
            }
        }
    }

    async fn one_page(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        pages: &Pages,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<RawPage> {
        let size = limit.to_string();
        let mut all = vec![("limit", size.as_str())];
        all.extend_from_slice(query);
        all.extend(cursor.marker.as_deref().map(|marker| ("marker", marker)));
        let answer = self.client.read(self.region, service, path, &all).await;
        paging::read(&answer.map_err(|error| listing_error(error, path, cursor))?, pages, limit, cursor)
    }
}

/// Tells whether an error of [`listing_error`] means that the marker's item was deleted.
fn is_marker_gone(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::Invalid | ErrorKind::NotFound))
}

/// Turns a refusal of a list into an error that proves nothing about its items.
fn listing_error(error: Error, path: &[&str], cursor: &Cursor) -> Error {
    let path = path.join("/");
    let message = match (error.kind(), &cursor.marker) {
        (ErrorKind::Invalid | ErrorKind::NotFound, Some(_)) => {
            format!("the marker in the list of {path} is no longer valid: {error}")
        }
        (ErrorKind::NotFound, None) => {
            let message = format!("the service has no list of {path}: {error}");
            return Error::new(ErrorKind::WrongDocument, message).with_source(error);
        }
        _ => return error,
    };
    Error::unavailable(message).with_status(Status::Persistent).with_source(error)
}
