//! The regions and kinds that a credential may list.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::driver::Capability;
use gateway_core::error::Result;
use gateway_core::id::{Holder, Region};
use serde::{Deserialize, Serialize};

use crate::db::corrupt;

/// Kinds that a credential may list, by region. A kind that a region lacks is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Access(pub BTreeMap<Region, BTreeMap<Kind, bool>>);

impl Access {
    /// Returns whether the credential may list the kind in the region.
    pub fn allows(&self, region: &Region, kind: Kind) -> bool {
        self.0.get(region).and_then(|kinds| kinds.get(&kind)).copied().unwrap_or(false)
    }

    /// Records the result of a probe.
    pub fn set(&mut self, region: &Region, kind: Kind, allowed: bool) {
        self.0.entry(region.clone()).or_default().insert(kind, allowed);
    }

    /// Adds what another credential may list.
    pub(super) fn extend(&mut self, other: &Self) {
        for (region, kinds) in &other.0 {
            let allowed = kinds.iter().filter(|(_, allowed)| **allowed);
            self.0.entry(region.clone()).or_default().extend(allowed.map(|(kind, _)| (*kind, true)));
        }
    }

    /// Reads the column of a grant.
    pub(crate) fn parse(column: &str) -> Result<Self> {
        serde_json::from_str(column).map_err(|_| corrupt("grant"))
    }

    /// Returns the regions and kinds to list for a holder: those that the driver lists for it and the credential may.
    pub(super) fn targets(
        &self,
        holder: Holder,
        capability: &Capability,
    ) -> impl Iterator<Item = (&Region, Kind)> {
        let listed = move |kind: Kind| {
            capability.of(kind).is_some_and(|kind| match holder {
                Holder::Global => kind.published,
                Holder::Account(_) => kind.own,
            })
        };
        self.0.iter().flat_map(move |(region, kinds)| {
            let allowed = kinds.iter().filter(|(_, allowed)| **allowed).map(|(kind, _)| *kind);
            allowed.filter(move |kind| listed(*kind)).map(move |kind| (region, kind))
        })
    }
}
