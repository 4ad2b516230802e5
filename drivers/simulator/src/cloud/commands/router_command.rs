//! Commands of routers.

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::commands::network;
use crate::cloud::commands::reference::own;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouterSubnet {
    subnet: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    network: String,
}

pub(crate) fn execute(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match word {
        "connect" => connect(tables, table, number, &parse(parameters)?, now)?,
        "disconnect" => disconnect(tables, table, number, &parse(parameters)?, now)?,
        "open" => {
            let open: Open = parse(parameters)?;
            // There is one external network, so an existing gateway stays as it is.
            let has_gateway = gateway(tables, table, number).is_some_and(|public_ip| public_ip.is_some());
            let public_ip = network::router_ip(tables, table, &open.network)?;
            if let Some(gateway) = gateway(tables, table, number).filter(|_| !has_gateway) {
                *gateway = Some(public_ip);
            }
        }
        "close" => {
            let subnets: Vec<u64> =
                tables.router_interfaces(table, number).map(|(_, subnet)| subnet).collect();
            check_unreached(tables, table, number, &subnets)?;
            if let Some(gateway) = gateway(tables, table, number) {
                *gateway = None;
            }
        }
        _ => return Err(Refusal::unknown_command()),
    }
    tables.mark_changed(table, number, now);
    Ok(())
}

fn gateway(tables: &mut Tables, table: TableKey, number: u64) -> Option<&mut Option<std::net::Ipv4Addr>> {
    match &mut tables.records_mut(table).get_mut(number)?.body {
        Body::Router { public_ip, .. } => Some(public_ip),
        _ => None,
    }
}

fn connect(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    request: &RouterSubnet,
    now: Timestamp,
) -> Result<(), Refusal> {
    let subnet = own(tables, table, Kind::Subnet, &request.subnet)?;
    let nics = TableKey { kind: Kind::NetworkInterface, ..table };
    let has_interface =
        |record: &Record| matches!(record.body, Body::RouterNic { subnet: of, .. } if of == subnet);
    if tables.records(nics).after(None).any(|(_, record)| has_interface(record)) {
        return Err(Refusal::in_use("the subnet has a router already"));
    }
    let gateway = tables.subnet(table, subnet).map(|subnet| subnet.gateway);
    let is_taken = |record: &Record| match &record.body {
        Body::Nic(nic) => nic.addresses.iter().any(|(of, ip)| *of == subnet && Some(*ip) == gateway),
        _ => false,
    };
    if tables.records(nics).after(None).any(|(_, record)| is_taken(record)) {
        return Err(Refusal::in_use("an interface has the gateway address"));
    }
    tables.check_quota(table, "nics", 1)?;
    let body = Body::RouterNic { router: number, subnet };
    let mut record = Record::new(String::new(), Status::Live, now, body);
    record.description = "interface of the router".into();
    tables.create(nics, record);
    Ok(())
}

fn disconnect(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    request: &RouterSubnet,
    now: Timestamp,
) -> Result<(), Refusal> {
    let subnet = own(tables, table, Kind::Subnet, &request.subnet)?;
    let nic = tables.router_interfaces(table, number).find(|(_, of)| *of == subnet).map(|(nic, _)| nic);
    let nic = nic.ok_or_else(|| {
        Refusal::new(
            http::StatusCode::NOT_FOUND,
            "no_such_resource",
            "the router has no interface in the subnet",
        )
    })?;
    check_unreached(tables, table, number, &[subnet])?;
    tables.remove(TableKey { kind: Kind::NetworkInterface, ..table }, nic, now);
    Ok(())
}

/// Checks that no public address is bound through the router to one of the subnets.
fn check_unreached(tables: &Tables, table: TableKey, router: u64, subnets: &[u64]) -> Result<(), Refusal> {
    let through =
        |subnet: u64| subnets.contains(&subnet) && tables.gateway_router_of(table, subnet) == Some(router);
    let addresses = tables.records(TableKey { kind: Kind::IpAddress, ..table }).after(None);
    let mut own = addresses.filter_map(|(_, record)| match record.body {
        Body::Address { target: Some(to), .. } => tables.subnet_of(table, to.nic, to.private_ip),
        _ => None,
    });
    let instances = tables.records(TableKey { kind: Kind::Instance, ..table }).after(None);
    let mut derived_status = instances.filter_map(|(_, record)| match &record.body {
        Body::Instance(instance) => {
            let private_ip = instance.public_ip.and(instance.private_ip)?;
            tables.planned_subnet(table, private_ip).map(|(subnet, _)| subnet)
        }
        _ => None,
    });
    match own.any(through) || derived_status.any(through) {
        true => Err(Refusal::in_use("public addresses are bound through the router")),
        false => Ok(()),
    }
}
