//! Creation of interfaces, alone or with an instance.

use std::net::Ipv4Addr;

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;

use crate::cloud::commands::reference::own;
use crate::cloud::commands::security_group::firewalls;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Nic, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateNic {
    network: String,
    /// Addresses; without them the cloud allocates one.
    #[serde(default)]
    addresses: Vec<AddressRequest>,
    firewalls: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressRequest {
    subnet: String,
    ip: Option<Ipv4Addr>,
}

pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    request: CreateNic,
) -> Result<(Status, Body), Refusal> {
    let network = own(tables, table, Kind::Network, &request.network)?;
    let firewalls = firewalls(tables, table, request.firewalls)?;
    tables.check_quota(table, "nics", 1)?;
    let mut addresses: Vec<(u64, Ipv4Addr)> = Vec::new();
    for address in request.addresses {
        let subnet = own(tables, table, Kind::Subnet, &address.subnet)?;
        if tables.subnet(table, subnet).is_none_or(|subnet| subnet.network != network) {
            return Err(Refusal::invalid("the subnet belongs to another network"));
        }
        addresses.push((subnet, address_in(tables, table, subnet, address.ip)?));
    }
    if addresses.is_empty() {
        let subnet = first_subnet(tables, table, network)?;
        addresses.push((subnet, address_in(tables, table, subnet, None)?));
    }
    let nic = Nic { network, addresses, holder: None, firewalls, delete_with_holder: false };
    Ok((Status::Dark, Body::Nic(Box::new(nic))))
}

/// Creates the interfaces of a new instance, all of them or none; they are deleted with it.
pub(crate) fn for_instance(
    tables: &mut Tables,
    table: TableKey,
    subnets: &[u64],
    firewalls: &[u64],
    now: Timestamp,
) -> Result<Vec<u64>, Refusal> {
    let mut nics = Vec::new();
    for subnet in subnets {
        match one_for_instance(tables, table, *subnet, firewalls, now) {
            Ok(nic) => nics.push(nic),
            Err(refusal) => {
                discard(tables, table, &nics, now);
                return Err(refusal);
            }
        }
    }
    Ok(nics)
}

pub(crate) fn discard(tables: &mut Tables, table: TableKey, nics: &[u64], now: Timestamp) {
    for nic in nics {
        tables.remove(TableKey { kind: Kind::NetworkInterface, ..table }, *nic, now);
    }
}

fn one_for_instance(
    tables: &mut Tables,
    table: TableKey,
    subnet: u64,
    firewalls: &[u64],
    now: Timestamp,
) -> Result<u64, Refusal> {
    let network = tables.subnet(table, subnet).ok_or_else(Refusal::no_resource)?.network;
    tables.check_quota(table, "nics", 1)?;
    let addresses = vec![(subnet, address_in(tables, table, subnet, None)?)];
    let nic =
        Nic { network, addresses, holder: None, firewalls: firewalls.to_vec(), delete_with_holder: true };
    let record = Record::new(String::new(), Status::Dark, now, Body::Nic(Box::new(nic)));
    Ok(tables.create(TableKey { kind: Kind::NetworkInterface, ..table }, record))
}

/// Returns the subnet from which addresses are allocated by default.
pub(crate) fn first_subnet(tables: &Tables, table: TableKey, network: u64) -> Result<u64, Refusal> {
    let mut subnets = tables.records(TableKey { kind: Kind::Subnet, ..table }).after(None);
    let of = |body: &Body| matches!(body, Body::Subnet(subnet) if subnet.network == network);
    let first = subnets.find(|(_, record)| of(&record.body)).map(|(number, _)| number);
    first.ok_or_else(|| Refusal::conflict("the network has no subnet"))
}

/// Allocates an address of a subnet: the requested one, or any that is free.
fn address_in(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    ip: Option<Ipv4Addr>,
) -> Result<Ipv4Addr, Refusal> {
    let subnet = tables.subnet(table, number).ok_or_else(Refusal::no_resource)?;
    let (range, planned, mut allocated) = (subnet.range, subnet.planned, subnet.allocated);
    if let Some(ip) = ip {
        let [first, last] = range.pool();
        return match (first..=last).contains(&ip) {
            false => Err(Refusal::invalid("the address is not in the pool of the subnet")),
            true if is_taken(tables, table, number, ip) => Err(Refusal::in_use("the address is in use")),
            true => Ok(ip),
        };
    }
    for _ in 0..range.size() {
        let ip = match planned {
            true => tables.allocate_private_ip(table),
            false => range.nth(allocated),
        };
        allocated += 1;
        if range.contains(ip) && !is_taken(tables, table, number, ip) {
            let record = tables.records_mut(TableKey { kind: Kind::Subnet, ..table }).get_mut(number);
            if let Some(Record { body: Body::Subnet(subnet), .. }) = record {
                subnet.allocated = allocated;
            }
            return Ok(ip);
        }
    }
    Err(Refusal::conflict("the subnet has no address left"))
}

fn is_taken(tables: &Tables, table: TableKey, subnet: u64, ip: Ipv4Addr) -> bool {
    let mut nics = tables.records(TableKey { kind: Kind::NetworkInterface, ..table }).after(None);
    let mut instances = tables.records(TableKey { kind: Kind::Instance, ..table }).after(None);
    let of_instance =
        |body: &Body| matches!(body, Body::Instance(instance) if instance.private_ip == Some(ip));
    let is_planned = tables.subnet(table, subnet).is_some_and(|subnet| subnet.planned);
    let gateway = |subnet| tables.subnet(table, subnet).map(|subnet| subnet.gateway);
    let has_address = |body: &Body| match body {
        Body::Nic(nic) => nic.addresses.contains(&(subnet, ip)),
        Body::RouterNic { subnet: of, .. } => *of == subnet && gateway(subnet) == Some(ip),
        _ => false,
    };
    nics.any(|(_, record)| has_address(&record.body))
        || (is_planned && instances.any(|(_, record)| of_instance(&record.body)))
}

/// Sets the groups of an interface; those of the first interface are also those of its instance.
pub(crate) fn set_firewalls(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    ids: Vec<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let groups = firewalls(tables, table, Some(ids))?;
    let holder = tables.holder_of(table, number);
    let nic = tables
        .nic_at_mut(table, number)
        .ok_or_else(|| Refusal::conflict("interfaces of routers have no groups"))?;
    nic.firewalls.clone_from(&groups);
    let Some(holder) = holder else { return Ok(()) };
    let slots = tables.instance_at(table, holder).map(|instance| tables.nics_of(holder, instance).next());
    if slots == Some(Some(number))
        && let Some(overrides) = tables.overrides_mut(table, holder)
    {
        overrides.firewalls = groups;
        tables.mark_changed(TableKey { kind: Kind::Instance, ..table }, holder, now);
    }
    Ok(())
}

/// Checks that no record uses an interface.
pub(crate) fn check_deletable(
    tables: &Tables,
    table: TableKey,
    number: u64,
    body: &Body,
) -> Result<(), Refusal> {
    match body {
        Body::Nic(nic) if nic.holder.is_some() => Err(Refusal::in_use("a machine has the interface")),
        Body::RouterNic { .. } => Err(Refusal::in_use("a router has the interface")),
        _ if !tables.bound_to(table, number).is_empty() => {
            Err(Refusal::in_use("a public address is bound to the interface"))
        }
        _ => Ok(()),
    }
}
