//! The driver against an EC2 that others wrote, compared with what boto3 sees there.
//!
//! Runs only with `GATEWAY_TEST_EC2` set to an endpoint of which all may be changed (moto's, say) and
//! `GATEWAY_TEST_EC2_PYTHON` to a Python that has boto3; `GATEWAY_TEST_EC2_REGION` moves it to another region.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::clock::SystemClock;
use gateway_core::credential::Credential;
use gateway_core::driver::{CloudSpec, Driver as _, Link, ListScope, Session};
use gateway_core::id::CloudId;
use gateway_core::observation::Observed;
use gateway_core::scope::Region;
use serde_json::json;

/// Id to name and the cloud's word for the state.
type Seen = BTreeMap<String, (String, Option<String>)>;

/// boto3 at the same endpoint; what it made is removed when this is dropped.
struct Boto {
    endpoint: String,
    region: String,
    python: String,
}

impl Boto {
    fn run(&self, order: &str) -> BTreeMap<String, Seen> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_world.py");
        let arguments = [script, &self.endpoint, &self.region, order];
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

fn session(endpoint: &str, region: &str) -> Arc<dyn Session> {
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
    let link = Link::unpaced(Arc::new(SystemClock));
    Ec2.open(Arc::new(cloud), Credential::parse(key).unwrap(), link).unwrap()
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

#[tokio::test]
async fn the_driver_sees_what_boto3_sees() {
    let Ok(endpoint) = std::env::var("GATEWAY_TEST_EC2") else {
        println!("skipped: GATEWAY_TEST_EC2 is not set");
        return;
    };
    let python = std::env::var("GATEWAY_TEST_EC2_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let region = std::env::var("GATEWAY_TEST_EC2_REGION").unwrap_or_else(|_| "eu-west-3".to_owned());
    let session = session(&endpoint, &region);
    let boto = Boto { endpoint, region: region.clone(), python };
    boto.run("remove");
    let expected = boto.run("make");
    let region = Region::new(region);

    let proof = session.prove().await.unwrap();
    assert_eq!(proof.regions.as_slice(), std::slice::from_ref(&region));
    // moto pages reservations alone; for the others more than one page is two listings in a row.
    for (word, kind, scope, least_pages) in [
        ("instance", "instance", ListScope::Own, 2),
        ("volume", "volume", ListScope::Own, 1),
        ("image", "image", ListScope::Own, 2),
        ("public_image", "image", ListScope::Published, 1),
        ("instance_type", "instance_type", ListScope::Published, 1),
    ] {
        let kind = Kind::parse(kind).unwrap();
        session.probe(&region, kind).await.unwrap();
        let (items, pages) = list(&*session, &region, kind, scope).await;
        println!("{word}: {} items on {pages} pages", items.len());
        assert!(pages >= least_pages, "{word}: {pages} pages");
        let seen: Seen = items
            .iter()
            .map(|item| (item.native_key.clone(), (item.name.clone(), item.cloud_state.clone())))
            .collect();
        assert_eq!(seen.len(), items.len(), "{word}: an item came twice");
        assert_eq!(seen.len(), expected[word].len(), "{word}");
        for (id, found) in &seen {
            assert_eq!(Some(found), expected[word].get(id), "{word} {id}");
        }
        assert!(items.iter().all(|item| item.state != Some("unknown")), "{word}");
        for item in items.iter().take(3) {
            let one = session.get(&region, kind, &item.native_key).await.unwrap().expect("is there");
            assert_eq!(one.document(), item.document(), "{word}");
        }
        if word != "instance_type" && word != "public_image" {
            assert!(items.iter().all(|item| item.owner.as_ref() == Some(&proof.external_id)), "{word}");
        }
    }
    for (kind, id) in [
        ("instance", "i-0123456789abcdef0"),
        ("volume", "vol-0123456789abcdef0"),
        ("image", "ami-nope"),
        ("instance_type", "no.such"),
    ] {
        assert!(session.get(&region, Kind::parse(kind).unwrap(), id).await.unwrap().is_none(), "{kind}");
    }
    assert!(session.notices().is_empty(), "{:?}", session.notices());
}
