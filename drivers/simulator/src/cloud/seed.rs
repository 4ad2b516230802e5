//! The records with which the cloud starts: random by the seed, and older than any clock.

pub(crate) mod account;
pub(crate) mod insert;
pub(crate) mod published;
pub(crate) mod quotas;

use std::time::Duration;

use gateway_core::Kind;

use crate::cloud::options::SimulatorOptions;
use crate::cloud::seed::insert::insert;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Image, Instance, InstanceType, Record, Volume, VolumeSnapshot};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// Time between the creation of a volume and its snapshot.
const SNAPSHOT_DELAY: Duration = Duration::from_secs(3600);

const SYSTEMS: [&str; 4] = ["debian", "fedora", "ubuntu", "windows"];
const ROLES: [&str; 6] = ["web", "db", "cache", "queue", "build", "batch"];

/// Percentage of instances with a public address.
pub(crate) const PUBLIC_IP_PERCENT: usize = 25;

/// Percentage of attached volumes.
const ATTACHED_PERCENT: usize = 60;

/// Creates the tables of the options with the seeded records.
pub(crate) fn tables(options: &SimulatorOptions) -> Tables {
    let mut tables = Tables::empty(options);
    let population = options.population;
    for region in 0..options.regions.len() {
        let table = |owner, kind| TableKey { region, owner, kind };
        let published = |kind| table(Owner::Public, kind);
        for index in 0..population.instance_types.max(1) {
            instance_type(&mut tables, published(Kind::InstanceType), index);
        }
        published::region(&mut tables, region);
        for index in 0..population.public_images {
            image(
                &mut tables,
                published(Kind::Image),
                &format!("{}-{index}", SYSTEMS[index % SYSTEMS.len()]),
            );
        }
        for account in 0..options.accounts.len() {
            let owned = |kind| table(Owner::Account(account), kind);
            account::account(&mut tables, owned(Kind::Network));
            for index in 0..population.images {
                image(&mut tables, owned(Kind::Image), &format!("golden-{index}"));
            }
            for index in 0..population.instances {
                instance(&mut tables, owned(Kind::Instance), index);
            }
            for index in 0..population.volumes {
                volume(&mut tables, owned(Kind::Volume), index);
            }
            for index in 0..population.snapshots {
                snapshot(&mut tables, owned(Kind::VolumeSnapshot), index);
            }
            quotas::account(&mut tables, owned(Kind::Quota));
        }
    }
    tables
}

fn instance_type(tables: &mut Tables, table: TableKey, index: usize) {
    let size = index as u32 % 7;
    let generation = index / 7 + 1;
    let body = InstanceType { cores: 1 << size, memory_mb: 1024 << size, disk_gb: 10 << size };
    insert(
        tables,
        table,
        format!("std{generation}.x{}", 1 << size),
        Status::Offered,
        Body::InstanceType(body),
    );
}

fn image(tables: &mut Tables, table: TableKey, name: &str) {
    let system = SYSTEMS[tables.random.below(SYSTEMS.len())];
    let bytes = (1 << 28) + (tables.random.below(1 << 20) as u64) * 4096;
    insert(tables, table, name.to_owned(), Status::Ready, Body::Image(Box::new(Image::new(bytes, system))));
}

fn instance(tables: &mut Tables, table: TableKey, index: usize) {
    let published = |kind| TableKey { owner: Owner::Public, kind, ..table };
    let draw = [tables.random.next(), tables.random.next()];
    let instance_type = tables.records(published(Kind::InstanceType)).nearest(draw[0]).unwrap_or_default();
    let image = tables.records(published(Kind::Image)).nearest(draw[1]);
    let role = ROLES[tables.random.below(ROLES.len())];
    let status = match tables.random.below(100) {
        0..=79 => Status::Active,
        80..=97 => Status::Halted,
        _ => Status::Failed,
    };
    let public_ip =
        tables.random.percent(PUBLIC_IP_PERCENT).then(|| tables.allocate_public_ip(table)).flatten();
    let private_ip = Some(tables.allocate_private_ip(table));
    let body = Instance {
        instance_type,
        image,
        private_ip,
        public_ip,
        disks: Vec::new(),
        booted: None,
        overrides: None,
    };
    let number = insert(tables, table, format!("{role}-{index:05}"), status, Body::Instance(body));
    if let Some(record) = tables.records_mut(table).get_mut(number) {
        record.labels.insert("role".to_owned(), role.to_owned());
        if let Body::Instance(instance) = &mut record.body {
            instance.booted =
                (status != Status::Failed).then(|| record.created.plus(Duration::from_secs(40)));
        }
    }
}

fn volume(tables: &mut Tables, table: TableKey, index: usize) {
    let instances = TableKey { kind: Kind::Instance, ..table };
    let request = tables.random.percent(ATTACHED_PERCENT);
    let draw = tables.random.next();
    let attached_to = request.then(|| tables.records(instances).nearest(draw)).flatten();
    let status = if attached_to.is_some() { Status::Attached } else { Status::Free };
    let gigabytes = 10 << tables.random.below(6);
    let body = Body::Volume(Volume { gigabytes, attached_to, copy_of: None, overrides: None });
    let number = insert(tables, table, format!("data-{index:05}"), status, body);
    let holder = attached_to.and_then(|instance| tables.records_mut(instances).get_mut(instance));
    if let Some(Record { body: Body::Instance(instance), .. }) = holder {
        instance.disks.push(number);
    }
}

/// Adds a snapshot of a random volume, and makes it the source of a younger volume if there is one.
fn snapshot(tables: &mut Tables, table: TableKey, index: usize) {
    let volumes = TableKey { kind: Kind::Volume, ..table };
    let draw = tables.random.next();
    let Some(source) = tables.records(volumes).nearest(draw) else { return };
    let Some(Record { body: Body::Volume(volume), created, .. }) = tables.records(volumes).get(source) else {
        return;
    };
    let (gigabytes, created, encrypted) =
        (volume.gigabytes, created.plus(SNAPSHOT_DELAY), volume.class(source).encrypted);
    let body = VolumeSnapshot { source: Some(source), gigabytes, encrypted };
    let number =
        insert(tables, table, format!("backup-{index:05}"), Status::Whole, Body::VolumeSnapshot(body));
    if let Some(record) = tables.records_mut(table).get_mut(number) {
        (record.created, record.changed, record.since) = (created, created, created);
    }
    let candidate = tables.records(volumes).nearest(!draw);
    if let Some(Record { created: filled, body: Body::Volume(volume), .. }) =
        candidate.and_then(|candidate| tables.records_mut(volumes).get_mut(candidate))
        && *filled > created
        && volume.gigabytes >= gigabytes
    {
        volume.copy_of = Some(number);
    }
}
