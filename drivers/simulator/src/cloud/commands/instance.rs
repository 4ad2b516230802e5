//! Creation of instances, and checks of their commands.

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;

use crate::cloud::commands::image::ready_image;
use crate::cloud::commands::reference::{check_zone, own, usable};
use crate::cloud::commands::security_group::firewalls;
use crate::cloud::commands::{image, network_interface, volume};
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{Body, Instance, InstanceType, Overrides, Record, Volume};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// Longest user data in base64.
const MAX_USER_DATA: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateInstance {
    /// Instance type and image; default: any published one.
    #[serde(rename = "type")]
    instance_type: Option<String>,
    image: Option<String>,
    /// Networks of new interfaces; without any, one is derived in a default subnet.
    #[serde(default)]
    networks: Vec<String>,
    #[serde(default)]
    subnets: Vec<String>,
    /// Existing interfaces.
    #[serde(default)]
    nics: Vec<String>,
    /// Groups in place of the default group.
    firewalls: Option<Vec<String>>,
    /// Name of the SSH key.
    key: Option<String>,
    zone: Option<String>,
    /// User data in base64.
    user_data: Option<String>,
    boot: Option<Boot>,
}

/// Boot disk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Boot {
    /// Existing disk.
    disk: Option<String>,
    /// Size of a new disk that is filled from the image.
    size_gb: Option<u64>,
    class: Option<String>,
    #[serde(default)]
    delete_with_machine: bool,
}

pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    request: CreateInstance,
    now: Timestamp,
) -> Result<(Status, Body), Refusal> {
    let published = |kind| tables.records(TableKey { owner: Owner::Public, kind, ..table }).nearest(0);
    let instance_type = match request.instance_type.as_deref() {
        Some(id) => usable(tables, table, Kind::InstanceType, id)?,
        None => published(Kind::InstanceType).unwrap_or_default(),
    };
    let boots_from_disk = request.boot.as_ref().is_some_and(|boot| boot.disk.is_some());
    let image = match request.image.as_deref() {
        Some(id) => Some(ready_image(tables, table, id)?),
        None if boots_from_disk => None,
        None => published(Kind::Image),
    };
    check_quota(tables, table, size(tables, table, instance_type)?)?;
    fits(tables, table, image, instance_type)?;
    let mut overrides = Overrides {
        key: request.key.map(|name| key(tables, table, name)).transpose()?,
        firewalls: firewalls(tables, table, request.firewalls)?,
        user_data: user_data(request.user_data.as_deref())?,
        ..Overrides::default()
    };
    let [first, _] = tables.zones(table);
    overrides.zone = check_zone(tables, table, request.zone)?.unwrap_or(first);
    // References are resolved before anything is created.
    overrides.nics = free_nics(tables, table, &request.nics)?;
    let subnets = new_subnets(tables, table, &request.networks, &request.subnets)?;
    let new_nics = network_interface::for_instance(tables, table, &subnets, &overrides.firewalls, now)?;
    let disk =
        request.boot.map(|boot| boot_disk(tables, table, boot, image, &mut overrides, now)).transpose();
    let disks: Vec<u64> = match disk {
        Ok(disk) => disk.into_iter().collect(),
        Err(refusal) => {
            // A refused create leaves nothing behind.
            network_interface::discard(tables, table, &new_nics, now);
            return Err(refusal);
        }
    };
    overrides.nics.extend(new_nics);
    let private_ip = overrides.nics.is_empty().then(|| tables.allocate_private_ip(table));
    let overrides = Some(Box::new(overrides));
    let body = Instance { instance_type, image, private_ip, public_ip: None, disks, booted: None, overrides };
    Ok((Status::Booting, Body::Instance(body)))
}

/// Attaches disks and interfaces to a new instance, which had no number when they were created.
pub(crate) fn attach_parts(tables: &mut Tables, table: TableKey, number: u64, now: Timestamp) {
    let Some(instance) = tables.instance_at(table, number).filter(|_| table.kind == Kind::Instance) else {
        return;
    };
    let nics = instance.overrides.as_ref().map(|overrides| overrides.nics.clone()).unwrap_or_default();
    for nic in &nics {
        if let Some(nic) = tables.nic_at_mut(table, *nic) {
            nic.holder = Some(number);
        }
        let bound_addresses = tables.bound_to(table, *nic);
        if let Some(overrides) = tables.overrides_mut(table, number) {
            overrides.bound_addresses.extend(bound_addresses);
        }
    }
    tables.set_nic_status(table, &nics, Status::Booting.nic_status(), now);
    let Some(instance) = tables.instance_at(table, number) else { return };
    for disk in instance.disks.clone() {
        if let Some(volume) = tables.volume_at_mut(table, disk) {
            volume.attached_to = Some(number);
        }
        tables.change(TableKey { kind: Kind::Volume, ..table }, disk, Status::Attached, now);
    }
}

/// Returns existing interfaces, which must be free.
fn free_nics(tables: &Tables, table: TableKey, ids: &[String]) -> Result<Vec<u64>, Refusal> {
    let mut nics = Vec::new();
    for id in ids {
        let number = own(tables, table, Kind::NetworkInterface, id)?;
        let is_free = tables.nic_at(table, number).is_some_and(|nic| nic.holder.is_none());
        if !is_free || nics.contains(&number) {
            return Err(Refusal::in_use("an interface must be free"));
        }
        nics.push(number);
    }
    Ok(nics)
}

/// Returns the subnets of new interfaces.
fn new_subnets(
    tables: &Tables,
    table: TableKey,
    networks: &[String],
    subnets: &[String],
) -> Result<Vec<u64>, Refusal> {
    let of_network = networks
        .iter()
        .map(|id| network_interface::first_subnet(tables, table, own(tables, table, Kind::Network, id)?));
    of_network.chain(subnets.iter().map(|id| own(tables, table, Kind::Subnet, id))).collect()
}

fn boot_disk(
    tables: &mut Tables,
    table: TableKey,
    boot: Boot,
    image: Option<u64>,
    overrides: &mut Overrides,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let volumes = TableKey { kind: Kind::Volume, ..table };
    let number = match (boot.disk, boot.size_gb) {
        (Some(id), None) => {
            let number = own(tables, table, Kind::Volume, &id)?;
            let status = tables.records(volumes).get(number).map(|record| record.status);
            if status != Some(Status::Free) {
                return Err(Refusal::in_use("the boot disk must be free"));
            }
            number
        }
        (None, Some(gigabytes)) if (1..=volume::MAX_SIZE_GB).contains(&gigabytes) => {
            volume::check_quota(tables, table, gigabytes)?;
            let choice = volume::overrides(tables, table, boot.class, Some(overrides.zone.clone()), image)?;
            let body = Volume { gigabytes, attached_to: None, copy_of: None, overrides: choice };
            tables.create(volumes, Record::new(String::new(), Status::Forming, now, Body::Volume(body)))
        }
        _ => return Err(Refusal::invalid("`boot` requires either `disk` or `size_gb` of at least 1")),
    };
    overrides.owned_disk = boot.delete_with_machine.then_some(number);
    Ok(number)
}

pub(crate) fn size(tables: &Tables, table: TableKey, number: u64) -> Result<InstanceType, Refusal> {
    let types = tables.records(TableKey { owner: Owner::Public, kind: Kind::InstanceType, ..table });
    match types.get(number).map(|record| &record.body) {
        Some(Body::InstanceType(size)) => Ok(*size),
        _ => Err(Refusal::unknown("instance_type", &Kind::InstanceType.id(number))),
    }
}

/// Checks that the type has the resources that the image needs.
pub(crate) fn fits(
    tables: &Tables,
    table: TableKey,
    image: Option<u64>,
    instance_type: u64,
) -> Result<(), Refusal> {
    let size = size(tables, table, instance_type)?;
    let image = image.and_then(|number| image::image_at(tables, table, number));
    let is_large = image
        .is_some_and(|image| image.needs_disk_gb > size.disk_gb || image.needs_memory_mb > size.memory_mb);
    if is_large { Err(Refusal::invalid("the image requires a larger type")) } else { Ok(()) }
}

fn check_quota(tables: &Tables, table: TableKey, size: InstanceType) -> Result<(), Refusal> {
    tables.check_quota(table, "machines", 1)?;
    tables.check_quota(table, "cores", u64::from(size.cores))?;
    tables.check_quota(table, "memory_mb", size.memory_mb)
}

fn key(tables: &Tables, table: TableKey, name: String) -> Result<String, Refusal> {
    let mut keys = tables.records(TableKey { kind: Kind::SshKey, ..table }).after(None);
    match keys.any(|(_, record)| record.name == name) {
        true => Ok(name),
        false => Err(Refusal::unknown("ssh_key", &name)),
    }
}

fn user_data(text: Option<&str>) -> Result<usize, Refusal> {
    use base64::Engine as _;
    let Some(text) = text else { return Ok(0) };
    let read = base64::engine::general_purpose::STANDARD.decode(text);
    match read {
        Ok(bytes) if text.len() <= MAX_USER_DATA => Ok(bytes.len()),
        _ => Err(Refusal::invalid("`user_data` must be base64 of at most 64 KiB")),
    }
}

/// Checks that an instance is not locked.
pub(crate) fn check_unlocked(record: &Record) -> Result<(), Refusal> {
    match &record.body {
        Body::Instance(Instance { overrides: Some(overrides), .. }) if overrides.locked => {
            Err(Refusal::conflict("the machine is locked"))
        }
        _ => Ok(()),
    }
}
