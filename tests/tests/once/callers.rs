//! Clients that send creates, and repeat each with the same key until they have its result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gateway_tests::Client;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Size;

/// The number of concurrent callers.
const CALLERS: usize = 8;

/// The longest time until a client has the result of a create.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);

/// The longest time that a create waits for the kills that precede it.
const MAX_DELAY: Duration = Duration::from_secs(8);

/// The result of one create.
#[derive(Clone, Debug)]
pub(crate) struct Created {
    pub(crate) name: String,
    pub(crate) id: String,
    /// The number of requests of the client.
    pub(crate) requests: usize,
}

/// The running clients.
pub(crate) struct Callers {
    tasks: JoinSet<Vec<Created>>,
    created: Arc<AtomicUsize>,
}

impl Callers {
    pub(crate) fn start(client: &Client, command: &Value, size: Size, killed: Arc<AtomicUsize>) -> Self {
        let (next, created) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, command) = (client.clone(), command.clone());
            let (next, created, killed) = (Arc::clone(&next), Arc::clone(&created), Arc::clone(&killed));
            tasks.spawn(async move {
                let mut all = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= size.creates {
                        return all;
                    }
                    // Spread evenly over the kills.
                    let since = Instant::now();
                    let due = number * size.kills / size.creates;
                    while killed.load(Ordering::SeqCst) < due && since.elapsed() < MAX_DELAY {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    // Delayed, so that creates do not all start right after a restart.
                    tokio::time::sleep(Duration::from_millis(number as u64 * 377 % 2000)).await;
                    all.push(create(&client, &command, number).await);
                    created.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { tasks, created }
    }

    pub(crate) fn created(&self) -> usize {
        self.created.load(Ordering::SeqCst)
    }

    pub(crate) async fn finish(self) -> Vec<Created> {
        self.tasks.join_all().await.concat()
    }
}

async fn create(client: &Client, command: &Value, number: usize) -> Created {
    let (name, key) = (format!("once-{number:03}"), format!("create-{number}"));
    let mut command = command.clone();
    command["name"] = name.clone().into();
    let (since, mut requests) = (Instant::now(), 0);
    loop {
        requests += 1;
        let last = match client.send_command(Method::POST, "/v1/instances", &command, Some(&key)).await {
            Ok(answer) if answer.status == StatusCode::CREATED => {
                let id = answer.body["resources"][0]["id"].as_str();
                let id = id.unwrap_or_else(|| panic!("{name}: {}", answer.body)).to_owned();
                assert_eq!(answer.body["resources"][0]["name"], name, "{}", answer.body);
                return Created { name, id, requests };
            }
            Ok(answer) => {
                // The result is unknown or the gateway is unavailable; the client may repeat the request.
                let may_repeat = [502, 503, 504, 500].contains(&answer.status.as_u16());
                assert!(may_repeat, "{name}: {} {}", answer.status, answer.body);
                assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{name}: {}", answer.body);
                answer.body.to_string()
            }
            Err(error) => error.to_string(),
        };
        assert!(
            since.elapsed() < ANSWERED_WITHIN,
            "{name} has no result after {ANSWERED_WITHIN:?}; last: {last}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Concurrent changes of other instances, so that handlers always have work.
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
                    let _ = client.send_command(Method::PATCH, &path, &change, None).await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}
