//! Random commands, compared with a model and with the cloud.
//!
//! `GATEWAY_TEST_SEED` sets the seed; `GATEWAY_TEST_LONG=1` gives ten times as many.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use gateway_core::kind;
use gateway_tests::client::Answer;
use gateway_tests::{TestCluster, until};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id_of, instance_command};
use crate::environment::{Environment, SOON};

const DEFAULT_SEED: u64 = 20_261_124;

/// The state of an instance after each action.
const RESULTING_STATES: [(&str, &str); 14] = [
    ("start", "running"),
    ("stop", "stopped"),
    ("reboot", "running"),
    ("pause", "paused"),
    ("unpause", "running"),
    ("suspend", "suspended"),
    ("resume", "running"),
    ("shelve", "shelved"),
    ("unshelve", "running"),
    ("resize", "resized"),
    ("confirm_resize", "running"),
    ("revert_resize", "running"),
    ("rebuild", "running"),
    ("delete", "gone"),
];

/// Kinds that are created and deleted besides instances.
const OTHERS: [&str; 6] = ["volume", "network", "security_group", "ssh_key", "ip_address", "volume_snapshot"];

struct Random(u64);

impl Random {
    /// Returns a random number below `limit` (`SplitMix64`).
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.below(all.len())) }
    }
}

/// The expected resources after the commands so far.
#[derive(Default)]
struct Model {
    /// Created instances with their expected states.
    instances: BTreeMap<String, String>,
    /// The states of instances before their resize.
    resized_when: BTreeMap<String, String>,
    /// Other created resources with their kinds.
    others: BTreeMap<String, &'static str>,
    done: BTreeMap<String, usize>,
}

struct Run {
    env: Environment,
    random: Random,
    model: Model,
    number: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn random_commands_leave_store_and_cloud_equal() {
    let seed =
        std::env::var("GATEWAY_TEST_SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    let steps = if std::env::var_os("GATEWAY_TEST_LONG").is_some() { 1000 } else { 100 };
    let env = Environment::with_cloud(TestCluster::builder("random"), &["--transit-seconds", "0.2"]).await;
    let mut run = Run { env, random: Random(seed), model: Model::default(), number: 0 };
    for step in 0..steps {
        match run.random.below(10) {
            0..=1 => run.create_instance().await,
            2..=5 => run.act_on_instance().await,
            6 => run.refuse_on_instance().await,
            7..=8 => run.create_other().await,
            _ => run.delete_other().await,
        }
        if step % 25 == 24 {
            run.compare().await;
        }
    }
    run.compare().await;
    let done = &run.model.done;
    eprintln!("random: seed {seed}, {steps} steps: {done:?}");
    let verbs = done.keys().filter(|key| key.starts_with("instance ")).count();
    assert!(verbs >= 8, "too few verbs: {done:?}");
}

impl Run {
    fn name(&mut self, what: &str) -> String {
        self.number += 1;
        format!("{what}-{}", self.number)
    }

    async fn command(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.env.client.send_command(method, path, body, None).await.unwrap()
    }

    fn count(&mut self, what: &str) {
        *self.model.done.entry(what.to_owned()).or_default() += 1;
    }

    async fn create_instance(&mut self) {
        let name = self.name("machine");
        let command = instance_command(&self.env, &name).await;
        let made = self.command(Method::POST, "/v1/instances", &command).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        self.model.instances.insert(id_of(&made), "running".to_owned());
        self.count("instance create");
    }

    /// Waits until a random instance is in its expected state. Returns it.
    async fn resting(&mut self) -> Option<(String, Value)> {
        let ids: Vec<_> = self.model.instances.keys().cloned().collect();
        let id = self.random.of(&ids)?.clone();
        let expected = self.model.instances[&id].clone();
        let item = until(&format!("{id} to be {expected}"), SOON, || async {
            let item = self.env.client.get(&format!("/v1/instances/{id}")).await?;
            ensure!(item["state"] == *expected, "it is {}", item["state"]);
            Ok(item)
        })
        .await;
        Some((id, item))
    }

    /// Executes a random action that the document offers, and updates the model.
    async fn act_on_instance(&mut self) {
        let Some((id, item)) = self.resting().await else { return };
        let offered: Vec<&str> =
            item["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let known: Vec<_> = RESULTING_STATES.iter().filter(|(verb, _)| offered.contains(verb)).collect();
        let Some((verb, resulting_state)) = self.random.of(&known).copied().copied() else { return };
        let path = format!("/v1/instances/{id}");
        let answer = match verb {
            "delete" => self.command(Method::DELETE, &path, &json!({})).await,
            _ => {
                let body = self.body_of(verb, &item).await;
                self.command(Method::POST, &format!("{path}/actions/{verb}"), &body).await
            }
        };
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{verb} of an instance in state {}: {}",
            item["state"],
            answer.body
        );
        let before = item["state"].as_str().unwrap().to_owned();
        let after = match verb {
            "resize" => {
                self.model.resized_when.insert(id.clone(), before);
                resulting_state.to_owned()
            }
            // The instance returns to its state before the resize.
            "confirm_resize" | "revert_resize" => self.model.resized_when[&id].clone(),
            _ => resulting_state.to_owned(),
        };
        match verb {
            "delete" => self.model.instances.remove(&id),
            _ => self.model.instances.insert(id, after),
        };
        self.count(&format!("instance {verb}"));
    }

    async fn body_of(&mut self, verb: &str, item: &Value) -> Value {
        match verb {
            "resize" => {
                let types = self.env.client.list("instance_types", &[]).await.unwrap().items;
                let now = &item["instance_type"]["id"];
                // The smallest other type, so that the quota lasts.
                let mut others: Vec<_> = types.into_iter().filter(|one| one["id"] != *now).collect();
                others.sort_by_key(|one| one["vcpus"].as_u64());
                json!({ "instance_type": others[0]["id"] })
            }
            "rebuild" => json!({ "image": item["image"]["id"] }),
            _ => json!({}),
        }
    }

    /// Asserts that an action that the document does not offer is refused and not sent.
    async fn refuse_on_instance(&mut self) {
        let Some((id, item)) = self.resting().await else { return };
        let offered = item["actions"].as_array().unwrap().clone();
        let barred: Vec<_> = RESULTING_STATES
            .iter()
            .filter(|(verb, _)| *verb != "delete" && !offered.contains(&json!(verb)))
            .collect();
        let Some((verb, _)) = self.random.of(&barred).copied().copied() else { return };
        let body = self.body_of(verb, &item).await;
        let before = self.writes().await;
        let answer = self.command(Method::POST, &format!("/v1/instances/{id}/actions/{verb}"), &body).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{verb} of an instance in state {}", item["state"]);
        assert_eq!(self.writes().await, before, "{verb} was sent");
        self.count("refused");
    }

    async fn writes(&self) -> u64 {
        let stats = self.env.simulator.control("GET", "stats", &json!(null)).await;
        let requests = stats["requests"].as_object().unwrap();
        let writes = requests.iter().filter(|(name, _)| !name.starts_with("GET ") && *name != "POST /auth");
        writes.filter_map(|(_, count)| count.as_u64()).sum()
    }

    async fn create_other(&mut self) {
        let kind = OTHERS[self.random.below(OTHERS.len())];
        let name = self.name(kind);
        let command = match kind {
            "volume" => json!({ "name": name, "size_gib": 1 + self.random.below(9) }),
            "volume_snapshot" => {
                let of_kind = self.model.others.iter().filter(|(_, kind)| **kind == "volume");
                let volumes: Vec<_> = of_kind.map(|(id, _)| id.clone()).collect();
                let Some(volume) = self.random.of(&volumes) else { return };
                self.rest("volumes", volume).await;
                json!({ "name": name, "volume": volume })
            }
            "ip_address" => {
                let networks = self.env.client.list("networks", &[]).await.unwrap().items;
                let outside = networks.iter().find(|one| one["external"] == true);
                json!({ "network": outside.map(|one| &one["id"]) })
            }
            _ => json!({ "name": name }),
        };
        let plural = plural(kind);
        let made = self.command(Method::POST, &format!("/v1/{plural}"), &command).await;
        assert_eq!(made.status, StatusCode::CREATED, "{kind}: {}", made.body);
        self.model.others.insert(id_of(&made), kind);
        self.count(&format!("{kind} create"));
    }

    async fn rest(&self, plural: &str, id: &str) {
        until("the resource to be stable", SOON, || async {
            let item = self.env.client.get(&format!("/v1/{plural}/{id}")).await?;
            let rests =
                item["state"].is_null() || ["available", "in_use"].map(Value::from).contains(&item["state"]);
            ensure!(rests, "{}", item["state"]);
            Ok(())
        })
        .await;
    }

    async fn delete_other(&mut self) {
        let ids: Vec<_> = self.model.others.iter().map(|(id, kind)| (id.clone(), *kind)).collect();
        let Some((id, kind)) = self.random.of(&ids).cloned() else { return };
        let plural = plural(kind);
        self.rest(plural, &id).await;
        let ended = self.command(Method::DELETE, &format!("/v1/{plural}/{id}"), &json!({})).await;
        if ended.status == StatusCode::CONFLICT {
            // A volume with snapshots: the problem names them.
            assert!(ended.body["users"].as_array().is_some_and(|users| !users.is_empty()), "{}", ended.body);
            return self.count(&format!("{kind} in use"));
        }
        assert_eq!(ended.status, StatusCode::OK, "{kind}: {}", ended.body);
        self.model.others.remove(&id);
        self.count(&format!("{kind} delete"));
    }

    /// Waits until store, cloud and model are equal.
    async fn compare(&self) {
        until("store and cloud to be equal", SOON, || async {
            for spec in kind::ALL {
                let listing = self.env.client.list(spec.plural, &[]).await?;
                let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
                let stored: BTreeSet<_> = listing
                    .items
                    .iter()
                    .map(|item| (text(item, "external_id"), text(item, "name"), text(item, "cloud_state")))
                    .collect();
                let mut shown = BTreeSet::new();
                for scope in ["own", "published"] {
                    let items = self
                        .env
                        .simulator
                        .listing("north", spec.plural, scope, ("demo", "demo-secret"))
                        .await;
                    shown.extend(items.iter().map(|item| {
                        let status =
                            if spec.states.is_empty() { String::new() } else { text(item, "status") };
                        (text(item, "id"), text(item, "name"), status)
                    }));
                }
                // The cloud has a status where the gateway derives the state or has none.
                let without = |all: &BTreeSet<(String, String, String)>| -> BTreeSet<_> {
                    all.iter().map(|(id, name, _)| (id.clone(), name.clone())).collect()
                };
                let differ: Vec<_> =
                    without(&stored).symmetric_difference(&without(&shown)).cloned().collect();
                ensure!(differ.is_empty(), "{}: {differ:?}", spec.plural);
                if stored.iter().any(|(.., word)| !word.is_empty()) {
                    let differ: Vec<_> = stored.symmetric_difference(&shown).collect();
                    ensure!(differ.is_empty(), "{}: {differ:?}", spec.plural);
                }
            }
            let ids = |listing: gateway_tests::Listing| -> BTreeMap<String, String> {
                let pair = |item: &Value| {
                    Some((item["id"].as_str()?.to_owned(), item["state"].as_str()?.to_owned()))
                };
                listing.items.iter().filter_map(pair).collect()
            };
            let instances = ids(self.env.client.list("instances", &[]).await?);
            for (id, state) in &self.model.instances {
                let now = instances.get(id).with_context(|| format!("{id} is gone"))?;
                ensure!(now == state, "{id} is {now}; expected {state}");
            }
            Ok(())
        })
        .await;
        for (id, kind) in &self.model.others {
            let path = format!("/v1/{}/{id}", plural(kind));
            assert_eq!(
                self.env.client.request(Method::GET, &path).await.unwrap().status,
                StatusCode::OK,
                "{path}"
            );
        }
    }
}

fn plural(kind: &str) -> &'static str {
    kind::ALL.iter().find(|spec| spec.kind.as_str() == kind).expect("a kind").plural
}
