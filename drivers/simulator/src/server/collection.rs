//! One collection in the order of ids: what stands on its shelf, what follows others, and what others share, a page at
//! a time.

use super::body::{Body, Record};
use super::lifecycle::Status;
use super::shelf::{Owner, Place, Shelf};
use super::sort::Sort;
use super::world::World;

/// What is shown under one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) status: Status,
    /// The record itself, or of what follows another, the leader's.
    pub(super) record: &'a Record,
    pub(super) follows: bool,
    /// Whose it is: another account's, where that shares it.
    pub(super) owner: Owner,
}

impl World {
    /// What comes after a number, nothing of it made before it is asked for.
    pub(super) fn entries(&self, place: Place, after: Option<u64>) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let here = move |(number, record): (u64, _)| (number, kept(record, place.owner));
        let mut stored = self.shelf(place).after(after).map(here).peekable();
        let mut followers = self.followers(place, after).peekable();
        let mut shared = self.shared_with(place, after).into_iter().peekable();
        std::iter::from_fn(move || {
            let nearest = |next: Option<&(u64, _)>| next.map_or(u64::MAX, |(number, _)| *number);
            let next = [nearest(stored.peek()), nearest(followers.peek()), nearest(shared.peek())];
            match next {
                [a, b, c] if a <= b && a <= c => stored.next(),
                [_, b, c] if b <= c => followers.next(),
                _ => shared.next(),
            }
        })
    }

    /// What is under a number, if there is something.
    pub(super) fn entry(&self, place: Place, number: u64) -> Option<Entry<'_>> {
        let stored = self.shelf(place).get(number).map(|record| kept(record, place.owner));
        let follows = || following(place, self.leaders(place)?.get(number)?);
        let shared = || {
            let all = self.shared_with(place, number.checked_sub(1));
            all.first().filter(|(first, _)| *first == number).map(|(_, entry)| *entry)
        };
        stored.or_else(follows).or_else(shared)
    }

    /// How much there is.
    pub(super) fn count(&self, place: Place) -> usize {
        self.shelf(place).len() + self.followers(place, None).count() + self.shared_with(place, None).len()
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

    /// What other accounts share with the one of a place: images alone, of which there are few.
    fn shared_with(&self, place: Place, after: Option<u64>) -> Vec<(u64, Entry<'_>)> {
        let Place { owner: Owner::Account(account), sort: Sort::Image, .. } = place else {
            return Vec::new();
        };
        let others = (0..self.accounts).filter(|other| *other != account).map(Owner::Account);
        let is_shared = |record: &Record| matches!(&record.body, Body::Image(image) if image.shared_with.contains(&account));
        let images = others.flat_map(|owner| {
            let images = self.shelf(Place { owner, ..place }).after(after);
            images
                .filter(|(_, record)| is_shared(record))
                .map(move |(number, record)| (number, kept(record, owner)))
        });
        let mut images: Vec<_> = images.collect();
        images.sort_by_key(|(number, _)| *number);
        images
    }
}

fn kept(record: &Record, owner: Owner) -> Entry<'_> {
    Entry { status: record.status, record, follows: false, owner }
}

fn following(place: Place, leader: &Record) -> Option<Entry<'_>> {
    let status = place.sort.following(leader.status, &leader.body)?;
    Some(Entry { status, record: leader, follows: true, owner: place.owner })
}
