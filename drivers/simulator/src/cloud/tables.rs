//! The tables of the cloud: records by region, owner and kind, and everything that is computed from them.
//!
//! Nothing here knows HTTP or the rules of commands.

pub(crate) mod address_plan;
pub(crate) mod collection;
pub(crate) mod derived;
pub(crate) mod journal;
pub(crate) mod kind;
pub(crate) mod lookup;
pub(crate) mod measure;
pub(crate) mod random;
pub(crate) mod range;
pub(crate) mod record;
pub(crate) mod rule;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod volume_class;
pub(crate) mod zones;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::Ipv4Addr;
use std::time::Duration;

use gateway_core::{Kind, Timestamp};

use crate::cloud::options::SimulatorOptions;
use crate::cloud::tables::address_plan::{Allocated, Plan};
use crate::cloud::tables::derived::{derived_kinds, derived_status};
use crate::cloud::tables::journal::Journal;
use crate::cloud::tables::random::Random;
use crate::cloud::tables::range::PUBLIC;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, Table, TableKey};

/// All tables of the cloud, with its journal and its pending transitions.
#[derive(Debug)]
pub(crate) struct Tables {
    tables: BTreeMap<TableKey, Table>,
    /// Pending transitions by time; an entry is skipped if its record has changed since.
    pub(crate) due: BinaryHeap<Reverse<(Timestamp, TableKey, u64)>>,
    pub(crate) journal: Journal,
    pub(crate) random: Random,
    pub(crate) transit: Duration,
    pub(crate) regions: Vec<String>,
    pub(crate) accounts: usize,
    /// Networks of each account in each region.
    pub(crate) networks: usize,
    pub(crate) allocated: Allocated,
}

impl Tables {
    /// Creates the empty tables of the options.
    pub(crate) fn empty(options: &SimulatorOptions) -> Self {
        let mut tables = BTreeMap::new();
        for region in 0..options.regions.len() {
            let owners =
                std::iter::once(Owner::Public).chain((0..options.accounts.len()).map(Owner::Account));
            for owner in owners {
                for kind in Kind::ALL.iter().copied() {
                    tables.insert(TableKey { region, owner, kind }, Table::default());
                }
            }
        }
        Self {
            tables,
            due: BinaryHeap::new(),
            journal: Journal::default(),
            random: Random::new(options.seed),
            transit: options.transit,
            regions: options.regions.clone(),
            accounts: options.accounts.len(),
            networks: options.population.networks,
            allocated: Allocated::default(),
        }
    }

    /// Returns a table; there is one for every key.
    pub(crate) fn records(&self, table: TableKey) -> &Table {
        &self.tables[&table]
    }

    /// Returns a table, to change its records.
    pub(crate) fn records_mut(&mut self, table: TableKey) -> &mut Table {
        self.tables.entry(table).or_default()
    }

    /// Returns whether there are records of a kind: without networks there are no routers, interfaces and addresses.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        let in_networks =
            matches!(kind, Kind::Router | Kind::NetworkInterface | Kind::IpAddress | Kind::IpAddressBinding);
        self.networks > 0 || !in_networks
    }

    /// Returns a random number that no record of the table has.
    pub(crate) fn unused_number(&mut self, table: TableKey) -> u64 {
        loop {
            let number = self.random.next();
            if !self.records(table).contains(number) {
                return number;
            }
        }
    }

    /// Adds a change of status of a record, and of the records derived from it, to the journal.
    pub(crate) fn log_change(
        &mut self,
        now: Timestamp,
        table: TableKey,
        number: u64,
        from: Option<Status>,
        to: Option<Status>,
    ) {
        self.journal.append(now, table, number, from, to);
        let Some(record) = self.tables.get(&table).and_then(|records| records.get(number)) else { return };
        for &kind in derived_kinds(table.kind) {
            let derived =
                |source: Option<Status>| source.and_then(|status| derived_status(kind, status, &record.body));
            let (from, to) = (derived(from), derived(to));
            if from != to && self.has(kind) {
                self.journal.append(now, TableKey { kind, ..table }, number, from, to);
            }
        }
    }

    /// Returns a private address that no record of the account has in the region.
    pub(crate) fn allocate_private_ip(&mut self, table: TableKey) -> Ipv4Addr {
        Plan::new(self.networks).nth(self.allocated.count(table.region, table.owner))
    }

    /// Returns a public address that no record has in the region; `None` if there are no networks.
    pub(crate) fn allocate_public_ip(&mut self, table: TableKey) -> Option<Ipv4Addr> {
        self.has(Kind::IpAddress).then(|| PUBLIC.nth(self.allocated.count(table.region, Owner::Public)))
    }
}
