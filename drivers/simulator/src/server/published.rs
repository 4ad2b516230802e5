//! What each region publishes beside types and images: sorts of volumes, datacenters, the way out.

use super::addresses::OUTSIDE;
use super::body::{Body, Network, Subnet};
use super::lifecycle::Status;
use super::seed::{put, put_about};
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;

/// A sort of volume.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) usual: bool,
    /// Its volumes are encrypted.
    pub(super) sealed: bool,
    /// Its volumes may be attached more than once.
    pub(super) shareable: bool,
    pub(super) medium: &'static str,
    pub(super) operations_per_gb: u32,
}

pub(super) static CLASSES: [Class; 3] = [
    Class {
        name: "plain",
        about: "for most things",
        usual: true,
        sealed: false,
        shareable: false,
        medium: "disk",
        operations_per_gb: 3,
    },
    Class {
        name: "fast",
        about: "for databases",
        usual: false,
        sealed: true,
        shareable: false,
        medium: "flash",
        operations_per_gb: 50,
    },
    Class {
        name: "shared",
        about: "for clusters",
        usual: false,
        sealed: true,
        shareable: true,
        medium: "flash",
        operations_per_gb: 20,
    },
];

impl Class {
    /// The class of a volume, drawn by its number: one in four is fast.
    pub(super) fn of_volume(number: u64) -> &'static Self {
        &CLASSES[usize::from(number.is_multiple_of(4))]
    }
}

/// Who knows a datacenter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    Machines,
    Disks,
    Nets,
}

impl Service {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Disks => "disks",
            Self::Nets => "nets",
        }
    }
}

/// Letters of the datacenters of a region.
const LETTERS: [char; 2] = ['a', 'b'];

impl World {
    /// The name of the datacenter that something is in, drawn by its number.
    pub(super) fn zone(&self, place: Place, number: u64) -> String {
        self.zone_name(place, LETTERS[usize::from(number & 16 != 0)])
    }

    pub(super) fn zones(&self, place: Place) -> [String; 2] {
        LETTERS.map(|letter| self.zone_name(place, letter))
    }

    fn zone_name(&self, place: Place, letter: char) -> String {
        format!("{}-{letter}", self.regions[place.region])
    }
}

/// Puts onto the shelves what a region publishes.
pub(super) fn region(world: &mut World, region: usize) {
    let everybody = |sort| Place { region, owner: Owner::Everybody, sort };
    for class in &CLASSES {
        let place = everybody(Sort::VolumeType);
        put_about(world, place, class.name, Status::Offered, Body::VolumeType(class), class.about);
    }
    let place = everybody(Sort::Datacenter);
    for name in world.zones(place) {
        for service in [Service::Machines, Service::Disks, Service::Nets] {
            put(world, place, name.clone(), Status::Open, Body::Datacenter(service));
        }
    }
    let body = Network { leads_out: true, usual: false, segment: 1 };
    let place = everybody(Sort::Network);
    let network = put_about(world, place, "outside", Status::Carrying, Body::Network(body), "to the world");
    let body = Body::Subnet(Subnet::new(network, OUTSIDE));
    put(world, everybody(Sort::Subnet), "outside".to_owned(), Status::Kept, body);
}
