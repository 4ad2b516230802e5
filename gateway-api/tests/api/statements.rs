//! The number of statements of a request, which does not depend on the number of targets that the caller may see.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver as _, Proof};
use gateway_core::id::{AccountId, CredentialId, Region};
use gateway_core::kind::{Instance, InstanceState};
use gateway_store::{Access, Grant, SealedCredential};
use serde_json::Value;

use super::fake_cloud::{FakeCloud, INSTANCE, VOLUME};
use super::gateway::TestGateway;

/// Accounts of the large principal. Each has two targets in each of two regions.
const MANY: usize = 520;

/// Counts of statements by database. Other databases are not counted.
static COUNTS: Mutex<Option<HashMap<String, usize>>> = Mutex::new(None);

#[derive(Default)]
struct Counter {
    database: String,
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.database),
            InstrumentationEvent::StartQuery { .. } => {
                if let Some(count) =
                    COUNTS.lock().unwrap().as_mut().and_then(|all| all.get_mut(&self.database))
                {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
}

fn counted(gateway: &TestGateway) -> usize {
    let database = gateway.config.database.url.trim_start_matches("sqlite:");
    COUNTS.lock().unwrap().as_ref().unwrap()[database]
}

#[tokio::test]
async fn statements_of_a_request_do_not_grow_with_the_targets() {
    set_default_instrumentation(|| Some(Box::<Counter>::default())).unwrap();
    // Every request reads what may have changed.
    let gateway = TestGateway::with(|config| {
        config.handler.authority_milliseconds = 0;
        let database = config.database.url.trim_start_matches("sqlite:").to_owned();
        COUNTS.lock().unwrap().get_or_insert_default().insert(database, 0);
    })
    .await;
    let (_, small) = gateway.proven("small", &["account-7"]).await;
    let client = gateway.client("large").await;
    let cloud = gateway.store.cloud_by_name("c1").await.unwrap().unwrap().spec.id;
    let mut access = Access::default();
    for region in ["r1", "r2"] {
        access.set(&Region::new(region), VOLUME, true);
        access.set(&Region::new(region), INSTANCE, true);
    }
    for number in 0..MANY {
        let external_id = format!("account-{number}");
        let account = AccountId::derive(cloud, &external_id);
        let credential = SealedCredential {
            id: CredentialId::generate(),
            principal: client.id,
            account,
            sealed: "sealed".to_owned(),
        };
        let grant = Grant {
            principal: client.id,
            cloud,
            proof: Proof { name: external_id.clone(), external_id, regions: Vec::new() },
            access: access.clone(),
            credential,
            verify_after: Duration::from_secs(3600),
        };
        gateway.store.grant_record(grant, FakeCloud.capability()).await.unwrap();
    }
    let large = gateway.token(client.id, -1, 3600);
    gateway
        .poll(|region, holder, kind| match kind == INSTANCE && region == "r1" {
            true => vec![named(&holder.to_string())],
            false => Vec::new(),
        })
        .await;
    while gateway.number_of("SELECT COUNT(*) AS number FROM poll_targets WHERE as_of IS NULL") > 0 {
        gateway.poll(|_, _, _| Vec::new()).await;
    }
    let list = gateway.get("/v1/instances?limit=1", &small).await;
    let id = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    let name = list.body["items"][0]["name"].as_str().unwrap().to_owned();
    for (target, allowed) in [
        (format!("/v1/instances/{id}"), 0),
        ("/v1/instances?limit=100".to_owned(), 4),
        ("/v1/instances?limit=100&sort=-name".to_owned(), 4),
        (format!("/v1/instances?name={name}"), 4),
        ("/v1/instances?tag.none=1".to_owned(), 4),
        ("/v1/events?after=0&limit=100".to_owned(), 4),
        ("/v1/audit".to_owned(), 4),
        ("/v1/status".to_owned(), 12),
    ] {
        let mut counts = Vec::new();
        for token in [&small, &large] {
            // The first request of a principal reads its grants and its targets.
            gateway.get(&target, token).await;
            let before = counted(&gateway);
            let answer = gateway.get(&target, token).await;
            assert_eq!(answer.status, 200, "{target}: {answer:?}");
            counts.push(counted(&gateway) - before);
        }
        println!("{target}: {} statements for 4 targets, {} for {}", counts[0], counts[1], 4 * MANY);
        assert!(counts[0] > 0 && counts[1] <= counts[0] + allowed, "{target}: {counts:?}");
    }
    summarised(&gateway, &large).await;
}

fn named(holder: &str) -> Observed {
    let fields = Instance::default();
    let seen = Observed::new(format!("i-{holder}"), holder, &fields, serde_json::json!({})).unwrap();
    seen.with_state(InstanceState::Running, "RUNNING")
}

/// Checks that a list and the status name few of many scopes, and that the pages hold them all.
async fn summarised(gateway: &TestGateway, token: &str) {
    gateway.execute(
        "UPDATE poll_targets SET status = 'failed', reason = 'down', changed_at = 4611686018427387 \
                     WHERE kind = 'instance' AND region = 'r2' AND id % 7 = 0",
    );
    let list = gateway.second_process().get("/v1/instances?limit=1", token).await;
    let scopes = list.body["scopes"].as_array().unwrap();
    let (summary, total) = (&list.body["scope_summary"], 2 * MANY);
    assert_eq!(scopes.len(), 100);
    assert_eq!(summary["total"], total);
    let failed = summary["by_status"]["failed"].as_u64().unwrap() as usize;
    assert!(failed > 3 && summary["by_status"]["fresh"] == total - failed, "{summary}");
    assert_eq!(scopes.iter().take_while(|scope| scope["status"] == "failed").count(), failed);
    assert_eq!(summary["link"], "/v1/status?kind=instance");
    assert!(summary["oldest_as_of"].is_string());
    assert!(list.body.to_string().len() < 60_000);
    let mut seen: Vec<Value> = Vec::new();
    let mut link = format!("{}&limit=300", summary["link"].as_str().unwrap());
    loop {
        let page = gateway.get(&link, token).await;
        assert_eq!(page.body["summary"]["total"], total);
        assert!(page.body["targets"].as_array().unwrap().len() <= 300);
        seen.extend(page.body["targets"].as_array().unwrap().iter().cloned());
        let Some(next) = page.body["next"].as_str() else { break };
        link = format!("/v1/status?kind=instance&limit=300&cursor={next}");
    }
    let places: std::collections::BTreeSet<_> =
        seen.iter().map(|scope| format!("{} {}", scope["account"], scope["region"])).collect();
    assert_eq!((seen.len(), places.len()), (total, total), "each scope is on one page");
    assert!(seen[..failed].iter().all(|scope| scope["status"] == "failed"));
    let first = gateway.get("/v1/status?kind=instance&limit=1", token).await;
    let next = first.body["next"].as_str().unwrap();
    for query in ["cursor=x", &format!("cursor={next}"), &format!("kind=volume&cursor={next}")] {
        let wrong = gateway.get(&format!("/v1/status?{query}"), token).await;
        assert_eq!(wrong.problem(), "invalid-parameter", "{query}");
    }
}
