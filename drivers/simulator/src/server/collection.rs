//! One collection in the order of ids: what stands on its shelf and what follows others, a page at a time.

use super::body::Record;
use super::lifecycle::Status;
use super::shelf::{Place, Shelf};
use super::sort::Sort;
use super::world::World;

/// What is shown under one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) status: Status,
    /// The record itself, or of what follows another, the leader's.
    pub(super) record: &'a Record,
    pub(super) follows: bool,
}

impl World {
    /// What comes after a number, nothing of it made before it is asked for.
    pub(super) fn entries(&self, place: Place, after: Option<u64>) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let kept = |(number, record): (u64, _)| (number, kept(record));
        let mut stored = self.shelf(place).after(after).map(kept).peekable();
        let mut followers = self.followers(place, after).peekable();
        std::iter::from_fn(move || match (stored.peek(), followers.peek()) {
            (Some((a, _)), Some((b, _))) if a <= b => stored.next(),
            (Some(_), None) => stored.next(),
            _ => followers.next(),
        })
    }

    /// What is under a number, if there is something.
    pub(super) fn entry(&self, place: Place, number: u64) -> Option<Entry<'_>> {
        let stored = self.shelf(place).get(number).map(kept);
        stored.or_else(|| following(place, self.leaders(place)?.get(number)?))
    }

    /// How much there is.
    pub(super) fn count(&self, place: Place) -> usize {
        let followers = match (place.sort, self.leaders(place)) {
            // Each leader has one.
            (Sort::NetworkInterface, Some(leaders)) => leaders.len(),
            _ => self.followers(place, None).count(),
        };
        self.shelf(place).len() + followers
    }

    /// Where those stand that bring what is of this place.
    fn leaders(&self, place: Place) -> Option<&Shelf> {
        let leader = place.sort.leader().filter(|_| self.has(place.sort))?;
        Some(self.shelf(Place { sort: leader, ..place }))
    }

    fn followers(&self, place: Place, after: Option<u64>) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let records = self.leaders(place).into_iter().flat_map(move |leaders| leaders.after(after));
        records.filter_map(move |(number, record)| Some((number, following(place, record)?)))
    }
}

fn kept(record: &Record) -> Entry<'_> {
    Entry { status: record.status, record, follows: false }
}

fn following(place: Place, leader: &Record) -> Option<Entry<'_>> {
    let status = place.sort.following(leader.status, &leader.body)?;
    Some(Entry { status, record: leader, follows: true })
}
