//! The search for due work within the free slots of a process.
//!
//! Work of endpoints and holders without a free slot is left out, so that any amount of it delays no other work. While
//! something is full, the search looks at the first due time of each endpoint, one key of an index, and then at the work
//! of those that have a free slot: its cost follows the number of endpoints, not that of the work that is left out.
//!
//! At an endpoint on probation, the work of holders that were answered lately comes before that of all others, and that of
//! holders that hang after it.

use gateway_core::error::Result;
use gateway_core::id::{CloudId, Holder, Region};
use gateway_core::shares::{CallCapacity, Endpoint, Probation};

use crate::db::{NEVER, Session, corrupt};

/// Most full holders of one endpoint that a statement leaves out. A higher number makes longer statements. If more
/// accounts hang at an endpoint that answers others, some of their work is found in vain, before that of others.
const MOST_LEFT_OUT: usize = 500;

/// The part of the due work that a statement selects: that of some holders of one endpoint.
pub(crate) struct Part<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) holders: Holders,
}

/// The holders of a part, as the store keeps them.
pub(crate) enum Holders {
    Only(Vec<u8>),
    AllBut(Vec<Vec<u8>>),
}

impl<'a> Part<'a> {
    fn of(endpoint: &'a Endpoint, holder: Holder) -> Self {
        Self { endpoint, holders: Holders::Only(holder.to_bytes()) }
    }

    fn without(endpoint: &'a Endpoint, holders: &[Holder]) -> Self {
        let left_out = holders.iter().take(MOST_LEFT_OUT).copied().map(Holder::to_bytes);
        Self { endpoint, holders: Holders::AllBut(left_out.collect()) }
    }

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
        // The next due time does not depend on whose work is done first.
        let probation = if time < NEVER { capacity.probation() } else { Probation::default() };
        if capacity.is_free_for_all() && probation.is_empty() {
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
            let full: Vec<_> = full.at(endpoint).collect();
            found.extend(self.due_at::<W>(time, limit, endpoint, &full, &probation)?);
            found.sort_by_key(|(due, _)| *due);
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Returns due work of one endpoint: without the full holders, and on probation of those that are tried first.
    fn due_at<W: DueWork>(
        &mut self,
        time: i64,
        limit: usize,
        endpoint: &Endpoint,
        full: &[Holder],
        probation: &Probation,
    ) -> Result<Vec<(i64, W::Row)>> {
        for holder in probation.first(endpoint).into_iter().filter(|holder| !full.contains(holder)) {
            let found = W::due_before(self, time, limit, Some(Part::of(endpoint, holder)))?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let hung = probation.last(endpoint);
        if !hung.is_empty() {
            let part = Part::without(endpoint, &[full, hung].concat());
            let found = W::due_before(self, time, limit, Some(part))?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        W::due_before(self, time, limit, Some(Part::without(endpoint, full)))
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
