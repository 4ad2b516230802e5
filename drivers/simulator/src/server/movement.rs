//! The unrest of a cloud: what its users do, drawn by the seed.

use gateway_core::Timestamp;

use super::body::{Body, Instance, Record, Sort};
use super::lifecycle::{Order, Status};
use super::random::Random;
use super::seed;
use super::shelf::{Owner, Place};
use super::world::World;

/// Of a hundred instances that chance creates, how many fail at once.
const FAILING_PERCENT: usize = 2;

/// Moves owed after a pause that are still made; more would come as one burst that no cloud shows.
const MOST_AT_ONCE: f64 = 1000.0;

/// Turns a rate into moves as time passes.
#[derive(Debug)]
pub(super) struct Mover {
    per_second: f64,
    owed: f64,
    last: Timestamp,
    random: Random,
}

impl Mover {
    pub(super) fn new(per_second: f64, seed: u64, now: Timestamp) -> Self {
        Self { per_second, owed: 0.0, last: now, random: Random::new(seed ^ 0x6d6f_7665) }
    }

    pub(super) fn is_still(&self) -> bool {
        self.per_second <= 0.0
    }

    /// Makes the moves that have become due.
    pub(super) fn advance(&mut self, world: &mut World, now: Timestamp) {
        let passed = now.since(self.last).as_secs_f64();
        self.last = now;
        self.owed = (self.owed + passed * self.per_second).min(MOST_AT_ONCE);
        while self.owed >= 1.0 {
            self.owed -= 1.0;
            self.one(world, now);
        }
    }

    fn one(&mut self, world: &mut World, now: Timestamp) {
        let place = Place {
            region: self.random.below(world.regions.len()),
            owner: Owner::Account(self.random.below(world.accounts)),
            sort: Sort::Instance,
        };
        // Creations and removals balance, so that the cloud keeps its size.
        if self.random.percent(15) {
            return self.create(world, place, now);
        }
        let Some(number) = world.shelf(place).near(self.random.next()) else { return };
        let Some(status) = world.shelf(place).get(number).map(|record| record.status) else { return };
        let order = match status {
            Status::Active if self.random.percent(18) => Order::Remove,
            Status::Active if self.random.percent(30) => Order::Reboot,
            Status::Active => Order::Stop,
            Status::Halted if self.random.percent(18) => Order::Remove,
            Status::Halted => Order::Start,
            Status::Failed => Order::Remove,
            _ => return,
        };
        if let Some(next) = order.from(status) {
            world.change(place, number, next, now);
        }
    }

    fn create(&mut self, world: &mut World, place: Place, now: Timestamp) {
        let published = |sort| Place { owner: Owner::Everybody, sort, ..place };
        let types = world.shelf(published(Sort::InstanceType));
        let images = world.shelf(published(Sort::Image));
        let (Some(instance_type), Some(image)) =
            (types.near(self.random.next()), images.near(self.random.next()))
        else {
            return;
        };
        let failing = self.random.percent(FAILING_PERCENT);
        let status = if failing { Status::Failed } else { Status::Booting };
        let body = Body::Instance(Instance {
            instance_type,
            image,
            inside: seed::inside_address(&mut self.random),
            outside: None,
            disks: Vec::new(),
            booted: None,
        });
        let name = format!("moved-{:06x}", self.random.next() & 0xff_ffff);
        world.create(place, Record::new(name, status, now, body));
    }
}
