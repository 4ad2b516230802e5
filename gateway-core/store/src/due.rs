//! The search for due work within the free slots of a process.
//!
//! Work of endpoints and holders without a free slot is left out, so that any amount of it delays no other work. While
//! something is full, the search looks at the first due time of each endpoint, one key of an index, and then at the work
//! of those that have a free slot: its cost follows the number of endpoints, not that of the work that is left out.

use gateway_core::error::Result;
use gateway_core::id::{CloudId, Holder, Region};
use gateway_core::shares::{CallCapacity, Endpoint};

use crate::db::{Session, corrupt};

/// Most full holders of one endpoint that a statement leaves out. A higher number makes longer statements. If more
/// accounts hang at an endpoint that answers others, some of their work is found in vain, before that of others.
const MOST_LEFT_OUT: usize = 500;

/// The part of the due work that a statement selects: that of one endpoint, without some of its holders.
pub(crate) struct Part<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// Holders to leave out, as the store keeps them.
    pub(crate) full: Vec<Vec<u8>>,
}

impl Part<'_> {
    /// Returns the name of the endpoint's region.
    pub(crate) fn region(&self) -> String {
        self.endpoint.region.as_ref().map_or("", Region::as_str).to_owned()
    }
}

/// A queue of work that becomes due at endpoints.
pub(crate) trait DueWork {
    type Row;

    /// Returns the time at which the first work of each endpoint is due.
    fn first_by_endpoint(session: &mut Session<'_>) -> Result<Vec<(Endpoint, i64)>>;

    /// Returns work that is due before a time, the longest due first, with its due time.
    fn due_before(
        session: &mut Session<'_>,
        time: i64,
        limit: usize,
        part: Option<Part<'_>>,
    ) -> Result<Vec<(i64, Self::Row)>>;
}

impl Session<'_> {
    /// Returns work that is due before a time and has a free slot, the longest due first, with its due time.
    pub(crate) fn due_before<W: DueWork>(
        &mut self,
        time: i64,
        limit: usize,
        capacity: &CallCapacity,
    ) -> Result<Vec<(i64, W::Row)>> {
        if capacity.is_free_for_all() {
            return W::due_before(self, time, limit, None);
        }
        let mut endpoints = W::first_by_endpoint(self)?;
        endpoints.retain(|(endpoint, first)| *first < time && capacity.is_free_for(endpoint));
        endpoints.sort_unstable_by_key(|(_, first)| *first);
        let full = capacity.full_holders();
        let mut found = Vec::new();
        for (endpoint, first) in &endpoints {
            // Nothing of this or a later endpoint is due before what was found.
            if found.len() == limit && found.last().is_some_and(|(due, _)| due <= first) {
                break;
            }
            let full = full.at(endpoint).take(MOST_LEFT_OUT).map(Holder::to_bytes).collect();
            found.extend(W::due_before(self, time, limit, Some(Part { endpoint, full }))?);
            found.sort_by_key(|(due, _)| *due);
            found.truncate(limit);
        }
        Ok(found)
    }
}

/// Reads an endpoint with its first due time; none if it has no work.
pub(crate) fn region_with_first(
    (cloud, region, first): (Vec<u8>, String, Option<i64>),
) -> Option<Result<(Endpoint, i64)>> {
    let first = first?;
    let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"));
    Some(cloud.map(|cloud| (Endpoint::of_region(cloud, Region::new(region)), first)))
}
