//! Creation of records by clients.

use gateway_core::{Kind, Timestamp};
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::commands::metadata::Metadata;
use crate::cloud::commands::{
    image, instance, ip_address, network, network_interface, security_group, ssh_key, volume,
};
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// A created record; a generated private key is returned once.
pub(crate) struct Created {
    pub(crate) number: u64,
    pub(crate) private_key: Option<String>,
}

/// Creates a record from the members of a request.
pub(crate) fn create(
    tables: &mut Tables,
    table: TableKey,
    mut request: Map<String, Value>,
    now: Timestamp,
) -> Result<Created, Refusal> {
    let metadata = Metadata::take(&mut request)?;
    metadata.required_name(table.kind)?;
    let mut private_key = None;
    let (status, body) = match table.kind {
        Kind::Instance => instance::create(tables, table, parse(request)?, now)?,
        Kind::Volume => volume::create(tables, table, parse(request)?)?,
        Kind::VolumeSnapshot => volume::create_snapshot(tables, table, parse(request)?)?,
        Kind::Image => image::create(parse(request)?)?,
        Kind::Network => network::create(tables, table, parse(request)?)?,
        Kind::Subnet => network::create_subnet(tables, table, parse(request)?)?,
        Kind::Router => network::create_router(tables, table, parse(request)?)?,
        Kind::NetworkInterface => network_interface::create(tables, table, parse(request)?)?,
        Kind::IpAddress => ip_address::create(tables, table, parse(request)?)?,
        Kind::IpAddressBinding => {
            let number = ip_address::bind(tables, table, parse(request)?, now)?;
            return Ok(Created { number, private_key: None });
        }
        Kind::SecurityGroup => security_group::create(tables, table, parse(request)?)?,
        Kind::SecurityGroupRule => security_group::create_rule(tables, table, parse(request)?)?,
        Kind::SshKey => {
            let (body, generated) = ssh_key::create(tables, table, &metadata.name, parse(request)?)?;
            private_key = generated;
            (Status::Kept, body)
        }
        Kind::InstanceType | Kind::VolumeType | Kind::VolumeAttachment | Kind::Datacenter | Kind::Quota => {
            return Err(Refusal::read_only(table.kind));
        }
    };
    let number = metadata.insert(tables, table, status, body, now)?;
    instance::attach_parts(tables, table, number, now);
    Ok(Created { number, private_key })
}
