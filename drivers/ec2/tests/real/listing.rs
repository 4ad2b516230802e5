//! Listings and single reads of every kind, compared with boto3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver as _, ListScope, Session};
use gateway_core::id::Region;
use serde_json::{Value, json};

use crate::boto::{Boto, Documents};
use crate::environment::{cloud, endpoint, open};

/// The listings, each with its name in the documents of boto3, and the least number of pages. moto has pages of
/// reservations only; for other kinds more than one page means that the listing has two calls.
const LISTINGS: [(&str, Kind, ListScope, usize); 18] = [
    ("instance", Kind::Instance, ListScope::Own, 2),
    ("instance_type", Kind::InstanceType, ListScope::Published, 1),
    ("image", Kind::Image, ListScope::Own, 2),
    ("public_image", Kind::Image, ListScope::Published, 1),
    ("volume", Kind::Volume, ListScope::Own, 1),
    ("volume_snapshot", Kind::VolumeSnapshot, ListScope::Own, 2),
    ("volume_attachment", Kind::VolumeAttachment, ListScope::Own, 1),
    ("network", Kind::Network, ListScope::Own, 1),
    ("subnet", Kind::Subnet, ListScope::Own, 1),
    ("network_interface", Kind::NetworkInterface, ListScope::Own, 1),
    ("router", Kind::Router, ListScope::Own, 2),
    ("ip_address", Kind::IpAddress, ListScope::Own, 1),
    ("ip_address_binding", Kind::IpAddressBinding, ListScope::Own, 1),
    ("security_group", Kind::SecurityGroup, ListScope::Own, 1),
    ("security_group_rule", Kind::SecurityGroupRule, ListScope::Own, 1),
    ("ssh_key", Kind::SshKey, ListScope::Own, 1),
    ("datacenter", Kind::Datacenter, ListScope::Own, 1),
    ("quota", Kind::Quota, ListScope::Own, 1),
];

/// Native keys of resources that do not exist.
const ABSENT: [(Kind, &str); 19] = [
    (Kind::Instance, "i-0123456789abcdef0"),
    (Kind::InstanceType, "no.such"),
    (Kind::Image, "ami-nope"),
    (Kind::Volume, "vol-0123456789abcdef0"),
    (Kind::VolumeSnapshot, "snap-0123456789abcdef0"),
    (Kind::VolumeAttachment, "vol-0123456789abcdef0/i-0123456789abcdef0"),
    (Kind::Network, "vpc-0123456789abcdef0"),
    (Kind::Subnet, "subnet-0123456789abcdef0"),
    (Kind::NetworkInterface, "eni-0123456789abcdef0"),
    (Kind::Router, "rtb-0123456789abcdef0"),
    (Kind::Router, "igw-0123456789abcdef0"),
    (Kind::IpAddress, "eipalloc-0123456789abcdef0"),
    (Kind::IpAddress, "203.0.113.1"),
    (Kind::IpAddressBinding, "eipassoc-0123456789abcdef0"),
    (Kind::SecurityGroup, "sg-0123456789abcdef0"),
    (Kind::SecurityGroupRule, "sgr-0123456789abcdef0"),
    (Kind::SshKey, "key-0123456789abcdef0"),
    (Kind::Datacenter, "nowhere-1a"),
    (Kind::Quota, "123456789012/default-vpc"),
];

async fn list(
    session: &dyn Session,
    region: &Region,
    kind: Kind,
    scope: ListScope,
) -> (Vec<Observed>, usize) {
    let (mut items, mut next, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = session.list(region, kind, scope, next.as_ref()).await.unwrap();
        items.extend(page.items);
        pages += 1;
        next = page.next;
        if next.is_none() {
            return (items, pages);
        }
    }
}

/// Removes the gateway's ids, which boto3 does not know.
fn without_ids(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "id");
            kept.map(|(name, value)| (name.clone(), without_ids(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_ids).collect(),
        other => other.clone(),
    }
}

fn compare(name: &str, items: &[Observed], expected: &Documents) {
    let keys: BTreeSet<_> = items.iter().map(|item| &item.native_key).collect();
    assert_eq!(keys.len(), items.len(), "{name}: an item came twice");
    assert_eq!(keys, expected.keys().collect(), "{name}");
    for item in items {
        let (document, expected) = (item.document(), &expected[&item.native_key]);
        let fields: BTreeSet<_> = document.keys().collect();
        assert_eq!(fields, expected.keys().collect(), "{name}: the fields of boto3");
        for (field, value) in expected {
            assert_eq!(&without_ids(&document[field]), value, "{name} {}: {field}", item.native_key);
        }
        assert_ne!(item.state, Some("unknown"), "{name} {}", item.native_key);
    }
}

/// Returns the gateway's ids at the end of a path of fields, in every item of a list.
fn ids_at(value: &Value, path: &[&str]) -> Vec<Value> {
    match (value, path) {
        (Value::Array(values), _) => values.iter().flat_map(|value| ids_at(value, path)).collect(),
        (Value::Object(fields), [name, rest @ ..]) => ids_at(&fields[*name], rest),
        (Value::Object(reference), []) => vec![reference["id"].clone()],
        _ => Vec::new(),
    }
}

/// Checks that every reference names a listed resource, so that the store can follow it. Returns their number by relation.
fn check_references(cloud: &CloudSpec, region: &Region, all: &[Observed]) -> BTreeMap<String, u32> {
    let id_of = |item: &Observed| json!(cloud.resource_id(region, item.kind, &item.native_key));
    let listed: BTreeSet<_> = all.iter().map(|item| (item.kind, id_of(item).to_string())).collect();
    let mut found = BTreeMap::new();
    for item in all {
        for relation in item.kind.spec().relations {
            for id in ids_at(&Value::Object(item.fields.clone()), relation.path) {
                let is_listed = listed.contains(&(relation.to, id.to_string()));
                // A snapshot outlives its volume, and may belong to another account.
                let is_of_snapshot = item.kind == Kind::VolumeSnapshot;
                assert!(is_listed || is_of_snapshot, "{} {}: {}", item.kind, item.native_key, relation.name);
                *found.entry(format!("{}.{}", item.kind, relation.name)).or_insert(0) += u32::from(is_listed);
            }
        }
    }
    found
}

#[tokio::test]
async fn every_kind_is_listed_and_read_as_by_boto3() {
    let Some(endpoint) = endpoint() else { return };
    let region = std::env::var("GATEWAY_TEST_EC2_REGION").unwrap_or_else(|_| "eu-west-3".to_owned());
    let boto = Boto::in_region(&endpoint, &region);
    let region = Region::new(region);
    let options = json!({"page_size": 5, "public_image_owners": ["amazon"]});
    let cloud = Arc::new(cloud(&endpoint, &region, &options));
    Ec2.validate(&cloud).unwrap();
    let session = open(&cloud);
    let expected = boto.create();

    let proof = session.prove().await.unwrap();
    assert_eq!(proof.regions.as_slice(), std::slice::from_ref(&region));
    let mut all = Vec::new();
    for (name, kind, scope, least_pages) in LISTINGS {
        session.probe(&region, kind).await.unwrap();
        let (items, pages) = list(&*session, &region, kind, scope).await;
        println!("{name}: {} items on {pages} pages", items.len());
        assert!(pages >= least_pages, "{name}: {pages} pages");
        assert!(!items.is_empty(), "{name}");
        compare(name, &items, &expected[name]);
        // The last items are those of the last call.
        for item in items.iter().take(3).chain(items.last()) {
            let one = session.get(&region, kind, &item.native_key).await.unwrap().expect("exists");
            assert_eq!(one.content_hash(), item.content_hash(), "{name}");
        }
        all.extend(items);
    }
    let references = check_references(&cloud, &region, &all);
    println!("references to listed resources: {references:?}");
    let is_each_found = references.len() == 23 && references.values().all(|count| *count > 0);
    assert!(is_each_found, "at least one reference of each relation of EC2");
    for (kind, key) in ABSENT {
        assert!(session.get(&region, kind, key).await.unwrap().is_none(), "{kind}");
    }
    assert!(session.notices().is_empty(), "{:?}", session.notices());
}
