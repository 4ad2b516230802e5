//! The selection of records of one kind: scopes, filters and sort order.

use gateway_core::Kind;
use gateway_store::{ResourceFilter, SortOrder};

use super::page_start::FilterMark;
use crate::app::Result;
use crate::app::visibility::{Authority, ScopeFilter};

/// The records of one kind that a request selects, and their order.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    kind: Kind,
    scopes: ScopeFilter,
    pub(crate) records: ResourceFilter,
    pub(crate) order: SortOrder,
}

impl Selection {
    /// Creates a selection. `scopes` is narrowed to the kind.
    pub(crate) fn new(kind: Kind, scopes: ScopeFilter, records: ResourceFilter, order: SortOrder) -> Self {
        Self { kind, scopes: ScopeFilter { kind: Some(kind), ..scopes }, records, order }
    }

    /// Refuses scopes that the caller has no access to.
    pub(crate) fn expect_known(&self, authority: &Authority) -> Result<()> {
        self.scopes.expect_known(&authority.visibility)
    }

    /// Returns the scopes that hold the records.
    pub(crate) fn scopes(&self) -> &ScopeFilter {
        &self.scopes
    }

    /// Returns the mark by which a page start belongs to this selection.
    pub(super) fn mark(&self) -> FilterMark {
        let order = match self.order {
            SortOrder::Id => None,
            SortOrder::By { key, descending } => Some([key as u8, u8::from(descending)]),
        };
        let terms: Vec<_> = self.records.terms.iter().map(|term| term.0.to_be_bytes()).collect();
        let ScopeFilter { cloud, region, account, .. } = &self.scopes;
        let ResourceFilter { state, name, name_contains, .. } = &self.records;
        let texts = [cloud, region, account, state, name, name_contains].map(Option::as_deref);
        let parts = std::iter::once(Some(self.kind.as_str().as_bytes()))
            .chain(texts.map(|text| text.map(str::as_bytes)))
            .chain(std::iter::once(order.as_ref().map(<[u8; 2]>::as_slice)))
            .chain(terms.iter().map(|term| Some(term.as_slice())));
        FilterMark::of(parts)
    }
}
