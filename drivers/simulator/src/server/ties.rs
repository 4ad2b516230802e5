//! What ties resources to each other, and what becomes of the others when one goes.

use gateway_core::Timestamp;

use super::body::{Body, Record, Volume};
use super::lifecycle::Status;
use super::shelf::Place;
use super::sort::Sort;
use super::world::World;

impl World {
    /// Takes a resource away: its volumes come off it, and what was made of it is of nothing.
    pub(super) fn remove(&mut self, place: Place, number: u64, now: Timestamp) {
        let Some(status) = self.shelf(place).get(number).map(|record| record.status) else { return };
        self.note(now, place, number, Some(status), None);
        let Some(record) = self.shelf_mut(place).take(number) else { return };
        match record.body {
            Body::Instance(instance) => {
                let volumes = Place { sort: Sort::Volume, ..place };
                if let Some(chosen) = &instance.chosen {
                    self.leave_networks(place, chosen, now);
                }
                let own = instance.chosen.and_then(|chosen| chosen.own_disk);
                for disk in instance.disks {
                    self.free_volume(volumes, disk, now);
                    if own == Some(disk) {
                        self.change(volumes, disk, Status::Erasing, now);
                    }
                }
            }
            Body::Volume(Volume { attached_to, .. }) => {
                if let Some(holder) = attached_to {
                    self.forget_disk(place, number, holder, now);
                }
                self.forget_source(Place { sort: Sort::VolumeSnapshot, ..place }, number, now);
            }
            Body::VolumeSnapshot(_) => self.forget_source(Place { sort: Sort::Volume, ..place }, number, now),
            _ => {}
        }
    }

    /// Snapshots of a volume outlive it, and volumes filled from a snapshot outlive that.
    fn forget_source(&mut self, place: Place, source: u64, now: Timestamp) {
        for record in self.shelf_mut(place).records_mut() {
            let made_of = match &mut record.body {
                Body::Volume(volume) => &mut volume.copy_of,
                Body::VolumeSnapshot(snapshot) => &mut snapshot.of,
                _ => continue,
            };
            if *made_of == Some(source) {
                (*made_of, record.changed) = (None, now);
            }
        }
    }

    /// Takes a volume off its instance; `false` when it is on none.
    pub(super) fn take_off(&mut self, place: Place, number: u64, now: Timestamp) -> bool {
        let holder = match self.shelf(place).get(number) {
            Some(Record { body: Body::Volume(volume), .. }) => volume.attached_to,
            _ => None,
        };
        holder.inspect(|holder| self.forget_disk(place, number, *holder, now)).is_some()
    }

    fn forget_disk(&mut self, place: Place, disk: u64, holder: u64, now: Timestamp) {
        let instances = self.shelf_mut(Place { sort: Sort::Instance, ..place });
        if let Some(Record { body: Body::Instance(instance), changed, .. }) = instances.get_mut(holder) {
            instance.disks.retain(|kept| *kept != disk);
            *changed = now;
        }
    }

    pub(super) fn free_volume(&mut self, place: Place, number: u64, now: Timestamp) {
        if let Some(Record { body: Body::Volume(volume), .. }) = self.shelf_mut(place).get_mut(number) {
            volume.attached_to = None;
            if let Some(chosen) = &mut volume.chosen {
                chosen.device = None;
            }
            self.change(place, number, Status::Free, now);
        }
    }
}
