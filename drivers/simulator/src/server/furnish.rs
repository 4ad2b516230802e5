//! What every account finds in every region: networks with a way out, security groups, keys, addresses to spare.

use super::addresses::Plan;
use super::body::{Body, Network, Subnet};
use super::lifecycle::Status;
use super::random::Random;
use super::rules::{GROUPS, Rule};
use super::seed::{put, put_about};
use super::shelf::Place;
use super::sort::Sort;
use super::world::World;

/// The key that some instances were made with, and one that none was.
pub(super) const KEYS: [&str; 2] = ["ops", "deploy"];

/// Outside addresses that lead nowhere.
const SPARE_ADDRESSES: usize = 2;

/// The start of every key of the form ed25519, as base64.
const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAI";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Puts it onto the shelves of an account in a region; the sort of `place` does not matter.
pub(super) fn account(world: &mut World, place: Place) {
    let of = |sort| Place { sort, ..place };
    networks(world, place);
    for form in &GROUPS {
        let body = Body::SecurityGroup { usual: form.usual, seeded: true };
        let group = put_about(world, of(Sort::SecurityGroup), form.name, Status::Kept, body, form.about);
        for form in form.rules {
            let body = Body::SecurityGroupRule { group, rule: Rule::Form(form) };
            put_about(world, of(Sort::SecurityGroupRule), "", Status::Kept, body, form.about);
        }
    }
    for name in KEYS {
        let text = format!("ssh-ed25519 {ED25519}{}", letters(&mut world.random, 43));
        let digest = format!("SHA256:{}", letters(&mut world.random, 43));
        put(
            world,
            of(Sort::SshKey),
            name.to_owned(),
            Status::Kept,
            Body::SshKey { form: "ed25519".into(), text, digest },
        );
    }
    for _ in 0..SPARE_ADDRESSES {
        let Some(address) = world.outside_address(place) else { break };
        let body = Body::Address { ip: address, leads_to: None };
        put_about(world, of(Sort::IpAddress), "", Status::Spare, body, "to spare");
    }
}

fn networks(world: &mut World, place: Place) {
    let of = |sort| Place { sort, ..place };
    let Some(outside) = world.outside_address(place) else { return };
    let body = Body::Router { outside: Some(outside), usual: true };
    let router = put_about(world, of(Sort::Router), "way-out", Status::Passing, body, "leads out");
    for (index, ranges) in Plan::new(world.networks).networks().enumerate() {
        let usual = index == 0;
        let body = Network { leads_out: false, usual, segment: 100 + index as u16 };
        let network =
            put(world, of(Sort::Network), format!("net-{index}"), Status::Carrying, Body::Network(body));
        for (half, range) in ranges.into_iter().enumerate() {
            let body = Body::Subnet(Subnet {
                usual: usual && half == 0,
                planned: true,
                ..Subnet::new(network, range)
            });
            let subnet = put(world, of(Sort::Subnet), format!("net-{index}-{half}"), Status::Kept, body);
            let body = Body::RouterPlug { router, subnet };
            put_about(world, of(Sort::NetworkInterface), "", Status::Live, body, "an end of the router");
        }
    }
}

fn letters(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(BASE64[random.below(BASE64.len())])).collect()
}
