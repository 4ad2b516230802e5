//! Each verb of the driver, on the simulated cloud.

#![allow(clippy::unwrap_used)] // also in what tests share

use std::sync::Arc;
use std::time::Duration;

use driver_simulator::server::AccountOption;
use driver_simulator::{RunningSimulator, Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Done, Driver, Known, ListScope, OneTimeOutput, References, Session, SessionContext, Step,
};
use gateway_core::id::{OperationId, Region};
use gateway_core::kind::{Command, Verb};
use gateway_core::marker::Marker;
use gateway_core::{ErrorKind, Kind, Result};
use reqwest::Method;
use serde_json::{Value, json};

mod sight;
mod support;
use support::user::User;

struct Desk {
    simulator: RunningSimulator,
    session: Arc<dyn Session>,
    user: User,
}

fn kind(word: &str) -> Kind {
    Kind::parse(word).unwrap()
}

impl Desk {
    async fn new() -> Self {
        let accounts =
            vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
        let transit = Duration::from_millis(50);
        let options = SimulatorOptions { transit, accounts, ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let cloud = Arc::new(support::registration(&simulator));
        let link = SessionContext::unpaced(Arc::new(SystemClock));
        let session = SimulatorDriver.open(cloud, support::access_key("demo-secret"), link).unwrap();
        let user = User::of(&simulator, "demo").await;
        Self { simulator, session, user }
    }

    /// Something that is there.
    async fn any(&self, word: &str) -> Known {
        let capability = SimulatorDriver.capability().of(kind(word)).unwrap();
        let scope = if capability.published { ListScope::Published } else { ListScope::Own };
        let page = self.session.list(&north(), kind(word), scope, None).await.unwrap();
        known(page.items.first().unwrap())
    }

    async fn act(
        &self,
        marker: Marker,
        kind_word: &str,
        verb: Verb,
        command: Value,
        target: Option<&Known>,
    ) -> Result<Done> {
        let (command, named) = self.read(kind_word, verb, command).await;
        let step = Step { kind: kind(kind_word), verb, command: &command, target, named: &named, marker };
        assert_eq!(self.session.validate(&step), []);
        self.session.act(&north(), &step).await
    }

    /// Reads an order, and looks up what it names among all that is there.
    async fn read(&self, kind_word: &str, verb: Verb, command: Value) -> (Command, References) {
        let spec = kind(kind_word).spec().verb(verb).unwrap();
        let mut named = References::default();
        for name in spec.names {
            for (_, id) in name.pointers(&command) {
                for scope in [ListScope::Own, ListScope::Published] {
                    let Ok(page) = self.session.list(&north(), name.kind, scope, None).await else {
                        continue;
                    };
                    let found = page.items.iter().map(known).find(|known| known.id.to_string() == id);
                    named.0.extend(found.map(|known| (known.id, known)));
                }
            }
        }
        (Command::read(spec, command).unwrap(), named)
    }

    async fn touched(&self, done: &Done) -> Vec<Option<Observed>> {
        let mut all = Vec::new();
        for touched in &done.touched {
            all.push(self.session.get(&north(), touched.kind, &touched.native_key).await.unwrap());
        }
        all
    }

    async fn until(&self, word: &str, key: &str, state: Option<&str>) -> Option<Observed> {
        for _ in 0..200 {
            let found = self.session.get(&north(), kind(word), key).await.unwrap();
            if found.as_ref().and_then(|found| found.state) == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{word} {key} never came to {state:?}");
    }
}

fn north() -> Region {
    Region::new("north")
}

fn known(observed: &Observed) -> Known {
    Known {
        id: support::somewhere().resource_id(&north(), observed.kind, &observed.native_key),
        kind: observed.kind,
        native_key: observed.native_key.clone(),
        external_id: observed.external_id.clone(),
        name: observed.name.clone(),
        document: observed.document(),
    }
}

fn marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}

#[tokio::test]
async fn an_instance_is_made_once_whatever_becomes_of_the_answer() {
    let desk = Desk::new().await;
    let (image, instance_type) = (desk.any("image").await, desk.any("instance_type").await);
    let command = json!({ "name": "made", "image": image.id, "instance_type": instance_type.id,
        "tags": { "role": "db" }, "user_data": "#!/bin/sh secret" });
    for fault in ["acts_then_closes", "acts_then_fails", "half_page"] {
        let marker = marker();
        let faults = json!([{ "fault": fault, "kind": "instance", "method": "POST", "times": 1 }]);
        desk.user.send(Method::PUT, "/control/faults", Some(faults)).await;
        let error = desk.act(marker, "instance", Verb::Create, command.clone(), None).await.unwrap_err();
        assert!(!error.changed_nothing(), "{fault}: {error:?}");
        assert!(!error.chain().contains("secret"), "{error:?}");
        let counted =
            desk.user.get(&format!("/control/count?kind=instance&label=gateway-operation={marker}")).await;
        assert_eq!(counted["count"], 1, "{fault}");
        let (read, named) = desk.read("instance", Verb::Create, command.clone()).await;
        let step = Step {
            kind: kind("instance"),
            verb: Verb::Create,
            command: &read,
            target: None,
            named: &named,
            marker,
        };
        let found = desk.session.find(&north(), &step).await.unwrap().unwrap();
        assert_eq!(json!(found.native_key), counted["ids"][0]);
        let made = desk.session.get(&north(), found.kind, &found.native_key).await.unwrap().unwrap();
        assert_eq!(made.marker, Some(marker));
        assert_eq!(json!(made.tags), json!({ "role": "db" }));
        assert_eq!(made.raw["labels"]["gateway-operation"], marker.to_string());
    }
    let faults = json!([{ "fault": "server_error", "writes": true, "times": 1 }]);
    desk.user.send(Method::PUT, "/control/faults", Some(faults)).await;
    let marker = marker();
    desk.act(marker, "instance", Verb::Create, command, None).await.unwrap_err();
    let counted =
        desk.user.get(&format!("/control/count?kind=instance&label=gateway-operation={marker}")).await;
    assert_eq!(counted["count"], 0, "it fails before it acts");
    desk.simulator.stop().await;
}

#[tokio::test]
async fn a_volume_lives_and_is_attached() {
    let desk = Desk::new().await;
    let done = desk
        .act(
            marker(),
            "volume",
            Verb::Create,
            json!({ "name": "disk", "size_gib": 3, "description": "words" }),
            None,
        )
        .await
        .unwrap();
    assert!(done.request_id.is_some());
    let key = done.touched[0].native_key.clone();
    let volume = desk.until("volume", &key, Some("available")).await.unwrap();
    assert_eq!((&volume.fields["description"], &volume.fields["size_gib"]), (&json!("words"), &json!(3)));
    let volume = known(&volume);
    desk.act(marker(), "volume", Verb::Extend, json!({ "size_gib": 5 }), Some(&volume)).await.unwrap();
    desk.act(marker(), "volume", Verb::Extend, json!({ "size_gib": 5 }), Some(&volume)).await.unwrap_err();
    desk.until("volume", &key, Some("available")).await;
    let again =
        desk.act(marker(), "volume", Verb::Extend, json!({ "size_gib": 5 }), Some(&volume)).await.unwrap();
    assert_eq!(again.touched[0].native_key, key, "what was done is done");
    let instance = desk.any("instance").await;
    let command = json!({ "volume": volume.id, "instance": instance.id, "device": "/dev/vdq" });
    let done = desk.act(marker(), "volume_attachment", Verb::Create, command.clone(), None).await.unwrap();
    let touched = desk.touched(&done).await;
    assert_eq!(touched.len(), 3);
    let attachment = touched[0].clone().unwrap();
    assert_eq!(attachment.fields["device"], "/dev/vdq");
    let refused = desk.act(marker(), "volume", Verb::Delete, Value::Null, Some(&volume)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let words = refused.cloud().unwrap();
    assert_eq!((words.code.as_str(), words.message.as_str()), ("in_use", "a machine has the disk"));
    assert!(words.request_id.as_ref().is_some_and(|id| id.starts_with("req-")));
    let attachment = known(&attachment);
    let done =
        desk.act(marker(), "volume_attachment", Verb::Delete, Value::Null, Some(&attachment)).await.unwrap();
    assert!(desk.touched(&done).await[0].is_none());
    let gone = desk
        .act(marker(), "volume_attachment", Verb::Delete, Value::Null, Some(&attachment))
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    desk.act(marker(), "volume", Verb::Delete, Value::Null, Some(&volume)).await.unwrap();
    desk.until("volume", &key, None).await;
    desk.simulator.stop().await;
}

impl Desk {
    /// Makes something, and waits until it is as it will be.
    async fn make(&self, word: &str, command: Value) -> Known {
        let done = self.act(marker(), word, Verb::Create, command, None).await.unwrap();
        let key = &done.touched[0].native_key;
        for _ in 0..200 {
            let found = self.session.get(&north(), kind(word), key).await.unwrap().unwrap();
            if !found.is_transitional() {
                return known(&found);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{word} {key} does not come to rest");
    }

    async fn refuses(
        &self,
        word: &str,
        verb: Verb,
        command: Value,
        target: Option<&Known>,
    ) -> (ErrorKind, String) {
        let error = self.act(marker(), word, verb, command, target).await.unwrap_err();
        assert!(error.changed_nothing(), "{error:?}");
        (error.kind(), error.cloud().unwrap().code.clone())
    }

    /// How much there is of what an instance may bring along.
    async fn counts(&self) -> Vec<Value> {
        let mut counts = Vec::new();
        for word in ["instance", "volume", "network_interface"] {
            counts.push(self.user.get(&format!("/control/count?kind={word}")).await["count"].clone());
        }
        counts
    }

    async fn again(&self, known: &Known) -> Observed {
        self.session.get(&north(), known.kind, &known.native_key).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn what_is_needed_stays_and_what_is_spent_is_refused() {
    let desk = Desk::new().await;
    let in_use = (ErrorKind::Conflict, "in_use".to_owned());
    let network = desk.make("network", json!({ "name": "net" })).await;
    let subnet = json!({ "name": "sub", "network": network.id, "cidr": "10.1.2.0/29" });
    let subnet = desk.make("subnet", subnet).await;
    assert_eq!(desk.refuses("network", Verb::Delete, Value::Null, Some(&network)).await, in_use);
    let twice = json!({ "name": "sub", "network": network.id, "cidr": "10.1.2.4/30" });
    assert_eq!(desk.refuses("subnet", Verb::Create, twice, None).await.0, ErrorKind::Conflict);
    let mut plugs = Vec::new();
    let command = json!({ "network": network.id });
    for host in 2..=6 {
        let plug = desk.make("network_interface", command.clone()).await;
        assert_eq!(plug.document["addresses"][0]["ip_address"], format!("10.1.2.{host}"));
        plugs.push(plug);
    }
    let full = desk.refuses("network_interface", Verb::Create, command, None).await;
    assert_eq!(full.0, ErrorKind::Conflict, "the subnet has no address left");
    assert_eq!(desk.refuses("subnet", Verb::Delete, Value::Null, Some(&subnet)).await, in_use);

    let quotas = desk.session.list(&north(), kind("quota"), ListScope::Own, None).await.unwrap().items;
    let of = |measure: &str| known(quotas.iter().find(|quota| quota.fields["measure"] == measure).unwrap());
    let networks = of("networks");
    let used = desk.again(&networks).await.fields["used"].clone();
    let limit = json!({ "limit": used });
    desk.act(marker(), "quota", Verb::Update, limit, Some(&networks)).await.unwrap();
    let spent = (ErrorKind::Conflict, "quota_spent".to_owned());
    assert_eq!(desk.refuses("network", Verb::Create, json!({ "name": "more" }), None).await, spent);
    let less = json!({ "limit": 0 });
    assert_eq!(desk.refuses("quota", Verb::Update, less, Some(&networks)).await.0, ErrorKind::Conflict);
    desk.act(marker(), "quota", Verb::Update, json!({ "limit": null }), Some(&networks)).await.unwrap();
    desk.make("network", json!({ "name": "more" })).await;
    desk.simulator.stop().await;
}

#[tokio::test]
async fn an_instance_with_interfaces_and_disks_of_its_own_ends_with_what_is_its_own() {
    let desk = Desk::new().await;
    let (image, instance_type) = (desk.any("image").await, desk.any("instance_type").await);
    let network = desk.make("network", json!({ "name": "net" })).await;
    let subnet = json!({ "name": "sub", "network": network.id, "cidr": "192.168.9.0/24" });
    let subnet = desk.make("subnet", subnet).await;
    let router = json!({ "name": "way", "external_network": desk.any("network").await.id });
    let router = desk.make("router", router).await;
    let joins = json!({ "subnet": subnet.id });
    let done = desk.act(marker(), "router", Verb::AddInterface, joins.clone(), Some(&router)).await.unwrap();
    let again = desk.act(marker(), "router", Verb::AddInterface, joins, Some(&router)).await.unwrap();
    assert_eq!(again.touched, done.touched, "what is connected stays so");
    let group = desk.make("security_group", json!({ "name": "own" })).await;
    let port = json!({ "name": "port", "network": network.id, "security_groups": [group.id],
        "addresses": [{ "subnet": subnet.id, "ip_address": "192.168.9.77" }] });
    let port = desk.make("network_interface", port).await;
    let command = json!({ "name": "rich", "image": image.id, "instance_type": instance_type.id,
        "network_interfaces": [port.id], "subnets": [subnet.id], "security_groups": [group.id],
        "ssh_key": desk.any("ssh_key").await.id, "datacenter": "north-b",
        "boot_volume": { "size_gib": 7, "delete_on_termination": true } });
    let done = desk.act(marker(), "instance", Verb::Create, command.clone(), None).await.unwrap();
    let touched = desk.touched(&done).await;
    let touched: Vec<&Observed> = touched.iter().map(|found| found.as_ref().unwrap()).collect();
    let kinds: Vec<&str> = touched.iter().map(|found| found.kind.as_str()).collect();
    let expected = ["instance", "network_interface", "network_interface", "volume_attachment", "volume"];
    assert_eq!(kinds, expected);
    let fields = &touched[0].fields;
    assert_eq!(fields["private_ip_addresses"], json!(["192.168.9.77", "192.168.9.2"]));
    assert_eq!(fields["datacenter"], "north-b");
    assert_eq!(fields["security_groups"][0]["name"], "own");
    assert_eq!(
        (touched[3].fields["delete_on_termination"].clone(), touched[4].state),
        (json!(true), Some("in_use"))
    );
    let key = touched[0].native_key.clone();
    let running = desk.until("instance", &key, Some("running")).await.unwrap();
    assert_eq!(desk.again(&port).await.state, Some("active"));
    assert_eq!(desk.refuses("network_interface", Verb::Delete, Value::Null, Some(&port)).await.1, "in_use");
    assert_eq!(desk.refuses("security_group", Verb::Delete, Value::Null, Some(&group)).await.1, "in_use");
    assert_eq!(desk.refuses("instance", Verb::Create, command, None).await.1, "in_use", "a port is for one");
    let before = desk.counts().await;
    let command = json!({ "name": "poor", "image": image.id, "instance_type": instance_type.id,
        "subnets": [subnet.id], "boot_volume": { "size_gib": 70_000 } });
    desk.refuses("instance", Verb::Create, command, None).await;
    assert_eq!(desk.counts().await, before, "a refused create leaves nothing behind");

    let address = desk.make("ip_address", json!({})).await;
    let command = json!({ "address": address.id, "instance": known(&running).id });
    let bound = desk.act(marker(), "ip_address_binding", Verb::Create, command, None).await.unwrap();
    assert_eq!(bound.touched.len(), 4);
    let outside = &desk.again(&known(&running)).await.fields["public_ip_addresses"];
    assert_eq!(*outside, json!([address.document["ip_address"]]));
    let shut = desk.refuses("router", Verb::ClearGateway, Value::Null, Some(&router)).await;
    assert_eq!(shut.1, "in_use", "an address leads through it");

    desk.act(marker(), "instance", Verb::Delete, Value::Null, Some(&known(&running))).await.unwrap();
    desk.until("instance", &key, None).await;
    assert_eq!(desk.again(&port).await.state, Some("inactive"), "the port was there before");
    assert_eq!(desk.again(&address).await.state, Some("available"));
    let own = &done.touched[2].native_key;
    assert!(desk.session.get(&north(), kind("network_interface"), own).await.unwrap().is_none());
    desk.until("volume", &done.touched[4].native_key, None).await;
    desk.simulator.stop().await;
}

#[tokio::test]
async fn what_follows_an_instance_is_the_same_when_it_stands_by_itself() {
    let desk = Desk::new().await;
    let all = sight::Sight::of(&*desk.session).await;
    let binding = known(&all.of_kind("ip_address_binding")[0]);
    let plug = all.of_kind("network_interface").iter().find(|plug| {
        plug.external_id == binding.document["network_interface"]["external_id"].as_str().unwrap()
    });
    let plug = known(plug.unwrap());
    let groups = json!({ "security_groups": [], "name": "renamed" });
    let done = desk.act(marker(), "network_interface", Verb::Update, groups, Some(&plug)).await.unwrap();
    assert_eq!(done.touched[1].kind, kind("instance"), "its groups are those of the instance");
    let after = desk.again(&plug).await;
    assert_eq!((after.name.as_str(), &after.fields["security_groups"]), ("renamed", &json!([])));
    for field in ["addresses", "instance", "mac_address", "device_index", "network"] {
        assert_eq!(after.fields[field], plug.document[field], "{field}");
    }
    let same = desk.again(&binding).await;
    assert_eq!(
        Value::Object(same.fields),
        Value::Object(all.of_kind("ip_address_binding")[0].fields.clone())
    );
    let groups = json!({ "security_groups": [desk.any("security_group").await.id] });
    desk.act(marker(), "network_interface", Verb::Update, groups, Some(&plug)).await.unwrap();
    sight::Sight::of(&*desk.session).await.check();
    desk.act(marker(), "ip_address_binding", Verb::Delete, Value::Null, Some(&binding)).await.unwrap();
    sight::Sight::of(&*desk.session).await.check();
    desk.simulator.stop().await;
}

#[tokio::test]
async fn an_image_is_seen_by_those_that_it_is_shared_with() {
    let desk = Desk::new().await;
    let cloud = Arc::new(support::registration(&desk.simulator));
    let credential = gateway_core::access::credential::Credential::AccessKey {
        access_key_id: "other".to_owned(),
        secret_access_key: gateway_core::secret::Secret::new("other-secret"),
        session_token: None,
    };
    let other =
        SimulatorDriver.open(cloud, credential, SessionContext::unpaced(Arc::new(SystemClock))).unwrap();
    let page = desk.session.list(&north(), kind("image"), ListScope::Own, None).await.unwrap();
    let image = known(&page.items[0]);
    let sees = async || {
        let listed = other.list(&north(), kind("image"), ListScope::Own, None).await.unwrap().items;
        let read = other.get(&north(), kind("image"), &image.native_key).await.unwrap();
        let listed = listed.into_iter().find(|item| item.native_key == image.native_key);
        assert_eq!(listed.as_ref().map(Observed::content_hash), read.as_ref().map(Observed::content_hash));
        read
    };
    assert!(sees().await.is_none());
    let with = json!({ "external_account": AccountOption::new("other", "other-secret").id() });
    desk.act(marker(), "image", Verb::Share, with.clone(), Some(&image)).await.unwrap();
    let shared = sees().await.unwrap();
    assert_eq!(shared.visibility, gateway_core::document::observation::Visibility::Shared);
    assert_eq!(shared.owner.as_deref(), desk.again(&image).await.owner.as_deref());
    desk.act(marker(), "image", Verb::Unshare, with, Some(&image)).await.unwrap();
    assert!(sees().await.is_none());
    let nobody = json!({ "external_account": "acct-nobody" });
    let refused = desk.refuses("image", Verb::Share, nobody, Some(&image)).await;
    assert_eq!(refused, (ErrorKind::Invalid, "unknown_reference".to_owned()));
    desk.simulator.stop().await;
}

#[tokio::test]
async fn what_this_cloud_has_no_place_for_is_refused_before_it_is_asked() {
    let desk = Desk::new().await;
    for (word, verb, command, pointer) in [
        ("network", Verb::Create, json!({ "name": "n", "cidr": "10.0.0.0/8" }), "/cidr"),
        (
            "image",
            Verb::Create,
            json!({ "name": "n", "disk_format": "raw", "container_format": "bare" }),
            "/container_format",
        ),
        ("router", Verb::SetGateway, json!({}), "/external_network"),
        (
            "volume",
            Verb::Create,
            json!({ "name": "n", "size_gib": 1, "cloud_options": { "labels": {} } }),
            "/cloud_options/labels",
        ),
    ] {
        let (command, named) = desk.read(word, verb, command).await;
        let known = desk.any(word).await;
        let target = (verb != Verb::Create).then_some(&known);
        let step =
            Step { kind: kind(word), verb, command: &command, target, named: &named, marker: marker() };
        let faults: Vec<_> = desk.session.validate(&step).into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(faults, [pointer]);
    }
    let options =
        json!({ "name": "n", "disk_format": "raw", "cloud_options": { "system": "plan9", "locked": true } });
    let image = desk.make("image", options).await;
    assert_eq!((&image.document["os"], &image.document["protected"]), (&json!("plan9"), &json!(true)));
    desk.simulator.stop().await;
}

/// The private half that the cloud makes is one that programs read, and belongs to the public one.
#[tokio::test]
async fn a_key_that_is_made_is_a_key() {
    let desk = Desk::new().await;
    let done = desk.act(marker(), "ssh_key", Verb::Create, json!({ "name": "pair" }), None).await.unwrap();
    let Some(OneTimeOutput::PrivateKey(private)) = &done.answer else { panic!("{done:?}") };
    let key = desk.touched(&done).await[0].clone().unwrap();
    let public = key.fields["public_key"].as_str().unwrap();
    assert_eq!(key.fields["key_type"], "ed25519");
    let body: String = private.expose().lines().filter(|line| !line.starts_with('-')).collect();
    let file = base64(&body);
    let blob = base64(public.split(' ').nth(1).unwrap());
    assert!(file.starts_with(b"openssh-key-v1\0"));
    // Once as it is, and its 32 bytes again in the private part.
    assert!(file.windows(blob.len()).any(|part| part == blob));
    assert_eq!(file.windows(32).filter(|part| *part == &blob[blob.len() - 32..]).count(), 3);
    let twice = desk.refuses("ssh_key", Verb::Create, json!({ "name": "pair" }), None).await;
    assert_eq!(twice, (ErrorKind::Conflict, "duplicate".to_owned()));
    let wrong = json!({ "name": "other", "public_key": "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==" });
    assert_eq!(desk.refuses("ssh_key", Verb::Create, wrong, None).await.0, ErrorKind::Invalid);
    desk.simulator.stop().await;
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
