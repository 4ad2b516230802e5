//! The scopes of a listing: a page of it names the first ones, and links to the others.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;

/// Most scopes on one page of the API.
const LONGEST: &str = "1000";

/// The freshness of one part of a listing.
#[derive(Clone, Debug, Deserialize)]
pub struct Scope {
    /// The name of the cloud.
    pub cloud: String,
    /// The region.
    pub region: String,
    /// The id of the account, or `global`.
    pub account: String,
    /// `fresh`, `stale`, `failed`, `suspended` or `forbidden`.
    pub status: String,
    /// The reason if the part is not fresh, or a warning.
    pub reason: Option<String>,
}

/// A summary of all scopes of a listing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ScopeSummary {
    /// The number of scopes.
    pub total: usize,
    /// The path of the first page of all of them.
    pub link: String,
}

/// A page of scopes.
#[derive(Debug, Deserialize)]
struct StatusPage {
    targets: Vec<Scope>,
    next: Option<String>,
}

impl Scope {
    /// Returns whether there is something to say about the part.
    pub fn is_notable(&self) -> bool {
        self.status != "fresh" || self.reason.is_some()
    }
}

impl ScopeSummary {
    /// Returns all scopes that are not fresh or have a reason; `first` holds the first scopes of the listing. The pages of
    /// scopes begin with the notable ones, so that the others are not read.
    ///
    /// # Errors
    /// The gateway did not answer, it refused, or the answer is not a page.
    pub async fn notable(&self, client: &Client, first: Vec<Scope>) -> Result<Vec<Scope>, Error> {
        if first.len() >= self.total || first.iter().any(|scope| !scope.is_notable()) {
            return Ok(first.into_iter().filter(Scope::is_notable).collect());
        }
        let path = self.link.trim_start_matches("/v1/");
        let (mut notable, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("limit", LONGEST)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: StatusPage = client.read(path, &query).await?;
            let is_last = page.targets.last().is_none_or(|scope| !scope.is_notable());
            notable.extend(page.targets.into_iter().filter(Scope::is_notable));
            cursor = page.next;
            if is_last || cursor.is_none() {
                return Ok(notable);
            }
        }
    }
}
