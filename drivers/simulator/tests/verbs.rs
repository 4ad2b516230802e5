//! Each verb of the driver, on the simulated cloud.

#![allow(clippy::unwrap_used)] // also in what tests share

use std::sync::Arc;
use std::time::Duration;

use driver_simulator::{RunningSimulator, Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::clock::SystemClock;
use gateway_core::driver::{Done, Driver, Link, ListScope, Session, Step};
use gateway_core::id::OperationId;
use gateway_core::marker::Marker;
use gateway_core::observation::Observed;
use gateway_core::order::{Known, Order, References};
use gateway_core::scope::Region;
use gateway_core::verb::Verb;
use gateway_core::{ErrorKind, Kind, Result};
use reqwest::Method;
use serde_json::{Value, json};

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
        let options = SimulatorOptions { transit: Duration::from_millis(50), ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let cloud = Arc::new(support::registration(&simulator));
        let link = Link::unpaced(Arc::new(SystemClock));
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
        order: Value,
        target: Option<&Known>,
    ) -> Result<Done> {
        let (order, named) = self.read(kind_word, verb, order).await;
        let step = Step { kind: kind(kind_word), verb, order: &order, target, named: &named, marker };
        assert_eq!(self.session.faults(&step), []);
        self.session.act(&north(), &step).await
    }

    /// Reads an order, and looks up what it names among all that is there.
    async fn read(&self, kind_word: &str, verb: Verb, order: Value) -> (Order, References) {
        let spec = kind(kind_word).spec().verb(verb).unwrap();
        let mut named = References::default();
        for name in spec.names {
            for (_, id) in name.places(&order) {
                for scope in [ListScope::Own, ListScope::Published] {
                    let Ok(page) = self.session.list(&north(), name.kind(), scope, None).await else {
                        continue;
                    };
                    let found = page.items.iter().map(known).find(|known| known.id.to_string() == id);
                    named.0.extend(found.map(|known| (known.id, known)));
                }
            }
        }
        ((spec.read)(order).unwrap(), named)
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
    let order = json!({ "name": "made", "image": image.id, "instance_type": instance_type.id,
        "tags": { "role": "db" }, "user_data": "#!/bin/sh secret" });
    for fault in ["acts_then_closes", "acts_then_fails", "half_page"] {
        let marker = marker();
        let faults = json!([{ "fault": fault, "kind": "instance", "method": "POST", "times": 1 }]);
        desk.user.send(Method::PUT, "/control/faults", Some(faults)).await;
        let error = desk.act(marker, "instance", Verb::Create, order.clone(), None).await.unwrap_err();
        assert!(!error.changed_nothing(), "{fault}: {error:?}");
        assert!(!error.chain().contains("secret"), "{error:?}");
        let counted =
            desk.user.get(&format!("/control/count?kind=instance&label=gateway-operation={marker}")).await;
        assert_eq!(counted["count"], 1, "{fault}");
        let (read, named) = desk.read("instance", Verb::Create, order.clone()).await;
        let step = Step {
            kind: kind("instance"),
            verb: Verb::Create,
            order: &read,
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
    desk.act(marker, "instance", Verb::Create, order, None).await.unwrap_err();
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
    let order = json!({ "volume": volume.id, "instance": instance.id, "device": "/dev/vdq" });
    let done = desk.act(marker(), "volume_attachment", Verb::Create, order.clone(), None).await.unwrap();
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
