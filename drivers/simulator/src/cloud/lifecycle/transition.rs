//! Creation of records and changes of their status.

use std::cmp::Reverse;

use gateway_core::Timestamp;

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::{Outcome, Status};
use crate::cloud::tables::table::TableKey;

impl Tables {
    /// Adds a new record and returns its number.
    pub(crate) fn create(&mut self, table: TableKey, record: Record) -> u64 {
        let number = self.unused_number(table);
        let (status, created) = (record.status, record.since);
        self.records_mut(table).insert(number, record);
        self.log_change(created, table, number, None, Some(status));
        self.schedule(table, number, status, created);
        number
    }

    /// Changes the status of a record, and schedules the transition out of it.
    pub(crate) fn change(&mut self, table: TableKey, number: u64, status: Status, now: Timestamp) {
        let Some(record) = self.records_mut(table).get_mut(number) else { return };
        let before = std::mem::replace(&mut record.status, status);
        record.changed = now;
        record.since = now;
        if let (Status::Active, Body::Instance(instance)) = (status, &mut record.body) {
            instance.booted = Some(now);
        }
        self.log_change(now, table, number, Some(before), Some(status));
        self.schedule(table, number, status, now);
        self.update_nics(table, number, status, now);
    }

    /// Records that a record has changed without a change of status.
    pub(crate) fn mark_changed(&mut self, table: TableKey, number: u64, now: Timestamp) {
        if let Some(record) = self.records_mut(table).get_mut(number) {
            record.changed = now;
        }
    }

    /// Executes the transitions that are due, each at its own time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(Reverse((time, table, number))) = self.due.peek().copied() {
            if time > now {
                return;
            }
            self.due.pop();
            let Some(record) = self.records(table).get(number) else { continue };
            if record.since.plus(self.transit) != time {
                continue;
            }
            match record.status.outcome() {
                Outcome::Stays => {}
                Outcome::Becomes(status) => self.change(table, number, status, time),
                Outcome::Gone => self.remove(table, number, time),
            }
        }
    }

    fn schedule(&mut self, table: TableKey, number: u64, status: Status, now: Timestamp) {
        if status.outcome() != Outcome::Stays {
            self.due.push(Reverse((now.plus(self.transit), table, number)));
        }
    }
}
