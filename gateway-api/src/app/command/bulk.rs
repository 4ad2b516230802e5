//! Bulk commands: one command on every resource that a filter matches, each with an operation of its own.

use futures_util::{StreamExt as _, stream};
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::VerbSpec;
use gateway_store::{Operation, ResourceQuery, ResourceRow};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::admission::{admit, expect_same};
use super::deadline::Deadline;
use super::digest::RequestDigest;
use super::idempotency_key::IdempotencyKey;
use super::outcome::Outcome;
use super::request::{CommandRequest, Subject};
use super::target::Target;
use super::validate::{expect_bounded, expect_form};
use super::wait::{Pending, wait};
use crate::app::access::Caller;
use crate::app::read::{Selection, VisibleRecord, find_record};
use crate::app::{App, Error, Result};

/// Most resources of one bulk command. Each costs at least one call of a cloud, and the answer names them all.
const MOST: usize = 500;

/// Resources of one bulk command that are worked on at once. Higher ends sooner, and takes more of the handlers'
/// connections.
const CONCURRENCY: usize = 8;

/// A request to run one command on every resource that a filter matches.
pub(crate) struct BulkRequest {
    pub(crate) kind: Kind,
    pub(crate) spec: &'static VerbSpec,
    pub(crate) selection: Selection,
    /// The filter as text, for digests.
    pub(crate) filter_text: String,
    /// Resources that the filter must match; otherwise nothing is done.
    pub(crate) expected: usize,
    /// Only report the effect.
    pub(crate) dry_run: bool,
    /// The body of the verb.
    pub(crate) body: Value,
    pub(crate) key: Option<IdempotencyKey>,
    /// The id of the message that carried the request.
    pub(crate) message: Uuid,
    pub(crate) deadline: Deadline,
}

/// The outcome of a bulk command.
pub(crate) struct BulkOutcome {
    pub(crate) dry_run: bool,
    pub(crate) items: Vec<BulkItem>,
}

/// The outcome for one resource.
pub(crate) struct BulkItem {
    pub(crate) id: ResourceId,
    /// Empty if the resource is gone.
    pub(crate) name: String,
    /// The outcome; none in a dry run that found no error.
    pub(crate) result: Result<Option<Outcome>>,
}

/// The part of a bulk command for one resource.
enum Part {
    /// A resource that the filter matches.
    Matched(Box<VisibleRecord>),
    /// An operation that an earlier delivery of the same request began.
    Begun(ResourceId, Box<Operation>),
}

impl Part {
    fn id(&self) -> ResourceId {
        match self {
            Self::Matched(record) => record.row.id,
            Self::Begun(id, _) => *id,
        }
    }
}

impl App {
    /// Runs a command on every resource that the filter matches, if it matches as many as expected.
    pub(crate) async fn run_bulk(&self, caller: &Caller, request: BulkRequest) -> Result<BulkOutcome> {
        expect_bounded(request.spec, &request.body)?;
        let key = request.key.clone().unwrap_or_else(|| IdempotencyKey::of_message(request.message));
        let parts = self.parts(caller, &request, &key).await?;
        let deadline = request.deadline.of_parts();
        let bulk = Bulk { app: self, caller, request: &request, key: &key, deadline };
        let bulk = &bulk;
        let items = stream::iter(parts).map(|part| bulk.item(part)).buffered(CONCURRENCY).collect().await;
        Ok(BulkOutcome { dry_run: request.dry_run, items })
    }

    async fn parts(&self, caller: &Caller, request: &BulkRequest, key: &IdempotencyKey) -> Result<Vec<Part>> {
        let selection = &request.selection;
        selection.expect_known(&caller.authority)?;
        let targets = self.targets.select(&caller.authority, selection.scopes(), None).await?;
        let query = ResourceQuery {
            targets: targets.ids(),
            filter: selection.records.clone(),
            limit: MOST,
            ..ResourceQuery::default()
        };
        let matched = self.store.resource_list(query).await?;
        let begun = match request.dry_run {
            true => Vec::new(),
            false => {
                let prefix = key.prefix_of_parts();
                self.store.operations_of_keys(caller.claims.sub, prefix, MOST as i64).await?
            }
        };
        let has_begun = !begun.is_empty();
        let matched_part = |row: ResourceRow| {
            let target = targets.get(row.target)?.clone();
            Some(Part::Matched(Box::new(VisibleRecord { row, target })))
        };
        let mut parts: Vec<_> = matched.rows.into_iter().filter_map(matched_part).collect();
        // The filter no longer matches what an earlier delivery has changed, which belongs to the parts nevertheless.
        if has_begun && begun.len() == request.expected {
            parts.clear();
        }
        parts.retain(|part| begun.iter().all(|known| known.resource != Some(part.id())));
        let begun = begun.into_iter().filter_map(|known| Some(Part::Begun(known.resource?, Box::new(known))));
        parts.splice(0..0, begun);
        let is_more = matched.next.is_some();
        if is_more && !has_begun || parts.len() != request.expected {
            return Err(Error::CountMismatch {
                matched: parts.len(),
                is_more,
                expected: request.expected,
                has_begun,
            });
        }
        Ok(parts)
    }
}

/// The context of all parts.
struct Bulk<'a> {
    app: &'a App,
    caller: &'a Caller,
    request: &'a BulkRequest,
    key: &'a IdempotencyKey,
    deadline: Deadline,
}

impl Bulk<'_> {
    async fn item(&self, part: Part) -> BulkItem {
        BulkItem { id: part.id(), name: self.name(&part).await, result: self.run(part).await }
    }

    /// Returns the name of the resource, if it is still there.
    async fn name(&self, part: &Part) -> String {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let name =
            |row: &ResourceRow| serde_json::from_str::<Named>(&row.document).ok().map(|named| named.name);
        let name = match part {
            Part::Matched(record) => name(&record.row),
            Part::Begun(id, _) => {
                let authority = &self.caller.authority;
                let found = find_record(self.app, authority, self.request.kind, *id, false).await;
                found.ok().flatten().and_then(|found| name(&found.row))
            }
        };
        name.unwrap_or_default()
    }

    async fn run(&self, part: Part) -> Result<Option<Outcome>> {
        let BulkRequest { kind, spec, filter_text, body, message, .. } = self.request;
        let id = part.id();
        let digest = RequestDigest::of_part(*kind, id, spec.verb, filter_text, body);
        let pending = match part {
            Part::Begun(_, known) => {
                expect_same(&known, digest)?;
                Pending::Known(known)
            }
            Part::Matched(record) => {
                let target = Target::of_record(self.caller, &record)?;
                if self.request.dry_run {
                    target.expect(self.app, *kind, spec)?;
                    expect_form(spec, body)?;
                    return Ok(None);
                }
                let request = CommandRequest {
                    kind: *kind,
                    spec,
                    subject: Subject::Target(Box::new(target)),
                    body: body.clone(),
                    key: Some(self.key.of_part(id)),
                    message: Uuid::new_v5(message, id.0.as_bytes()),
                    digest,
                    deadline: self.deadline,
                };
                Pending::from(admit(self.app, self.caller, request).await?, self.app)
            }
        };
        wait(self.app, self.deadline, pending).await.map(Some)
    }
}
