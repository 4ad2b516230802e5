//! Movement of the cloud: random commands of its users, by the seed.

use gateway_core::{Kind, Timestamp};

use crate::cloud::lifecycle::instance_command::InstanceCommand;
use crate::cloud::options::SimulatorOptions;
use crate::cloud::seed::PUBLIC_IP_PERCENT;
use crate::cloud::tables::Tables;
use crate::cloud::tables::random::Random;
use crate::cloud::tables::record::{Body, Instance, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// Percentage of instances created by movement that fail at once.
const FAILING_PERCENT: usize = 2;

/// Most moves that are made up for after a pause; more would be a burst that no cloud shows.
const MAX_BURST: f64 = 1000.0;

/// Moves at a rate, with those that are due.
#[derive(Debug)]
pub(crate) struct Movement {
    per_second: f64,
    owed: f64,
    last: Timestamp,
    random: Random,
    /// Instances of each account in each region at the start; the moves keep the number within a tenth.
    size: usize,
}

impl Movement {
    pub(crate) fn new(options: &SimulatorOptions, now: Timestamp) -> Self {
        Self {
            per_second: options.movement,
            owed: 0.0,
            last: now,
            // A sequence other than that of the seeded records.
            random: Random::new(options.seed ^ 0x6d6f_7665),
            size: options.population.instances,
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.per_second <= 0.0
    }

    /// Changes the rate from now on and drops the moves that are due.
    pub(crate) fn set_rate(&mut self, per_second: f64, now: Timestamp) {
        (self.per_second, self.owed, self.last) = (per_second, 0.0, now);
    }

    /// Makes the moves that are due.
    pub(crate) fn advance(&mut self, tables: &mut Tables, now: Timestamp) {
        let passed = now.since(self.last).as_secs_f64();
        self.last = now;
        self.owed = (self.owed + passed * self.per_second).min(MAX_BURST);
        while self.owed >= 1.0 {
            self.owed -= 1.0;
            self.begin_move(tables, now);
        }
    }

    fn begin_move(&mut self, tables: &mut Tables, now: Timestamp) {
        let table = TableKey {
            region: self.random.below(tables.regions.len()),
            owner: Owner::Account(self.random.below(tables.accounts)),
            kind: Kind::Instance,
        };
        let (count, slack) = (tables.records(table).len(), self.size / 10 + 1);
        if count < self.size + slack && self.random.percent(15) {
            return self.create(tables, table, now);
        }
        let Some(number) = tables.records(table).nearest(self.random.next()) else { return };
        let Some(status) = tables.records(table).get(number).map(|record| record.status) else { return };
        let may_remove = count + slack > self.size;
        let command = match status {
            Status::Active | Status::Halted if may_remove && self.random.percent(18) => {
                InstanceCommand::Remove
            }
            Status::Active if self.random.percent(30) => InstanceCommand::Reboot,
            Status::Active => InstanceCommand::Stop,
            Status::Halted => InstanceCommand::Start,
            Status::Failed if may_remove => InstanceCommand::Remove,
            _ => return,
        };
        if let Some(next) = command.next(status) {
            tables.change(table, number, next, now);
        }
    }

    fn create(&mut self, tables: &mut Tables, table: TableKey, now: Timestamp) {
        let published = |kind| TableKey { owner: Owner::Public, kind, ..table };
        let types = tables.records(published(Kind::InstanceType));
        let images = tables.records(published(Kind::Image));
        let (Some(instance_type), Some(image)) =
            (types.nearest(self.random.next()), images.nearest(self.random.next()))
        else {
            return;
        };
        let failing = self.random.percent(FAILING_PERCENT);
        let status = if failing { Status::Failed } else { Status::Booting };
        let public_ip =
            self.random.percent(PUBLIC_IP_PERCENT).then(|| tables.allocate_public_ip(table)).flatten();
        let body = Body::Instance(Instance {
            instance_type,
            image: Some(image),
            private_ip: Some(tables.allocate_private_ip(table)),
            public_ip,
            disks: Vec::new(),
            booted: None,
            overrides: None,
        });
        let name = format!("moved-{:06x}", self.random.next() & 0xff_ffff);
        tables.create(table, Record::new(name, status, now, body));
    }
}
