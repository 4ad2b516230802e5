//! Clients that order, and order the same again with the same key until they are told what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gateway_tests::Client;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Size;

/// At a time.
const CALLERS: usize = 8;

/// Longest time until a client is told, whoever dies meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest time that a create waits for the deaths to come up with it.
const PACE: Duration = Duration::from_secs(8);

/// What one create came to.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: String,
    /// How often the client had to ask.
    pub(crate) asked: usize,
}

/// The clients at work.
pub(crate) struct Callers {
    tasks: JoinSet<Vec<Told>>,
    told: Arc<AtomicUsize>,
}

impl Callers {
    pub(crate) fn start(client: &Client, order: &Value, size: Size, died: Arc<AtomicUsize>) -> Self {
        let (next, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, order) = (client.clone(), order.clone());
            let (next, told, died) = (Arc::clone(&next), Arc::clone(&told), Arc::clone(&died));
            tasks.spawn(async move {
                let mut all = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= size.creates {
                        return all;
                    }
                    // Spread over the deaths.
                    let since = Instant::now();
                    let due = number * size.deaths / size.creates;
                    while died.load(Ordering::SeqCst) < due && since.elapsed() < PACE {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    // Nor all at the moment when everybody is back.
                    tokio::time::sleep(Duration::from_millis(number as u64 * 377 % 2000)).await;
                    all.push(create(&client, &order, number).await);
                    told.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { tasks, told }
    }

    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    pub(crate) async fn finish(self) -> Vec<Told> {
        self.tasks.join_all().await.concat()
    }
}

async fn create(client: &Client, order: &Value, number: usize) -> Told {
    let (name, key) = (format!("once-{number:03}"), format!("create-{number}"));
    let mut order = order.clone();
    order["name"] = name.clone().into();
    let (since, mut asked) = (Instant::now(), 0);
    loop {
        asked += 1;
        let last = match client.order(Method::POST, "/v1/instances", &order, Some(&key)).await {
            Ok(answer) if answer.status == StatusCode::CREATED => {
                let id = answer.body["resources"][0]["id"].as_str();
                let id = id.unwrap_or_else(|| panic!("{name}: {}", answer.body)).to_owned();
                assert_eq!(answer.body["resources"][0]["name"], name, "{}", answer.body);
                return Told { name, id, asked };
            }
            Ok(answer) => {
                // Not known yet, or nobody there to ask: true, and no end.
                let may_come = [502, 503, 504, 500].contains(&answer.status.as_u16());
                assert!(may_come, "{name}: {} {}", answer.status, answer.body);
                assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{name}: {}", answer.body);
                answer.body.to_string()
            }
            Err(error) => error.to_string(),
        };
        assert!(since.elapsed() < PATIENCE, "{name} was not told within {PATIENCE:?}; last: {last}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Changes of other instances, so that handlers always have something in hand.
pub(crate) struct Churn {
    _tasks: JoinSet<()>,
}

impl Churn {
    pub(crate) async fn start(client: &Client) -> Self {
        let instances = client.list("instances", &[]).await.unwrap().items;
        let mut tasks = JoinSet::new();
        for instance in instances.iter().take(1) {
            let path = format!("/v1/instances/{}", instance["id"].as_str().unwrap());
            let client = client.clone();
            tasks.spawn(async move {
                for turn in 0_u64.. {
                    let change = json!({ "tags": { "turn": turn.to_string() } });
                    let _ = client.order(Method::PATCH, &path, &change, None).await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}
