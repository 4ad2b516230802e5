//! One collection in the order of ids: what stands on its shelf and what follows others, a page at a time.

use super::body::Record;
use super::lifecycle::Status;
use super::shelf::Place;
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
        stored.or_else(|| {
            let leaders = Place { sort: place.sort.leader()?, ..place };
            following(place, self.shelf(leaders).get(number)?)
        })
    }

    /// How much there is.
    pub(super) fn count(&self, place: Place) -> usize {
        self.shelf(place).len() + self.followers(place, None).count()
    }

    fn followers(&self, place: Place, after: Option<u64>) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let leaders = place.sort.leader().map(|sort| self.shelf(Place { sort, ..place }));
        let records = leaders.into_iter().flat_map(move |shelf| shelf.after(after));
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
