//! The events that may be visible to a principal, found by their holders.

use std::cmp::Ordering;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable};
use gateway_core::Kind;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId, Region};

use crate::access::Visibility;
use crate::db::schema::events;
use crate::db::{Connection, Direction, Session, Sorted, UNION, UnionAll, corrupt, database, merge};

/// Events up to the head of the log within which a follower of many accounts reads the log itself. A look at each
/// account would cost more than these events, all other principals' included.
const NEAR_THE_HEAD: usize = 500;

/// A part of the log: the positions after one, up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) after: i64,
    pub(super) to: i64,
}

/// An event of a holder that a principal sees something of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) seq: i64,
    pub(super) position: i64,
    pub(super) cloud: CloudId,
    pub(super) holder: Holder,
    /// Region and kind of the resource; `None` for a grant.
    pub(super) resource: Option<(Region, Kind)>,
    /// Principal whose grant changed.
    pub(super) principal: Option<PrincipalId>,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A cloud and a holder at it, by which events are found along one index.
type Source = (CloudId, Holder);

impl Sorted for Candidate {
    type Value = i64;
    type Source = Source;

    fn value(&self) -> &i64 {
        &self.position
    }

    fn source(&self) -> Source {
        (self.cloud, self.holder)
    }
}

/// An event: row number, position, target, cloud, region, holder, kind, principal.
type Columns = (i64, Option<i64>, i64, Vec<u8>, String, Vec<u8>, String, Option<Vec<u8>>);
type Part = events::BoxedQuery<'static, <Connection as diesel::Connection>::Backend>;

impl Span {
    /// Returns the most events that the span may have.
    fn len(self) -> usize {
        usize::try_from(self.to.saturating_sub(self.after)).unwrap_or_default()
    }

    fn events(self) -> Part {
        events::table
            .filter(events::position.gt(self.after))
            .filter(events::position.le(self.to))
            .order(events::position)
            .into_boxed()
    }

    fn of_source(self, (cloud, holder): Source) -> Part {
        self.events()
            .filter(events::holder.eq(holder.to_bytes()))
            .filter(events::cloud_id.eq(cloud.to_bytes()))
    }

    fn of_principal(self, principal: PrincipalId) -> Part {
        self.events().filter(events::principal_id.eq(principal.to_bytes()))
    }
}

impl Session<'_> {
    /// Returns the first candidates in a span, in order, and whether these are all. There may be more than `wanted` if
    /// these are all.
    pub(super) fn candidates(
        &mut self,
        visibility: &Visibility,
        span: Span,
        wanted: usize,
    ) -> Result<(Vec<Candidate>, bool)> {
        let Some(principal) = visibility.principal() else { return Ok((Vec::new(), true)) };
        let accounts = visibility.accounts();
        if accounts.len() > UNION && span.len() <= NEAR_THE_HEAD {
            return Ok((self.load_candidates(vec![span.events()], NEAR_THE_HEAD)?, true));
        }
        let published: Vec<Source> = visibility.clouds().map(|(cloud, _)| (cloud, Holder::Global)).collect();
        let mut all = self.load_candidates(vec![span.of_principal(principal)], wanted)?;
        if accounts.len() <= UNION {
            let own = accounts.iter().map(|account| (account.cloud, Holder::Account(account.id)));
            let sources: Vec<_> = own.chain(published).collect();
            for sources in sources.chunks(UNION) {
                all.extend(
                    self.load_candidates(sources.iter().map(|one| span.of_source(*one)).collect(), wanted)?,
                );
            }
        } else {
            let mut firsts = self.first_of_accounts(principal, span)?;
            for sources in published.chunks(UNION) {
                let parts = sources.iter().map(|one| span.of_source(*one)).collect();
                let found = self.load_candidates(parts, 1)?;
                firsts.extend(found.iter().map(|event| (event.position, event.source())));
            }
            all.extend(merge(firsts, Direction::Ascending, wanted, |sources, bound| {
                let span = Span { to: bound.map_or(span.to, |bound| span.to.min(*bound)), ..span };
                self.load_candidates(sources.iter().map(|one| span.of_source(*one)).collect(), wanted)
            })?);
        }
        // The event of an own grant is found by its account too.
        all.sort_unstable();
        all.dedup_by_key(|event| event.position);
        let is_whole = all.len() < wanted;
        all.truncate(wanted);
        Ok((all, is_whole))
    }

    /// Returns the position of the first event of each account of a principal that has one.
    fn first_of_accounts(&mut self, principal: PrincipalId, span: Span) -> Result<Vec<(i64, Source)>> {
        #[derive(QueryableByName)]
        struct First {
            #[diesel(sql_type = Binary)]
            account_id: Vec<u8>,
            #[diesel(sql_type = Binary)]
            cloud_id: Vec<u8>,
            #[diesel(sql_type = Nullable<BigInt>)]
            first: Option<i64>,
        }
        let firsts = diesel::sql_query(
            "SELECT g.account_id, g.cloud_id, (SELECT e.position FROM events AS e WHERE e.holder = g.account_id \
             AND e.cloud_id = g.cloud_id AND e.position > ? AND e.position <= ? ORDER BY e.position LIMIT 1) AS first \
             FROM grants AS g WHERE g.principal_id = ?",
        )
        .bind::<BigInt, _>(span.after)
        .bind::<BigInt, _>(span.to)
        .bind::<Binary, _>(principal.to_bytes())
        .load::<First>(self.connection)
        .map_err(database)?;
        let mut all = Vec::new();
        for First { account_id, cloud_id, first } in firsts {
            let Some(first) = first else { continue };
            let account = AccountId::from_bytes(&account_id).ok_or_else(|| corrupt("account id"))?;
            let cloud = CloudId::from_bytes(&cloud_id).ok_or_else(|| corrupt("cloud id"))?;
            all.push((first, (cloud, Holder::Account(account))));
        }
        Ok(all)
    }

    fn load_candidates(&mut self, parts: Vec<Part>, wanted: usize) -> Result<Vec<Candidate>> {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let columns = (
            events::seq,
            events::position,
            events::target_id,
            events::cloud_id,
            events::region,
            events::holder,
            events::kind,
            events::principal_id,
        );
        let parts = parts.into_iter().map(|part| part.limit(limit).select(columns)).collect();
        let rows = UnionAll(parts).load::<Columns>(self.connection).map_err(database)?;
        rows.into_iter().map(candidate).collect()
    }
}

fn candidate(row: Columns) -> Result<Candidate> {
    let (seq, position, target, cloud, region, holder, kind, principal) = row;
    let resource = match target {
        0 => None,
        _ => Some((Region::new(region), Kind::parse(&kind).ok_or_else(|| corrupt("kind"))?)),
    };
    Ok(Candidate {
        seq,
        position: position.ok_or_else(|| corrupt("event position"))?,
        cloud: CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?,
        holder: Holder::from_bytes(&holder).ok_or_else(|| corrupt("holder"))?,
        resource,
        principal: principal.as_deref().and_then(PrincipalId::from_bytes),
    })
}
