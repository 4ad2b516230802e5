//! Everything that the cloud holds, and how time changes it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use gateway_core::Timestamp;

use super::addresses::Given;
use super::body::{Body, Record};
use super::journal::Journal;
use super::lifecycle::{Outcome, Status};
use super::options::SimulatorOptions;
use super::random::Random;
use super::shelf::{Owner, Place, Shelf};
use super::sort::Sort;

#[derive(Debug)]
pub(super) struct World {
    shelves: BTreeMap<Place, Shelf>,
    /// Who reaches the end of a transit when; one that has changed since is passed over.
    due: BinaryHeap<Reverse<(Timestamp, Place, u64)>>,
    pub(super) journal: Journal,
    pub(super) random: Random,
    pub(super) transit: Duration,
    pub(super) regions: Vec<String>,
    pub(super) accounts: usize,
    /// Networks of each account in each region.
    pub(super) networks: usize,
    pub(super) given: Given,
}

impl World {
    pub(super) fn empty(options: &SimulatorOptions) -> Self {
        let mut shelves = BTreeMap::new();
        for region in 0..options.regions.len() {
            let owners =
                std::iter::once(Owner::Everybody).chain((0..options.accounts.len()).map(Owner::Account));
            for owner in owners {
                for sort in Sort::ALL {
                    shelves.insert(Place { region, owner, sort }, Shelf::default());
                }
            }
        }
        Self {
            shelves,
            due: BinaryHeap::new(),
            journal: Journal::default(),
            random: Random::new(options.seed),
            transit: options.transit,
            regions: options.regions.clone(),
            accounts: options.accounts.len(),
            networks: options.population.networks,
            given: Given::default(),
        }
    }

    /// The shelf of a place; there is one for every place that can be named.
    pub(super) fn shelf(&self, place: Place) -> &Shelf {
        &self.shelves[&place]
    }

    pub(super) fn shelf_mut(&mut self, place: Place) -> &mut Shelf {
        self.shelves.entry(place).or_default()
    }

    /// Without networks there is nothing in them, nor a way to it from outside.
    pub(super) fn has(&self, sort: Sort) -> bool {
        let in_networks =
            matches!(sort, Sort::Router | Sort::NetworkInterface | Sort::IpAddress | Sort::IpAddressBinding);
        self.networks > 0 || !in_networks
    }

    /// A number that nothing on the shelf has.
    pub(super) fn fresh_number(&mut self, place: Place) -> u64 {
        loop {
            let number = self.random.next();
            if !self.shelf(place).contains(number) {
                return number;
            }
        }
    }

    /// Adds a resource that somebody just made.
    pub(super) fn create(&mut self, place: Place, record: Record) -> u64 {
        let number = self.fresh_number(place);
        let (status, created) = (record.status, record.since);
        self.shelf_mut(place).put(number, record);
        self.note(created, place, number, None, Some(status));
        self.schedule(place, number, status, created);
        number
    }

    /// Notes a change of status of a resource on its shelf, and what it is for those that follow it.
    pub(super) fn note(
        &mut self,
        now: Timestamp,
        place: Place,
        number: u64,
        from: Option<Status>,
        to: Option<Status>,
    ) {
        self.journal.note(now, place, number, from, to);
        let Some(record) = self.shelves.get(&place).and_then(|shelf| shelf.get(number)) else { return };
        for &sort in place.sort.followers() {
            let follower =
                |leader: Option<Status>| leader.and_then(|status| sort.following(status, &record.body));
            let (from, to) = (follower(from), follower(to));
            if from != to && self.has(sort) {
                self.journal.note(now, Place { sort, ..place }, number, from, to);
            }
        }
    }

    /// Puts a resource into a status, and on its way to what follows.
    pub(super) fn change(&mut self, place: Place, number: u64, status: Status, now: Timestamp) {
        let Some(record) = self.shelf_mut(place).get_mut(number) else { return };
        let before = std::mem::replace(&mut record.status, status);
        record.changed = now;
        record.since = now;
        if let (Status::Active, Body::Instance(instance)) = (status, &mut record.body) {
            instance.booted = Some(now);
        }
        self.note(now, place, number, Some(before), Some(status));
        self.schedule(place, number, status, now);
        self.tell_plugs(place, number, status, now);
    }

    /// Notes that something about a resource is new, its status being the old one.
    pub(super) fn touch(&mut self, place: Place, number: u64, now: Timestamp) {
        if let Some(record) = self.shelf_mut(place).get_mut(number) {
            record.changed = now;
        }
    }

    /// Ends every transit that is due by now, each at its own time.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some(Reverse((time, place, number))) = self.due.peek().copied() {
            if time > now {
                return;
            }
            self.due.pop();
            let Some(record) = self.shelf(place).get(number) else { continue };
            if record.since.plus(self.transit) != time {
                continue;
            }
            match record.status.outcome() {
                Outcome::Stays => {}
                Outcome::Becomes(status) => self.change(place, number, status, time),
                Outcome::Gone => self.remove(place, number, time),
            }
        }
    }

    fn schedule(&mut self, place: Place, number: u64, status: Status, now: Timestamp) {
        if status.outcome() != Outcome::Stays {
            self.due.push(Reverse((now.plus(self.transit), place, number)));
        }
    }
}
