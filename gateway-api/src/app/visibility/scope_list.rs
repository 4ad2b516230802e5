//! The scopes of an answer: a summary of all, and a page of them, those that are not fresh first.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_core::id::{Holder, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::{Access, TargetState, VisibleAccount};

use super::authority::Authority;
use super::freshness::{Freshness, ScopeFreshness};
use super::scope_filter::ScopeFilter;
use super::targets::Targets;

/// Most scopes in an answer. A higher value makes each page of a list larger; a lower one sends clients to `/v1/status`.
pub(crate) const MOST_SCOPES: usize = 100;

/// Number of the first scope that has no target of its own. Numbers of targets are lower.
const FORBIDDEN: i64 = i64::MAX / 2;

/// The place of a scope in the order of pages: its rank, and the number of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScopePlace {
    pub(crate) rank: u8,
    pub(crate) number: i64,
}

/// A summary of all scopes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopeSummary {
    pub(crate) total: usize,
    /// The number of scopes of each status that occurs.
    pub(crate) by_status: Vec<(Freshness, usize)>,
    /// The beginning of the oldest complete listing of a scope that can be listed; none while one was never listed.
    pub(crate) oldest_as_of: Option<Timestamp>,
}

/// The scopes of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    /// The first scopes in the order of pages.
    pub(crate) first: Vec<ScopeFreshness>,
    pub(crate) summary: ScopeSummary,
    /// The age of the oldest scope that can be listed; none while one was never listed.
    pub(crate) age: Option<std::time::Duration>,
}

/// A scope of a request.
#[derive(Clone, Copy)]
pub(crate) enum ScopeEntry<'a> {
    Target(&'a TargetState),
    /// A scope that the caller's own credential may not list. It is named, because a missing scope would read as an empty
    /// one.
    Forbidden(&'a VisibleAccount, &'a Region, Kind),
}

/// The scopes of a request, at one moment.
pub(crate) struct ScopeList<'a> {
    authority: &'a Authority,
    entries: Vec<(ScopePlace, Freshness, ScopeEntry<'a>)>,
    required: Option<Timestamp>,
    now: Timestamp,
}

impl<'a> ScopeList<'a> {
    /// Lists the scopes of targets. A scope that was not listed since `required` is stale.
    pub(crate) fn of_targets(
        authority: &'a Authority,
        targets: &'a Targets,
        required: Option<Timestamp>,
    ) -> Self {
        let now = authority.now();
        let entry = |target: &'a TargetState| {
            let status = Freshness::of(target, required, now);
            let rank = match (status, &target.reason) {
                (Freshness::Fresh, None) => 2,
                (Freshness::Fresh, Some(_)) => 1,
                _ => 0,
            };
            (ScopePlace { rank, number: target.id.0 }, status, ScopeEntry::Target(target))
        };
        Self { authority, entries: targets.iter().map(entry).collect(), required, now }
    }

    /// Adds the scopes of a filter that the caller's own credentials may not list.
    pub(crate) fn with_forbidden(mut self, filter: &'a ScopeFilter) -> Self {
        // Most accounts share one access.
        let mut refused: HashMap<*const Access, Vec<(&Region, Kind)>> = HashMap::new();
        let mut number = FORBIDDEN;
        for account in filter.accounts(&self.authority.visibility) {
            let of_access = refused
                .entry(Arc::as_ptr(&account.access))
                .or_insert_with(|| refused_by(&account.access, filter));
            for (region, kind) in of_access.iter() {
                let place = ScopePlace { rank: 0, number };
                self.entries.push((
                    place,
                    Freshness::Forbidden,
                    ScopeEntry::Forbidden(account, region, *kind),
                ));
                number += 1;
            }
        }
        self
    }

    /// Returns the summary of all scopes, and the first of them.
    pub(crate) fn scopes(self) -> Scopes {
        let summary = self.summary();
        let age = self.age();
        let first = self.page(None, MOST_SCOPES).0;
        let first = first.into_iter().map(|(freshness, _)| freshness).collect();
        Scopes { first, summary, age }
    }

    pub(crate) fn summary(&self) -> ScopeSummary {
        let mut counts = [0; Freshness::ALL.len()];
        for (_, status, _) in &self.entries {
            counts[*status as usize] += 1;
        }
        let by_status = Freshness::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect();
        ScopeSummary { total: self.entries.len(), by_status, oldest_as_of: self.oldest().flatten() }
    }

    /// Returns the scopes after a place, at most `limit`, and the place of the last if there are more.
    pub(crate) fn page(
        mut self,
        after: Option<ScopePlace>,
        limit: usize,
    ) -> (Vec<(ScopeFreshness, ScopeEntry<'a>)>, Option<ScopePlace>) {
        self.entries.retain(|(place, ..)| after.is_none_or(|after| *place > after));
        let is_more = self.entries.len() > limit;
        if is_more {
            self.entries.select_nth_unstable_by_key(limit, |(place, ..)| *place);
            self.entries.truncate(limit);
        }
        self.entries.sort_unstable_by_key(|(place, ..)| *place);
        let next = self.entries.last().filter(|_| is_more).map(|(place, ..)| *place);
        let Self { authority, entries, required, now } = self;
        let entries =
            entries.into_iter().map(|(_, _, entry)| (describe(authority, entry, required, now), entry));
        (entries.collect(), next)
    }

    /// Returns the oldest listing, which is none if one of the scopes was never listed; none if no scope can be listed.
    fn oldest(&self) -> Option<Option<Timestamp>> {
        let listed = self.entries.iter().filter_map(|(_, status, entry)| match entry {
            ScopeEntry::Target(target) if *status != Freshness::Forbidden => Some(target.as_of),
            _ => None,
        });
        listed.min()
    }

    fn age(&self) -> Option<std::time::Duration> {
        self.oldest().map_or(Some(std::time::Duration::ZERO), |oldest| Some(self.now.since(oldest?)))
    }
}

fn refused_by<'a>(access: &'a Access, filter: &ScopeFilter) -> Vec<(&'a Region, Kind)> {
    let regions = access.0.iter().filter(|(region, _)| filter.matches_region(region));
    let kinds = regions
        .flat_map(|(region, kinds)| kinds.iter().map(move |(kind, allowed)| (region, *kind, *allowed)));
    let refused = kinds.filter(|(_, kind, allowed)| !*allowed && filter.matches_kind(*kind));
    refused.map(|(region, kind, _)| (region, kind)).collect()
}

fn describe(
    authority: &Authority,
    entry: ScopeEntry<'_>,
    required: Option<Timestamp>,
    now: Timestamp,
) -> ScopeFreshness {
    match entry {
        ScopeEntry::Target(target) => ScopeFreshness::of(target, authority, required, now),
        ScopeEntry::Forbidden(account, region, kind) => ScopeFreshness {
            cloud: authority.cloud_name(account.cloud).unwrap_or_default().to_owned(),
            region: region.clone(),
            holder: Holder::Account(account.id),
            kind,
            as_of: None,
            status: Freshness::Forbidden,
            reason: Some("the credential may not list this kind here".to_owned()),
        },
    }
}
