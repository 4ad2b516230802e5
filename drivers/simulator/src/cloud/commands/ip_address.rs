//! Creation of public addresses and of their bindings.

use std::net::Ipv4Addr;

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;

use crate::cloud::commands::network::check_external;
use crate::cloud::commands::reference::own;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{AddressTarget, Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateIpAddress {
    network: Option<String>,
}

pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    request: CreateIpAddress,
) -> Result<(Status, Body), Refusal> {
    request.network.map(|network| check_external(tables, table, &network)).transpose()?;
    tables.check_quota(table, "public_ips", 1)?;
    let ip = tables.allocate_public_ip(table);
    let ip = ip.ok_or_else(|| Refusal::conflict("the region has no public addresses"))?;
    Ok((Status::Spare, Body::Address { ip, target: None }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBinding {
    address: String,
    nic: Option<String>,
    /// Machine whose first reachable interface is bound.
    machine: Option<String>,
    private_ip: Option<Ipv4Addr>,
}

/// Binds an address and returns the number of the binding, which is that of the address.
pub(crate) fn bind(
    tables: &mut Tables,
    table: TableKey,
    request: CreateBinding,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let number = own(tables, table, Kind::IpAddress, &request.address)?;
    tables.materialize_address(table, number);
    if tables.address_at(table, number).is_none_or(|(_, target)| target.is_some()) {
        return Err(Refusal::in_use("the address is bound already"));
    }
    let nics: Vec<u64> = match (request.nic, request.machine) {
        (Some(nic), None) => vec![own(tables, table, Kind::NetworkInterface, &nic)?],
        (None, Some(machine)) => {
            let machine = own(tables, table, Kind::Instance, &machine)?;
            let instance = tables.instance_at(table, machine);
            instance.map(|instance| tables.nics_of(machine, instance).collect()).unwrap_or_default()
        }
        _ => return Err(Refusal::invalid("either `nic` or `machine` is required")),
    };
    let addresses = nics
        .iter()
        .flat_map(|nic| tables.nic_addresses(table, *nic).into_iter().map(|(subnet, ip)| (*nic, subnet, ip)));
    let matching: Vec<_> = addresses
        .filter(|(_, _, ip)| request.private_ip.is_none_or(|private_ip| private_ip == *ip))
        .collect();
    if matching.is_empty() {
        return Err(Refusal::invalid("the target has no such private address"));
    }
    let mut reachable =
        matching.iter().filter(|(_, subnet, _)| tables.gateway_router_of(table, *subnet).is_some());
    let Some(&(nic, _, private_ip)) = reachable.next() else {
        return Err(Refusal::conflict("no router connects the subnet to the external network"));
    };
    let is_derived = tables.instance_at(table, nic).is_some_and(|instance| instance.public_ip.is_some());
    if is_derived || !tables.bound_to(table, nic).is_empty() {
        return Err(Refusal::in_use("the interface has another public address"));
    }
    tables.bind(table, number, AddressTarget { nic, private_ip }, now);
    let bindings = TableKey { kind: Kind::IpAddressBinding, ..table };
    tables.records_mut(bindings).insert(number, Record::new(String::new(), Status::Kept, now, Body::Binding));
    tables.log_change(now, bindings, number, None, Some(Status::Kept));
    Ok(number)
}
