//! Documents as the services list them: a page of a pass, or every page of a narrow question.

use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::Region;
use serde_json::Value;

use crate::auth::Account;
use crate::catalog::Service;
use crate::connection::Connection;
use crate::paging::{self, Place, RawPage};
use crate::resources::{Children, Form, PROJECT, Pages, Pass};

/// How many ids one query names. More make fewer calls; fewer make shorter URLs, which servers cut at 8 KiB.
pub(crate) const IDS_IN_A_QUERY: usize = 50;

/// Starts of a narrow question whose place has gone. More outlast more removals in a row; each costs its pages anew.
const STARTS: usize = 3;

/// Whom to ask, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) region: &'a Region,
    pub(crate) account: &'a Account,
}

impl Asker<'_> {
    /// One page of a pass, of so many items at most.
    pub(crate) async fn page(&self, pass: &Pass, place: &Place, limit: usize) -> Result<RawPage> {
        let with_project = |text: &'static str| match text {
            PROJECT => self.account.project_id.as_str(),
            other => other,
        };
        let path: Vec<&str> = pass.path.iter().copied().map(with_project).collect();
        let query: Vec<_> = pass.query.iter().map(|(name, value)| (*name, with_project(value))).collect();
        match pass.form {
            Form::Pages(pages) => self.one(pass.service, &path, &query, &pages, place, limit).await,
            Form::Children(parents, children) => {
                let limit = limit.min(IDS_IN_A_QUERY);
                let parents = self.one(pass.service, &path, &query, &parents, place, limit).await?;
                let ids = parents.items.iter().filter_map(|parent| parent["id"].as_str());
                let items = self.children(pass.service, &children, ids).await?;
                Ok(RawPage { items, marker: parents.marker })
            }
            Form::Whole(take_apart) => {
                let answer = self.connection.read(self.region, pass.service, &path, &query).await;
                let answer = answer.map_err(|error| no_listing(error, &path, place))?;
                Ok(RawPage { items: paging::read_whole(&answer, take_apart)?, marker: None })
            }
        }
    }

    /// Every page of what belongs to these.
    pub(crate) async fn children(
        &self,
        service: Service,
        children: &Children,
        parents: impl Iterator<Item = &str>,
    ) -> Result<Vec<Value>> {
        let parents: Vec<&str> = parents.collect();
        let mut items = Vec::new();
        for some in parents.chunks(IDS_IN_A_QUERY) {
            let query: Vec<_> = some.iter().map(|parent| (children.of, *parent)).collect();
            items.extend(self.every(service, children.path, &query, &children.pages).await?);
        }
        Ok(items)
    }

    /// Every page. Where the place has gone something was removed meanwhile, and it starts again.
    pub(crate) async fn every(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        pages: &Pages,
    ) -> Result<Vec<Value>> {
        let limit = self.connection.config().page_size;
        let (mut items, mut place, mut starts) = (Vec::new(), Place::start(), 1);
        loop {
            let page = match self.one(service, path, query, pages, &place, limit).await {
                Err(error) if starts < STARTS && place.marker.is_some() && is_of_a_place(&error) => {
                    (items, place, starts) = (Vec::new(), Place::start(), starts + 1);
                    continue;
                }
                page => page?,
            };
            items.extend(page.items);
            match page.marker {
                Some(marker) => place = place.then(marker)?,
                None => return Ok(items),
            }
        }
    }

    async fn one(
        &self,
        service: Service,
        path: &[&str],
        query: &[(&str, &str)],
        pages: &Pages,
        place: &Place,
        limit: usize,
    ) -> Result<RawPage> {
        let size = limit.to_string();
        let mut all = vec![("limit", size.as_str())];
        all.extend_from_slice(query);
        all.extend(place.marker.as_deref().map(|marker| ("marker", marker)));
        let answer = self.connection.read(self.region, service, path, &all).await;
        paging::read(&answer.map_err(|error| no_listing(error, path, place))?, pages, limit, place)
    }
}

/// Whether it is the place in a listing that has gone.
fn is_of_a_place(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::Invalid | ErrorKind::NotFound))
}

/// A listing that does not exist is no statement about its items, nor is a place in it that has gone.
fn no_listing(error: Error, path: &[&str], place: &Place) -> Error {
    let path = path.join("/");
    let message = match (error.kind(), &place.marker) {
        (ErrorKind::Invalid | ErrorKind::NotFound, Some(_)) => {
            format!("the place in the listing of {path} has gone: {error}")
        }
        (ErrorKind::NotFound, None) => {
            let message = format!("there is no listing of {path}: {error}");
            return Error::new(ErrorKind::WrongDocument, message).with_source(error);
        }
        _ => return error,
    };
    Error::unavailable(message).with_status(Status::Persistent).with_source(error)
}
