//! Seeded records of each account in each region: networks, security groups, keys and unbound addresses.

use gateway_core::Kind;

use crate::cloud::lifecycle::overrides::SEEDED_KEYS;
use crate::cloud::seed::insert::{insert, insert_described};
use crate::cloud::tables::Tables;
use crate::cloud::tables::address_plan::Plan;
use crate::cloud::tables::random::Random;
use crate::cloud::tables::record::{Body, Network, Subnet};
use crate::cloud::tables::rule::{GROUPS, Rule};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Number of unbound public addresses.
const UNBOUND_ADDRESSES: usize = 2;

/// Start of every ed25519 key in base64.
const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAI";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Adds the records of an account in a region; the kind of `table` is ignored.
pub(crate) fn account(tables: &mut Tables, table: TableKey) {
    let of = |kind| TableKey { kind, ..table };
    networks(tables, table);
    for spec in &GROUPS {
        let body = Body::SecurityGroup { default: spec.default, seeded: true };
        let group = insert_described(
            tables,
            of(Kind::SecurityGroup),
            spec.name,
            Status::Kept,
            body,
            spec.description,
        );
        for spec in spec.rules {
            let body = Body::SecurityGroupRule { group, rule: Rule::Seeded(spec) };
            insert_described(tables, of(Kind::SecurityGroupRule), "", Status::Kept, body, spec.description);
        }
    }
    for name in SEEDED_KEYS {
        let public_key = format!("ssh-ed25519 {ED25519}{}", random_base64(&mut tables.random, 43));
        let fingerprint = format!("SHA256:{}", random_base64(&mut tables.random, 43));
        insert(
            tables,
            of(Kind::SshKey),
            name.to_owned(),
            Status::Kept,
            Body::SshKey { key_type: "ed25519".into(), public_key, fingerprint },
        );
    }
    for _ in 0..UNBOUND_ADDRESSES {
        let Some(address) = tables.allocate_public_ip(table) else { break };
        let body = Body::Address { ip: address, target: None };
        insert_described(tables, of(Kind::IpAddress), "", Status::Spare, body, "unbound");
    }
}

fn networks(tables: &mut Tables, table: TableKey) {
    let of = |kind| TableKey { kind, ..table };
    let Some(public_ip) = tables.allocate_public_ip(table) else { return };
    let body = Body::Router { public_ip: Some(public_ip), default: true };
    let router =
        insert_described(tables, of(Kind::Router), "gateway", Status::Passing, body, "to the internet");
    for (index, ranges) in Plan::new(tables.networks).networks().enumerate() {
        let default = index == 0;
        let body = Network { external: false, default, segment: 100 + index as u16 };
        let network =
            insert(tables, of(Kind::Network), format!("net-{index}"), Status::Carrying, Body::Network(body));
        for (half, range) in ranges.into_iter().enumerate() {
            let body = Body::Subnet(Subnet {
                default: default && half == 0,
                planned: true,
                ..Subnet::new(network, range)
            });
            let subnet = insert(tables, of(Kind::Subnet), format!("net-{index}-{half}"), Status::Kept, body);
            let body = Body::RouterNic { router, subnet };
            insert_described(
                tables,
                of(Kind::NetworkInterface),
                "",
                Status::Live,
                body,
                "interface of the router",
            );
        }
    }
}

fn random_base64(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(BASE64[random.below(BASE64.len())])).collect()
}
