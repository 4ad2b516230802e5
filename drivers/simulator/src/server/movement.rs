//! The unrest of a cloud: what its users do, drawn by the seed.

use gateway_core::Timestamp;

use super::body::{Body, Instance, Record};
use super::lifecycle::{Order, Status};
use super::options::SimulatorOptions;
use super::random::Random;
use super::seed;
use super::shelf::{Owner, Place};
use super::sort::Sort;
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
    /// Instances of each account in each region at the start, which the moves keep to within a tenth.
    size: usize,
}

impl Mover {
    pub(super) fn new(options: &SimulatorOptions, now: Timestamp) -> Self {
        Self {
            per_second: options.movement,
            owed: 0.0,
            last: now,
            // Another sequence than the one that the seed makes resources of.
            random: Random::new(options.seed ^ 0x6d6f_7665),
            size: options.population.instances,
        }
    }

    pub(super) fn is_still(&self) -> bool {
        self.per_second <= 0.0
    }

    /// Another rate from now on; nothing is owed of the time before.
    pub(super) fn set_rate(&mut self, per_second: f64, now: Timestamp) {
        (self.per_second, self.owed, self.last) = (per_second, 0.0, now);
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
        let (count, slack) = (world.shelf(place).len(), self.size / 10 + 1);
        if count < self.size + slack && self.random.percent(15) {
            return self.create(world, place, now);
        }
        let Some(number) = world.shelf(place).near(self.random.next()) else { return };
        let Some(status) = world.shelf(place).get(number).map(|record| record.status) else { return };
        let may_remove = count + slack > self.size;
        let order = match status {
            Status::Active | Status::Halted if may_remove && self.random.percent(18) => Order::Remove,
            Status::Active if self.random.percent(30) => Order::Reboot,
            Status::Active => Order::Stop,
            Status::Halted => Order::Start,
            Status::Failed if may_remove => Order::Remove,
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
        let outside =
            self.random.percent(seed::OUTSIDE_PERCENT).then(|| world.outside_address(place)).flatten();
        let body = Body::Instance(Instance {
            instance_type,
            image: Some(image),
            inside: Some(world.inside_address(place)),
            outside,
            disks: Vec::new(),
            booted: None,
            chosen: None,
        });
        let name = format!("moved-{:06x}", self.random.next() & 0xff_ffff);
        world.create(place, Record::new(name, status, now, body));
    }
}
