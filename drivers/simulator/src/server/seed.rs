//! What the cloud holds when it starts: drawn by the seed, dated before any clock that reads it.

use std::time::Duration;

use gateway_core::Timestamp;

use super::body::{Body, Image, Instance, InstanceType, Record, Volume, VolumeSnapshot};
use super::lifecycle::Status;
use super::options::SimulatorOptions;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;
use super::{furnish, published, quota};

/// 2026-01-01: seeded resources are older than this, whenever the cloud is started.
pub(super) const BEFORE: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// How far back they go.
const YEAR_SECONDS: usize = 365 * 24 * 3600;

/// Between a volume and the snapshot of it.
const A_WHILE: Duration = Duration::from_secs(3600);

const SYSTEMS: [&str; 4] = ["debian", "fedora", "ubuntu", "windows"];
const ROLES: [&str; 6] = ["web", "db", "cache", "queue", "build", "batch"];

/// Of a hundred instances, how many have an outside address.
pub(super) const OUTSIDE_PERCENT: usize = 25;

/// Of a hundred volumes, how many are attached.
const ATTACHED_PERCENT: usize = 60;

/// Makes the world of the options.
pub(super) fn world(options: &SimulatorOptions) -> World {
    let mut world = World::empty(options);
    let population = options.population;
    for region in 0..options.regions.len() {
        let place = |owner, sort| Place { region, owner, sort };
        let everybody = |sort| place(Owner::Everybody, sort);
        for index in 0..population.instance_types.max(1) {
            instance_type(&mut world, everybody(Sort::InstanceType), index);
        }
        published::region(&mut world, region);
        for index in 0..population.public_images {
            image(&mut world, everybody(Sort::Image), &format!("{}-{index}", SYSTEMS[index % SYSTEMS.len()]));
        }
        for account in 0..options.accounts.len() {
            let owned = |sort| place(Owner::Account(account), sort);
            furnish::account(&mut world, owned(Sort::Network));
            for index in 0..population.images {
                image(&mut world, owned(Sort::Image), &format!("golden-{index}"));
            }
            for index in 0..population.instances {
                instance(&mut world, owned(Sort::Instance), index);
            }
            for index in 0..population.volumes {
                volume(&mut world, owned(Sort::Volume), index);
            }
            for index in 0..population.snapshots {
                snapshot(&mut world, owned(Sort::VolumeSnapshot), index);
            }
            quota::account(&mut world, owned(Sort::Quota));
        }
    }
    world
}

fn instance_type(world: &mut World, place: Place, index: usize) {
    let size = index as u32 % 7;
    let generation = index / 7 + 1;
    let body = InstanceType { cores: 1 << size, memory_mb: 1024 << size, disk_gb: 10 << size };
    put(world, place, format!("std{generation}.x{}", 1 << size), Status::Offered, Body::InstanceType(body));
}

fn image(world: &mut World, place: Place, name: &str) {
    let system = SYSTEMS[world.random.below(SYSTEMS.len())];
    let bytes = (1 << 28) + (world.random.below(1 << 20) as u64) * 4096;
    put(world, place, name.to_owned(), Status::Ready, Body::Image(Box::new(Image::new(bytes, system))));
}

fn instance(world: &mut World, place: Place, index: usize) {
    let published = |sort| Place { owner: Owner::Everybody, sort, ..place };
    let draw = [world.random.next(), world.random.next()];
    let instance_type = world.shelf(published(Sort::InstanceType)).near(draw[0]).unwrap_or_default();
    let image = world.shelf(published(Sort::Image)).near(draw[1]);
    let role = ROLES[world.random.below(ROLES.len())];
    let status = match world.random.below(100) {
        0..=79 => Status::Active,
        80..=97 => Status::Halted,
        _ => Status::Failed,
    };
    let outside = world.random.percent(OUTSIDE_PERCENT).then(|| world.outside_address(place)).flatten();
    let inside = Some(world.inside_address(place));
    let body =
        Instance { instance_type, image, inside, outside, disks: Vec::new(), booted: None, chosen: None };
    let number = put(world, place, format!("{role}-{index:05}"), status, Body::Instance(body));
    if let Some(record) = world.shelf_mut(place).get_mut(number) {
        record.labels.insert("role".to_owned(), role.to_owned());
        if let Body::Instance(instance) = &mut record.body {
            instance.booted =
                (status != Status::Failed).then(|| record.created.plus(Duration::from_secs(40)));
        }
    }
}

fn volume(world: &mut World, place: Place, index: usize) {
    let instances = Place { sort: Sort::Instance, ..place };
    let wanted = world.random.percent(ATTACHED_PERCENT);
    let draw = world.random.next();
    let attached_to = wanted.then(|| world.shelf(instances).near(draw)).flatten();
    let status = if attached_to.is_some() { Status::Attached } else { Status::Free };
    let gigabytes = 10 << world.random.below(6);
    let body = Body::Volume(Volume { gigabytes, attached_to, copy_of: None, chosen: None });
    let number = put(world, place, format!("data-{index:05}"), status, body);
    let holder = attached_to.and_then(|instance| world.shelf_mut(instances).get_mut(instance));
    if let Some(Record { body: Body::Instance(instance), .. }) = holder {
        instance.disks.push(number);
    }
}

/// A snapshot of some volume, and some younger volume filled from it; nothing where there is no volume.
fn snapshot(world: &mut World, place: Place, index: usize) {
    let volumes = Place { sort: Sort::Volume, ..place };
    let draw = world.random.next();
    let Some(of) = world.shelf(volumes).near(draw) else { return };
    let Some(Record { body: Body::Volume(volume), created, .. }) = world.shelf(volumes).get(of) else {
        return;
    };
    let (gigabytes, created, sealed) = (volume.gigabytes, created.plus(A_WHILE), volume.class(of).sealed);
    let body = VolumeSnapshot { of: Some(of), gigabytes, sealed };
    let number = put(world, place, format!("backup-{index:05}"), Status::Whole, Body::VolumeSnapshot(body));
    if let Some(record) = world.shelf_mut(place).get_mut(number) {
        (record.created, record.changed, record.since) = (created, created, created);
    }
    let candidate = world.shelf(volumes).near(!draw);
    if let Some(Record { created: filled, body: Body::Volume(volume), .. }) =
        candidate.and_then(|candidate| world.shelf_mut(volumes).get_mut(candidate))
        && *filled > created
        && volume.gigabytes >= gigabytes
    {
        volume.copy_of = Some(number);
    }
}

/// Puts something onto its shelf with words about it.
pub(super) fn put_about(
    world: &mut World,
    place: Place,
    name: &str,
    status: Status,
    body: Body,
    about: &str,
) -> u64 {
    let number = put(world, place, name.to_owned(), status, body);
    if let Some(record) = world.shelf_mut(place).get_mut(number) {
        record.about = about.into();
    }
    number
}

pub(super) fn put(world: &mut World, place: Place, name: String, status: Status, body: Body) -> u64 {
    let number = world.fresh_number(place);
    let age = Duration::from_secs(world.random.below(YEAR_SECONDS) as u64);
    world.shelf_mut(place).put(number, Record::new(name, status, BEFORE.minus(age), body));
    number
}
