//! Records that each region publishes besides instance types and images.

use gateway_core::Kind;

use crate::cloud::seed::insert::{insert, insert_described};
use crate::cloud::tables::Tables;
use crate::cloud::tables::range::PUBLIC;
use crate::cloud::tables::record::{Body, Network, Subnet};
use crate::cloud::tables::service::Service;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};
use crate::cloud::tables::volume_class::CLASSES;

/// Adds the published records of a region.
pub(crate) fn region(tables: &mut Tables, region: usize) {
    let published = |kind| TableKey { region, owner: Owner::Public, kind };
    for class in &CLASSES {
        let table = published(Kind::VolumeType);
        insert_described(
            tables,
            table,
            class.name,
            Status::Offered,
            Body::VolumeType(class),
            class.description,
        );
    }
    let table = published(Kind::Datacenter);
    for name in tables.zones(table) {
        for service in [Service::Machines, Service::Disks, Service::Nets] {
            insert(tables, table, name.clone(), Status::Open, Body::Datacenter(service));
        }
    }
    let body = Network { external: true, default: false, segment: 1 };
    let table = published(Kind::Network);
    let network =
        insert_described(tables, table, "external", Status::Carrying, Body::Network(body), "to the internet");
    let body = Body::Subnet(Subnet::new(network, PUBLIC));
    insert(tables, published(Kind::Subnet), "external".to_owned(), Status::Kept, body);
}
