//! How much an account may have, and has: counted when somebody asks, and so always right.

use super::answer::Refusal;
use super::body::Record;
use super::body::{Body, InstanceType};
use super::lifecycle::Status;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;

/// One thing that is counted.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) service: &'static str,
    pub(super) word: &'static str,
    of: Of,
    limited: bool,
}

#[derive(Clone, Copy, Debug)]
enum Of {
    Records(Sort),
    Cores,
    MemoryMb,
    DiskGb,
}

const fn measure(service: &'static str, word: &'static str, of: Of) -> Measure {
    Measure { service, word, of, limited: true }
}

const fn unlimited(service: &'static str, word: &'static str, of: Of) -> Measure {
    Measure { service, word, of, limited: false }
}

pub(super) static MEASURES: [Measure; 15] = [
    measure("machines", "machines", Of::Records(Sort::Instance)),
    measure("machines", "cores", Of::Cores),
    measure("machines", "memory_mb", Of::MemoryMb),
    measure("machines", "keys", Of::Records(Sort::SshKey)),
    measure("disks", "disks", Of::Records(Sort::Volume)),
    measure("disks", "disk_gb", Of::DiskGb),
    measure("disks", "disk_copies", Of::Records(Sort::VolumeSnapshot)),
    measure("nets", "nets", Of::Records(Sort::Network)),
    measure("nets", "ranges", Of::Records(Sort::Subnet)),
    unlimited("nets", "plugs", Of::Records(Sort::NetworkInterface)),
    measure("nets", "routers", Of::Records(Sort::Router)),
    measure("nets", "outside_addresses", Of::Records(Sort::IpAddress)),
    measure("nets", "firewalls", Of::Records(Sort::SecurityGroup)),
    measure("nets", "firewall_rules", Of::Records(Sort::SecurityGroupRule)),
    unlimited("pictures", "pictures", Of::Records(Sort::Image)),
];

/// The least limit.
const LEAST: u64 = 16;

/// Puts the quotas of an account in a region onto their shelf, once all else is there: twice as much may be. Their
/// numbers are the same for every account.
pub(super) fn account(world: &mut World, place: Place) {
    for (measure, number) in MEASURES.iter().zip(1..) {
        let most = (world.used(place, measure) * 2).max(LEAST).next_power_of_two();
        let body = Body::Quota { measure, most: measure.limited.then_some(most) };
        let record = Record::new(measure.word.to_owned(), Status::Kept, super::seed::BEFORE, body);
        world.shelf_mut(Place { sort: Sort::Quota, ..place }).put(number, record);
    }
}

impl World {
    /// Refuses what would be more than the account may have.
    ///
    /// Counting a large account takes long enough to notice, and is done only where there is a limit.
    pub(super) fn afford(&self, place: Place, word: &str, more: u64) -> Result<(), Refusal> {
        let quotas = self.shelf(Place { sort: Sort::Quota, ..place }).after(None);
        let found = quotas.filter_map(|(_, record)| match record.body {
            Body::Quota { measure, most } if measure.word == word => Some((measure, most?)),
            _ => None,
        });
        for (measure, most) in found {
            if self.used(place, measure) + more > most {
                return Err(Refusal::quota_spent(word, most));
            }
        }
        Ok(())
    }

    /// Sets the most that may be, which is not less than what is.
    pub(super) fn limit(&mut self, place: Place, number: u64, wanted: Option<u64>) -> Result<(), Refusal> {
        let used = match self.shelf(place).get(number).map(|record| &record.body) {
            Some(Body::Quota { measure, .. }) => self.used(place, measure),
            _ => return Err(Refusal::no_resource()),
        };
        if wanted.is_some_and(|wanted| wanted < used) {
            return Err(Refusal::conflict(format!("the account has {used} already")));
        }
        if let Some(Record { body: Body::Quota { most, .. }, .. }) = self.shelf_mut(place).get_mut(number) {
            *most = wanted;
        }
        Ok(())
    }

    /// How much an account has in a region.
    pub(super) fn used(&self, place: Place, measure: &Measure) -> u64 {
        let of = |sort| Place { sort, ..place };
        match measure.of {
            // What others share is theirs.
            Of::Records(Sort::Image) => self.shelf(of(Sort::Image)).len() as u64,
            Of::Records(sort) => self.count(of(sort)) as u64,
            Of::Cores => self.sum_of_types(place, |size| u64::from(size.cores)),
            Of::MemoryMb => self.sum_of_types(place, |size| size.memory_mb),
            Of::DiskGb => {
                let volumes = self.shelf(of(Sort::Volume)).after(None);
                volumes
                    .map(
                        |(_, record)| {
                            if let Body::Volume(volume) = &record.body { volume.gigabytes } else { 0 }
                        },
                    )
                    .sum()
            }
        }
    }

    fn sum_of_types(&self, place: Place, size: impl Fn(&InstanceType) -> u64) -> u64 {
        let types = self.shelf(Place { owner: Owner::Everybody, sort: Sort::InstanceType, ..place });
        let instances = self.shelf(Place { sort: Sort::Instance, ..place }).after(None);
        let sizes = instances.filter_map(|(_, record)| match &record.body {
            Body::Instance(instance) => match &types.get(instance.instance_type)?.body {
                Body::InstanceType(of_type) => Some(size(of_type)),
                _ => None,
            },
            _ => None,
        });
        sizes.sum()
    }
}
