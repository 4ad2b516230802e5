//! The driver against an EC2 that others wrote, compared with what boto3 sees there.
//!
//! Runs only with `GATEWAY_TEST_EC2` set to an endpoint of which all may be changed (moto's, say) and
//! `GATEWAY_TEST_EC2_PYTHON` to a Python that has boto3; `GATEWAY_TEST_EC2_REGION` moves it to another region.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver as _, ListScope, Session, SessionContext};
use gateway_core::id::{CloudId, Region};
use serde_json::{Map, Value, json};

/// Whole documents by native key.
type Documents = BTreeMap<String, Map<String, Value>>;

/// boto3 at the same endpoint; what it made is removed when this is dropped.
struct Boto {
    endpoint: String,
    region: String,
    python: String,
}

impl Boto {
    fn run(&self, command: &str) -> BTreeMap<String, Documents> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_world.py");
        let arguments = [script, &self.endpoint, &self.region, command];
        let output = Command::new(&self.python).args(arguments).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Boto {
    fn drop(&mut self) {
        self.run("remove");
    }
}

fn session(endpoint: &str, region: &str) -> (Arc<CloudSpec>, Arc<dyn Session>) {
    let options = json!({"page_size": 5, "public_image_owners": ["amazon"]});
    let cloud = CloudSpec {
        id: CloudId::generate(),
        name: "real".to_owned(),
        endpoint: endpoint.to_owned(),
        regions: vec![Region::new(region)],
        allowed_hosts: vec![],
        allow_plaintext: false,
        require_date: true,
        calls_per_second: 100.0,
        timeout: Duration::from_secs(60),
        options: options.as_object().cloned().unwrap(),
    };
    Ec2.validate(&cloud).unwrap();
    let key = r#"{"method":"access_key","access_key_id":"gateway","secret_access_key":"gateway"}"#;
    let link = SessionContext::unpaced(Arc::new(SystemClock));
    let cloud = Arc::new(cloud);
    let session = Ec2.open(Arc::clone(&cloud), Credential::parse(key).unwrap(), link).unwrap();
    (cloud, session)
}

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

/// The script does not know the gateway's ids.
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

fn compare(word: &str, items: &[Observed], expected: &Documents) {
    let keys: BTreeSet<_> = items.iter().map(|item| &item.native_key).collect();
    assert_eq!(keys.len(), items.len(), "{word}: an item came twice");
    assert_eq!(keys, expected.keys().collect(), "{word}");
    for item in items {
        let (document, expected) = (item.document(), &expected[&item.native_key]);
        let fields: BTreeSet<_> = document.keys().collect();
        assert_eq!(fields, expected.keys().collect(), "{word}: the fields that boto3 is asked for");
        for (field, value) in expected {
            assert_eq!(&without_ids(&document[field]), value, "{word} {}: {field}", item.native_key);
        }
        assert_ne!(item.state, Some("unknown"), "{word} {}", item.native_key);
    }
}

/// The gateway's ids at the end of a path of fields; a list stands for each of its items.
fn ids_at(value: &Value, path: &[&str]) -> Vec<Value> {
    match (value, path) {
        (Value::Array(values), _) => values.iter().flat_map(|value| ids_at(value, path)).collect(),
        (Value::Object(fields), [name, rest @ ..]) => ids_at(&fields[*name], rest),
        (Value::Object(reference), []) => vec![reference["id"].clone()],
        _ => Vec::new(),
    }
}

/// Every reference leads to what was listed, so that the store can follow it; by relation, how many do.
fn check_references(cloud: &CloudSpec, region: &Region, all: &[Observed]) -> BTreeMap<String, u32> {
    let id_of = |item: &Observed| json!(cloud.resource_id(region, item.kind, &item.native_key));
    let listed: BTreeSet<_> = all.iter().map(|item| (item.kind, id_of(item).to_string())).collect();
    let mut seen = BTreeMap::new();
    for item in all {
        for relation in item.kind.spec().relations {
            for id in ids_at(&Value::Object(item.fields.clone()), relation.path) {
                let leads = listed.contains(&(relation.to, id.to_string()));
                // A snapshot outlives its volume, and may be somebody else's.
                let is_snapshots = item.kind.as_str() == "volume_snapshot";
                assert!(leads || is_snapshots, "{} {}: {}", item.kind, item.native_key, relation.name);
                *seen.entry(format!("{}.{}", item.kind, relation.name)).or_insert(0) += u32::from(leads);
            }
        }
    }
    seen
}

#[tokio::test]
async fn the_driver_sees_what_boto3_sees() {
    let Ok(endpoint) = std::env::var("GATEWAY_TEST_EC2") else {
        println!("skipped: GATEWAY_TEST_EC2 is not set");
        return;
    };
    let python = std::env::var("GATEWAY_TEST_EC2_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let region = std::env::var("GATEWAY_TEST_EC2_REGION").unwrap_or_else(|_| "eu-west-3".to_owned());
    let (cloud, session) = session(&endpoint, &region);
    let boto = Boto { endpoint, region: region.clone(), python };
    boto.run("remove");
    let expected = boto.run("make");
    let region = Region::new(region);

    let proof = session.prove().await.unwrap();
    assert_eq!(proof.regions.as_slice(), std::slice::from_ref(&region));
    let mut all = Vec::new();
    // moto pages reservations alone; for the others more than one page is two listings in a row.
    for (word, kind, scope, least_pages) in [
        ("instance", "instance", ListScope::Own, 2),
        ("instance_type", "instance_type", ListScope::Published, 1),
        ("image", "image", ListScope::Own, 2),
        ("public_image", "image", ListScope::Published, 1),
        ("volume", "volume", ListScope::Own, 1),
        ("volume_snapshot", "volume_snapshot", ListScope::Own, 2),
        ("volume_attachment", "volume_attachment", ListScope::Own, 1),
        ("network", "network", ListScope::Own, 1),
        ("subnet", "subnet", ListScope::Own, 1),
        ("network_interface", "network_interface", ListScope::Own, 1),
        ("router", "router", ListScope::Own, 2),
        ("ip_address", "ip_address", ListScope::Own, 1),
        ("ip_address_binding", "ip_address_binding", ListScope::Own, 1),
        ("security_group", "security_group", ListScope::Own, 1),
        ("security_group_rule", "security_group_rule", ListScope::Own, 1),
        ("ssh_key", "ssh_key", ListScope::Own, 1),
        ("datacenter", "datacenter", ListScope::Own, 1),
        ("quota", "quota", ListScope::Own, 1),
    ] {
        let kind = Kind::parse(kind).unwrap();
        session.probe(&region, kind).await.unwrap();
        let (items, pages) = list(&*session, &region, kind, scope).await;
        println!("{word}: {} items on {pages} pages", items.len());
        assert!(pages >= least_pages, "{word}: {pages} pages");
        assert!(!items.is_empty(), "{word}");
        compare(word, &items, &expected[word]);
        // The last ones are of the last part.
        for item in items.iter().take(3).chain(items.last()) {
            let one = session.get(&region, kind, &item.native_key).await.unwrap().expect("is there");
            assert_eq!(one.content_hash(), item.content_hash(), "{word}");
        }
        all.extend(items);
    }
    let references = check_references(&cloud, &region, &all);
    println!("references that lead somewhere: {references:?}");
    let is_each_seen = references.len() == 23 && references.values().all(|count| *count > 0);
    assert!(is_each_seen, "one at least of each relation that EC2 tells");
    for (kind, id) in [
        ("instance", "i-0123456789abcdef0"),
        ("instance_type", "no.such"),
        ("image", "ami-nope"),
        ("volume", "vol-0123456789abcdef0"),
        ("volume_snapshot", "snap-0123456789abcdef0"),
        ("volume_attachment", "vol-0123456789abcdef0/i-0123456789abcdef0"),
        ("network", "vpc-0123456789abcdef0"),
        ("subnet", "subnet-0123456789abcdef0"),
        ("network_interface", "eni-0123456789abcdef0"),
        ("router", "rtb-0123456789abcdef0"),
        ("router", "igw-0123456789abcdef0"),
        ("ip_address", "eipalloc-0123456789abcdef0"),
        ("ip_address", "203.0.113.1"),
        ("ip_address_binding", "eipassoc-0123456789abcdef0"),
        ("security_group", "sg-0123456789abcdef0"),
        ("security_group_rule", "sgr-0123456789abcdef0"),
        ("ssh_key", "key-0123456789abcdef0"),
        ("datacenter", "nowhere-1a"),
        ("quota", "123456789012/default-vpc"),
    ] {
        assert!(session.get(&region, Kind::parse(kind).unwrap(), id).await.unwrap().is_none(), "{kind}");
    }
    assert!(session.notices().is_empty(), "{:?}", session.notices());
}
