//! Deletion of records by clients.

use gateway_core::{Kind, Timestamp};

use crate::cloud::commands::{image, instance, network, network_interface, security_group};
use crate::cloud::lifecycle::instance_command::InstanceCommand;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Deletes a record; the deletion of a record that is being deleted succeeds.
pub(crate) fn delete(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    now: Timestamp,
) -> Result<(), Refusal> {
    tables.entry(table, number).ok_or_else(Refusal::no_resource)?;
    match table.kind {
        Kind::NetworkInterface => tables.materialize_nic(table, number),
        Kind::IpAddress | Kind::IpAddressBinding => tables.materialize_address(table, number),
        _ => {}
    }
    let record = tables.records(table).get(number).ok_or_else(Refusal::no_resource)?;
    if matches!(record.status, Status::Removing | Status::Removed | Status::Erasing) {
        return Ok(());
    }
    check_deletable(tables, table, number, record)?;
    match table.kind {
        Kind::Instance => tables.change(table, number, Status::Removing, now),
        Kind::Volume | Kind::VolumeSnapshot | Kind::Image => {
            tables.change(table, number, Status::Erasing, now);
        }
        Kind::IpAddressBinding => tables.release(table, number, now),
        Kind::SecurityGroup => {
            for rule in security_group::rules_of(tables, table, number) {
                tables.remove(TableKey { kind: Kind::SecurityGroupRule, ..table }, rule, now);
            }
            tables.remove(table, number, now);
        }
        _ => tables.remove(table, number, now),
    }
    Ok(())
}

/// Checks that no other record needs this one, and that its status allows deletion.
fn check_deletable(tables: &Tables, table: TableKey, number: u64, record: &Record) -> Result<(), Refusal> {
    match (&record.body, record.status) {
        (Body::Volume(_), Status::Attached) => Err(Refusal::in_use("the disk is attached to a machine")),
        (Body::Image(image), _) if image.locked => Err(Refusal::conflict("the image is locked")),
        (Body::Image(_), _) if image::is_image_in_use(tables, table, number) => {
            Err(Refusal::in_use("a machine or disk was created from the image"))
        }
        (Body::Instance(_), status) => {
            InstanceCommand::Remove.next(status).ok_or_else(|| Refusal::wrong_status(status))?;
            instance::check_unlocked(record)
        }
        (Body::Volume(_) | Body::VolumeSnapshot(_) | Body::Image(_), status) => match status {
            Status::Free | Status::Whole | Status::Failed => Ok(()),
            Status::Empty | Status::Ready | Status::Uploading => Ok(()),
            _ => Err(Refusal::wrong_status(status)),
        },
        (body @ (Body::Network(_) | Body::Subnet(_) | Body::Router { .. }), _) => {
            network::check_deletable(tables, table, number, body)
        }
        (body @ (Body::Nic(_) | Body::RouterNic { .. }), _) => {
            network_interface::check_deletable(tables, table, number, body)
        }
        (Body::Address { target: Some(_), .. }, _) => Err(Refusal::in_use("the address is bound")),
        (Body::SecurityGroup { default, .. }, _) => {
            security_group::check_deletable(tables, table, number, *default)
        }
        _ => Ok(()),
    }
}
