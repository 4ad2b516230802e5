//! Sessions: one credential at one cloud.

use async_trait::async_trait;

use super::listing::{ListScope, Page, PageToken};
use super::step::{Done, Known, Step, Touched};
use super::upload::{Forward, Forwarded};
use crate::document::observation::Observed;
use crate::error::{Error, ErrorKind, Result};
use crate::id::Region;
use crate::kind::{FieldError, Kind};

/// The account for which a credential was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The cloud's own id of the account: a project id, an AWS account number.
    pub external_id: String,
    /// The account's name, or its id where it has none.
    pub name: String,
    /// The regions that the credential can use, within those that the registration allows.
    pub regions: Vec<Region>,
}

/// A finding that does not stop work but that an operator should know, such as an endpoint without `Date`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice(pub String);

/// A session of one credential at one cloud.
#[async_trait]
pub trait Session: Send + Sync {
    /// Proves the credential with a new call of the cloud.
    ///
    /// # Errors
    /// Unauthorized only if the cloud refused the credential explicitly. Every other error says nothing about the
    /// credential.
    async fn prove(&self) -> Result<Proof>;

    /// Asks whether the credential may list a kind in a region, at the cost of one small call.
    ///
    /// # Errors
    /// Forbidden if it may not; Unsupported if the region lacks the service.
    async fn probe(&self, region: &Region, kind: Kind) -> Result<()>;

    /// Returns one page of a listing with detail; `None` starts the listing.
    ///
    /// The order of pages is stable while the listing runs, and a listing contains no item twice. An answer of the
    /// wrong type, cut short or not parsed is `WrongDocument` and never an empty page. Items outside the given
    /// [`ListScope`] are left out.
    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page>;

    /// Returns one resource by its native key; `Ok(None)` is certain proof that the cloud does not have it.
    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>>;

    /// Checks the rules of a step that only this type of cloud knows, without a call.
    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        let _ = step;
        Vec::new()
    }

    /// Executes one step, once: a call is repeated only if it certainly did not arrive.
    ///
    /// A resource that the step makes carries its marker, wherever the service has a place for one. When this returns,
    /// the cloud has accepted the command; it may still be at work.
    ///
    /// # Errors
    /// The cloud's answer, with its own words ([`Error::cloud`]). After an error other than
    /// [`Error::changed_nothing`] the outcome is unknown.
    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        let _ = region;
        Err(step.unsupported())
    }

    /// Finds the resource that an earlier attempt at a step has made: by its marker, or by its content where there can be
    /// only one. `Ok(None)` means that the cloud shows none now.
    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let _ = region;
        Err(step.unsupported())
    }

    /// Returns the request that carries a resource's content, with a valid token. The account's budget is charged for
    /// that call here.
    ///
    /// # Errors
    /// The errors of [`Self::act`]; nothing was changed.
    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        let _ = region;
        let message = format!("this type of cloud takes no content of a {}", target.kind);
        Err(Error::new(ErrorKind::Unsupported, message).untouched())
    }

    /// Turns a cloud's refusal of content into an error with the cloud's own words.
    fn upload_refused(&self, answer: &Forwarded) -> Error {
        Error::unavailable(format!("{} answered {}", answer.endpoint, answer.status))
    }

    /// Returns the notices about the endpoints as last seen.
    fn notices(&self) -> Vec<Notice>;
}
