//! Records related to one record: those that it names, and those that name it.

use gateway_core::document::terms::Term;
use gateway_core::id::ResourceId;
use gateway_core::kind::{KindSpec, Relation};
use gateway_core::{Error as CoreError, Kind};
use gateway_store::{ResourceFilter, ResourceQuery, TargetState};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::page_bytes::PageBytes;
use super::record::{VisibleRecord, expect_target, find_record, render};
use crate::app::access::Caller;
use crate::app::visibility::{Authority, ScopeFilter};
use crate::app::{App, Error, Result};

/// Largest number of records returned for a relation that may have thousands. A list filtered by the relation returns
/// all of them.
const MAX_RECORDS: usize = 50;

/// The related records of one relation.
#[derive(Debug)]
pub(crate) struct RelatedGroup {
    /// The name of the relation: as a link where the record names others, as the inverse where others name it.
    pub(crate) relation: &'static str,
    pub(crate) direction: Direction,
    pub(crate) kind: Kind,
    pub(crate) documents: Vec<Box<RawValue>>,
    /// There are more records than returned.
    pub(crate) more: bool,
}

/// The direction of a relation, seen from the record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    /// The record names the others.
    Names,
    /// The others name the record, each in this field.
    NamedBy(&'static str),
}

/// The record and what is needed to find its relatives.
struct Origin<'a> {
    app: &'a App,
    authority: &'a Authority,
    /// The target of the record. Related records are in the same cloud and region.
    target: &'a TargetState,
    id: ResourceId,
}

/// Returns the related records of a record, by relation; only those of one relation if `wanted` names it.
pub(crate) async fn related(
    app: &App,
    caller: &Caller,
    kind: Kind,
    id: ResourceId,
    wanted: Option<&str>,
) -> Result<Vec<RelatedGroup>> {
    let authority = &*caller.authority;
    let found = find_record(app, authority, kind, id, false).await?.ok_or(Error::UnknownResource)?;
    let VisibleRecord { row, target } = &found;
    let origin = Origin { app, authority, target, id: row.id };
    let document: Map<String, Value> = serde_json::from_str(&row.document).map_err(CoreError::internal)?;
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let (mut groups, mut bytes) = (Vec::new(), PageBytes::default());
    for relation in kind.spec().relations.iter().filter(|relation| is_wanted(relation.name)) {
        let ids = relation.ids(&document);
        if !ids.is_empty() {
            groups.push(origin.named(relation, ids, &mut bytes).await?);
        }
    }
    for (spec, relation) in kind.named_by().into_iter().filter(|(_, relation)| is_wanted(relation.inverse)) {
        let group = origin.naming(spec, relation, &mut bytes).await?;
        if !group.documents.is_empty() || group.more {
            groups.push(group);
        }
    }
    Ok(groups)
}

impl Origin<'_> {
    /// Returns the records that the record names.
    async fn named(
        &self,
        relation: &'static Relation,
        ids: Vec<ResourceId>,
        bytes: &mut PageBytes,
    ) -> Result<RelatedGroup> {
        let (mut documents, mut more) = (Vec::new(), false);
        for id in ids {
            // A record that the caller may not see, or that is not listed yet, is only a reference in the document.
            if let Some(found) = find_record(self.app, self.authority, relation.to, id, false).await? {
                let document = found.render(self.authority)?;
                more = !bytes.fit(document.get());
                if more {
                    break;
                }
                documents.push(document);
            }
        }
        let direction = Direction::Names;
        Ok(RelatedGroup { relation: relation.name, direction, kind: relation.to, documents, more })
    }

    /// Returns the first of the records that name the record.
    async fn naming(
        &self,
        spec: &'static KindSpec,
        relation: &'static Relation,
        bytes: &mut PageBytes,
    ) -> Result<RelatedGroup> {
        let term = Term::field(relation.name, &self.id.to_string());
        let near = ScopeFilter {
            cloud: self.authority.cloud_name(self.target.cloud).map(str::to_owned),
            region: Some(self.target.region.as_str().to_owned()),
            account: None,
            kind: Some(spec.kind),
        };
        let targets = self.app.targets.select(self.authority, &near, None).await?;
        let query = ResourceQuery {
            targets: targets.ids(),
            filter: ResourceFilter { terms: vec![term], ..ResourceFilter::default() },
            limit: MAX_RECORDS,
            ..ResourceQuery::default()
        };
        let listing = self.app.store.resource_list(query).await?;
        let mut documents = Vec::new();
        let mut more = listing.next.is_some();
        for row in &listing.rows {
            let document = render(row, expect_target(row, &targets)?, self.authority)?;
            if !bytes.fit(document.get()) {
                more = true;
                break;
            }
            documents.push(document);
        }
        let direction = Direction::NamedBy(relation.name);
        Ok(RelatedGroup { relation: relation.inverse, direction, kind: spec.kind, documents, more })
    }
}
