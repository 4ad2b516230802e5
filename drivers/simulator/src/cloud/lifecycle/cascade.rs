//! Cascades: the effects of a removal on other records.

use gateway_core::{Kind, Timestamp};

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record, Volume};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

impl Tables {
    /// Removes a record, detaches its volumes, and clears the references to it.
    pub(crate) fn remove(&mut self, table: TableKey, number: u64, now: Timestamp) {
        let Some(status) = self.records(table).get(number).map(|record| record.status) else { return };
        self.log_change(now, table, number, Some(status), None);
        let Some(record) = self.records_mut(table).remove(number) else { return };
        match record.body {
            Body::Instance(instance) => {
                let volumes = TableKey { kind: Kind::Volume, ..table };
                if let Some(overrides) = &instance.overrides {
                    self.release_nics(table, overrides, now);
                }
                let own = instance.overrides.and_then(|overrides| overrides.owned_disk);
                for disk in instance.disks {
                    self.release_volume(volumes, disk, now);
                    if own == Some(disk) {
                        self.change(volumes, disk, Status::Erasing, now);
                    }
                }
            }
            Body::Volume(Volume { attached_to, .. }) => {
                if let Some(holder) = attached_to {
                    self.unlink_disk(table, number, holder, now);
                }
                self.unlink_source(TableKey { kind: Kind::VolumeSnapshot, ..table }, number, now);
            }
            Body::VolumeSnapshot(_) => {
                self.unlink_source(TableKey { kind: Kind::Volume, ..table }, number, now)
            }
            _ => {}
        }
    }

    /// Clears the source of the snapshots of a volume, or of the volumes filled from a snapshot.
    fn unlink_source(&mut self, table: TableKey, source: u64, now: Timestamp) {
        for record in self.records_mut(table).iter_mut() {
            let made_of = match &mut record.body {
                Body::Volume(volume) => &mut volume.copy_of,
                Body::VolumeSnapshot(snapshot) => &mut snapshot.source,
                _ => continue,
            };
            if *made_of == Some(source) {
                (*made_of, record.changed) = (None, now);
            }
        }
    }

    /// Detaches a volume from its instance; returns false if it is not attached.
    pub(crate) fn detach(&mut self, table: TableKey, number: u64, now: Timestamp) -> bool {
        let holder = match self.records(table).get(number) {
            Some(Record { body: Body::Volume(volume), .. }) => volume.attached_to,
            _ => None,
        };
        holder.inspect(|holder| self.unlink_disk(table, number, *holder, now)).is_some()
    }

    fn unlink_disk(&mut self, table: TableKey, disk: u64, holder: u64, now: Timestamp) {
        let instances = self.records_mut(TableKey { kind: Kind::Instance, ..table });
        if let Some(Record { body: Body::Instance(instance), changed, .. }) = instances.get_mut(holder) {
            instance.disks.retain(|stored| *stored != disk);
            *changed = now;
        }
    }

    pub(crate) fn release_volume(&mut self, table: TableKey, number: u64, now: Timestamp) {
        if let Some(Record { body: Body::Volume(volume), .. }) = self.records_mut(table).get_mut(number) {
            volume.attached_to = None;
            if let Some(overrides) = &mut volume.overrides {
                overrides.device = None;
            }
            self.change(table, number, Status::Free, now);
        }
    }
}
