//! Guarantees of every bus.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use gateway_bus::sealing::{open_reply, open_request, seal_reply, seal_request};
use gateway_bus::{Body, Nudge, Publication, Reply, RequestError, WorkClass};
use gateway_core::access::keyring::Keyring;
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::document::event::{routing_key, word};
use gateway_core::id::{AccountId, EventId, Holder, PrincipalId, Region};
use tokio::sync::Semaphore;

use crate::environment::{Environment, Serving, TIMEOUT, echo, eventually, request};

/// A deadline that tests wait for.
const SHORT: Duration = Duration::from_millis(400);

pub async fn concurrent_callers_get_their_own_replies(environment: Environment) {
    let (front, handler) = (environment.bus().await, environment.bus().await);
    let serving = Serving::start(&handler, 64, |envelope, _| async move { echo(&envelope) }).await;
    let callers = (0..64).map(|caller| {
        let front = Arc::clone(&front);
        tokio::spawn(async move {
            for turn in 0..20 {
                let target = format!("/{caller}/{turn}");
                let class = WorkClass::ALL[turn % WorkClass::ALL.len()];
                let reply = front.request(class, request(&target, TIMEOUT)).await.unwrap();
                assert_eq!(reply.body, Body::Utf8(target));
            }
        })
    });
    for caller in join_all(callers).await {
        caller.unwrap();
    }
    serving.stopped().await;
}

pub async fn request_without_answer_times_out(environment: Environment) {
    let bus = environment.bus().await;
    let _serving = Serving::start(&bus, 4, |_, _| std::future::pending()).await;
    assert_eq!(bus.request(WorkClass::Read, request("/", SHORT)).await, Err(RequestError::Timeout));
    let late = request("/", Duration::ZERO);
    assert_eq!(bus.request(WorkClass::Read, late).await, Err(RequestError::Timeout));
}

pub async fn request_without_handler_is_unroutable(environment: Environment) {
    let bus = environment.bus().await;
    for class in WorkClass::ALL {
        let refused = tokio::time::timeout(TIMEOUT / 2, bus.request(class, request("/", TIMEOUT))).await;
        assert_eq!(refused.unwrap(), Err(RequestError::Unroutable), "{class:?}");
    }
}

pub async fn request_is_dropped_after_its_deadline(environment: Environment) {
    let bus = environment.bus().await;
    let (seen, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let (saw, opened) = (Arc::clone(&seen), Arc::clone(&gate));
    let serving = Serving::start(&bus, 1, move |envelope, _| {
        saw.lock().unwrap().push(envelope.target.clone());
        let opened = Arc::clone(&opened);
        async move {
            opened.acquire().await.unwrap().forget();
            echo(&envelope)
        }
    })
    .await;
    let busy = tokio::spawn({
        let bus = Arc::clone(&bus);
        async move { bus.request(WorkClass::Read, request("/first", TIMEOUT)).await }
    });
    eventually("the first request is in progress", || seen.lock().unwrap().len() == 1).await;
    assert_eq!(bus.request(WorkClass::Read, request("/late", SHORT)).await, Err(RequestError::Timeout));
    gate.add_permits(2);
    busy.await.unwrap().unwrap();
    bus.request(WorkClass::Read, request("/third", TIMEOUT)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["/first", "/third"]);
    serving.stopped().await;
}

pub async fn requests_that_wait_for_a_cloud_delay_no_other(environment: Environment) {
    let bus = environment.bus().await;
    let (waiting, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (waits, opened) = (Arc::clone(&waiting), Arc::clone(&gate));
    let serving = Serving::start(&bus, 1, move |envelope, _| {
        let (waits, opened) = (Arc::clone(&waits), Arc::clone(&opened));
        async move {
            if envelope.target == "/hung" {
                waits.add_permits(1);
                opened.acquire().await.unwrap().forget();
            }
            echo(&envelope)
        }
    })
    .await;
    let classes = [WorkClass::Write, WorkClass::Check, WorkClass::Refresh];
    let hung: Vec<_> = classes
        .iter()
        .flat_map(|class| [*class; 5])
        .map(|class| {
            let bus = Arc::clone(&bus);
            tokio::spawn(async move { bus.request(class, request("/hung", TIMEOUT)).await })
        })
        .collect();
    let count = u32::try_from(hung.len()).unwrap();
    waiting.acquire_many(count).await.unwrap().forget();
    for class in WorkClass::ALL {
        bus.request(class, request("/healthy", TIMEOUT)).await.unwrap();
    }
    gate.add_permits(hung.len());
    for request in hung {
        request.await.unwrap().unwrap();
    }
    serving.stopped().await;
}

pub async fn panicking_read_is_redelivered_once(environment: Environment) {
    assert_eq!(attempts_at_a_panicking_request(environment, WorkClass::Read).await, [false, true]);
}

pub async fn panicking_write_is_redelivered_three_times(environment: Environment) {
    assert_eq!(
        attempts_at_a_panicking_request(environment, WorkClass::Write).await,
        [false, true, true, true]
    );
}

/// Returns the redelivered flags of the attempts at a request that always panics.
async fn attempts_at_a_panicking_request(environment: Environment, class: WorkClass) -> Vec<bool> {
    let bus = environment.bus().await;
    let tries = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tries);
    let serving = Serving::start(&bus, 4, move |envelope, delivery| {
        let panics = envelope.target == "/panic";
        if panics {
            seen.lock().unwrap().push(delivery.redelivered);
        }
        async move {
            assert!(!panics, "panic of the test");
            echo(&envelope)
        }
    })
    .await;
    let deadline = Duration::from_secs(3);
    assert_eq!(bus.request(class, request("/panic", deadline)).await, Err(RequestError::Timeout));
    // The service goes on, and another redelivery would have arrived before this request.
    bus.request(class, request("/good", TIMEOUT)).await.unwrap();
    serving.stopped().await;
    let tries = tries.lock().unwrap();
    tries.clone()
}

pub async fn stop_finishes_requests_in_progress_and_leaves_the_rest(environment: Environment) {
    let (front, first, second) = (environment.bus().await, environment.bus().await, environment.bus().await);
    let (begun, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let (began, opened) = (Arc::clone(&begun), Arc::clone(&gate));
    let stopping = Serving::start(&first, 1, move |envelope, _| {
        began.lock().unwrap().push(envelope.target.clone());
        let opened = Arc::clone(&opened);
        async move {
            opened.acquire().await.unwrap().forget();
            Reply::new(envelope.message_id, 200, Vec::new(), Body::Utf8("first".to_owned()))
        }
    })
    .await;
    let ask = |target: &'static str| {
        let front = Arc::clone(&front);
        tokio::spawn(async move { front.request(WorkClass::Read, request(target, TIMEOUT)).await })
    };
    let in_progress = ask("/in-progress");
    eventually("a request is in progress", || begun.lock().unwrap().len() == 1).await;
    let waiting = ask("/waiting");
    stopping.begin_stop();
    gate.add_permits(1);
    assert_eq!(in_progress.await.unwrap().unwrap().body, Body::Utf8("first".to_owned()));
    stopping.stopped().await;
    let other = Serving::start(&second, 4, |envelope, _| async move { echo(&envelope) }).await;
    match waiting.await.unwrap() {
        Ok(reply) => assert_eq!(reply.body, Body::Utf8("/waiting".to_owned())),
        // On the in-process bus the request may have been sent after the stop.
        Err(error) => {
            assert!(matches!((&environment, error), (Environment::Memory(_), RequestError::Unroutable)))
        }
    }
    assert_eq!(begun.lock().unwrap().len(), 1);
    other.stopped().await;
}

pub async fn events_arrive_in_order_by_pattern(environment: Environment) {
    let (relay, follower) = (environment.bus().await, environment.bus().await);
    let mut instances = follower.subscribe(&["a.*.*.instance.#".to_owned()]).await.unwrap();
    let both = ["global.#".to_owned(), "a.cloud.one.image.created".to_owned()];
    let mut images = follower.subscribe(&both).await.unwrap();
    let keys = [
        "a.cloud.one.instance.created",
        "global.cloud.one.image.changed",
        "b.cloud.one.instance.created",
        "a.cloud.one.image.created",
    ];
    let events: Vec<_> = (0..400_u32)
        .map(|n| Publication {
            id: EventId::generate(),
            routing_key: keys[n as usize % keys.len()].to_owned(),
            body: n.to_string().into_bytes(),
        })
        .collect();
    for batch in events.chunks(50) {
        relay.publish(batch.to_vec()).await.unwrap();
    }
    for (stream, wanted) in [(&mut instances, [0, 0]), (&mut images, [1, 3])] {
        let expected = events.iter().enumerate().filter(|(n, _)| wanted.contains(&(n % keys.len())));
        for (_, event) in expected {
            let came = tokio::time::timeout(TIMEOUT, stream.next()).await.unwrap().unwrap();
            assert_eq!(
                (came.id, came.routing_key, came.body),
                (event.id, event.routing_key.clone(), event.body.clone())
            );
        }
    }
}

pub async fn events_without_subscriber_are_published(environment: Environment) {
    let bus = environment.bus().await;
    assert_eq!(bus.publish(vec![event("a.b", 0)]).await.unwrap(), []);
}

fn event(routing_key: &str, bytes: usize) -> Publication {
    Publication { id: EventId::generate(), routing_key: routing_key.to_owned(), body: vec![b'0'; bytes] }
}

pub async fn events_that_no_broker_takes_are_refused_alone(environment: Environment) {
    let (relay, follower) = (environment.bus().await, environment.bus().await);
    let mut stream = follower.subscribe(&["#".to_owned()]).await.unwrap();
    let events =
        [event("a.first", 2), event(&"x".repeat(256), 2), event("a.large", 3 << 20), event("a.last", 2)];
    let ids = events.each_ref().map(|event| event.id);
    let refused = relay.publish(events.to_vec()).await.unwrap();
    assert_eq!(refused.iter().map(|refused| refused.id).collect::<Vec<_>>(), ids[1..3]);
    assert!(refused[0].reason.contains("255") && refused[1].reason.contains("limit"), "{refused:?}");
    for id in [ids[0], ids[3]] {
        assert_eq!(tokio::time::timeout(TIMEOUT, stream.next()).await.unwrap().unwrap().id, id);
    }
}

pub async fn events_of_the_longest_names_arrive(environment: Environment) {
    let bus = environment.bus().await;
    let (holder, region) = (Holder::Account(AccountId::generate()), Region::new("r".repeat(500)));
    let key = routing_key(holder, &"c".repeat(500), &region, "security_group_rule", "state_changed");
    let pattern = format!("{holder}.*.{}.#", word(region.as_str()));
    let mut stream = bus.subscribe(&[pattern]).await.unwrap();
    let event = event(&key, 2);
    assert_eq!(bus.publish(vec![event.clone()]).await.unwrap(), []);
    assert_eq!(tokio::time::timeout(TIMEOUT, stream.next()).await.unwrap().unwrap().id, event.id);
}

pub async fn reply_that_is_too_large_is_an_error_of_its_request_alone(environment: Environment) {
    let (front, handler) = (environment.bus().await, environment.bus().await);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let serving = Serving::start(&handler, 64, move |envelope, _| {
        let bytes: usize = envelope.target[1..].parse().unwrap();
        seen.lock().unwrap().push(bytes);
        async move { Reply::new(envelope.message_id, 200, Vec::new(), Body::Utf8("a".repeat(bytes))) }
    })
    .await;
    let sizes = [10, 2 << 20, 500 << 10, 20 << 20, 1000 << 10, 20];
    let replies = sizes.map(|bytes| {
        let front = Arc::clone(&front);
        async move { front.request(WorkClass::Read, request(&format!("/{bytes}"), TIMEOUT)).await.unwrap() }
    });
    for (reply, bytes) in join_all(replies).await.into_iter().zip(sizes) {
        if bytes <= 1000 << 10 {
            assert_eq!((reply.status, reply.body), (200, Body::Utf8("a".repeat(bytes))));
        } else {
            assert_eq!(reply.status, 500);
            let problem = String::from_utf8(reply.body.to_bytes().unwrap()).unwrap();
            assert!(problem.contains("/problems/answer-too-large"), "{problem}");
        }
    }
    assert_eq!(calls.lock().unwrap().len(), sizes.len(), "no request was delivered twice");
    serving.stopped().await;
}

pub async fn request_that_is_too_large_is_refused_alone(environment: Environment) {
    let bus = environment.bus().await;
    let serving = Serving::start(&bus, 4, |envelope, _| async move { echo(&envelope) }).await;
    let mut large = request("/large", TIMEOUT);
    large.body = Body::Utf8("a".repeat(3 << 20));
    let other = bus.request(WorkClass::Write, request("/other", TIMEOUT));
    let (refused, other) = tokio::join!(bus.request(WorkClass::Write, large), other);
    assert!(matches!(refused, Err(RequestError::TooLarge { bytes, .. }) if bytes > 3 << 20), "{refused:?}");
    assert_eq!(other.unwrap().status, 200);
    serving.stopped().await;
}

pub async fn nudges_reach_every_process(environment: Environment) {
    let (here, there) = (environment.bus().await, environment.bus().await);
    let (mut own, mut other) = (here.nudges(), there.nudges());
    here.nudge(Nudge::TargetsDue).await;
    here.nudge(Nudge::EventsWaiting).await;
    for receiver in [&mut own, &mut other] {
        for expected in [Nudge::TargetsDue, Nudge::EventsWaiting] {
            assert_eq!(tokio::time::timeout(TIMEOUT, receiver.recv()).await.unwrap().unwrap(), expected);
        }
        assert!(receiver.try_recv().is_err(), "a nudge arrived twice");
    }
}

pub async fn last_of_many_nudges_reaches_other_processes(environment: Environment) {
    let (here, there) = (environment.bus().await, environment.bus().await);
    let mut other = there.nudges();
    let principal = PrincipalId::generate();
    for _ in 0..100 {
        here.nudge(Nudge::EventsWaiting).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    here.nudge(Nudge::Authority { principal }).await;
    let mut received = 0;
    loop {
        match tokio::time::timeout(TIMEOUT, other.recv()).await.unwrap().unwrap() {
            Nudge::EventsWaiting => received += 1,
            last => break assert_eq!(last, Nudge::Authority { principal }),
        }
    }
    // In one process a nudge costs nothing, and is not merged.
    let merged = matches!(environment, Environment::Rabbit(_));
    assert!(if merged { (1..50).contains(&received) } else { received == 100 }, "{received}");
}

pub async fn sealed_request_opens_at_the_handler(environment: Environment) {
    let bus = environment.bus().await;
    let keys = Arc::new(Keyring::generate(SystemClock.now()).unwrap());
    let handlers = Arc::clone(&keys);
    let serving = Serving::start(&bus, 4, move |envelope, _| {
        let opened = open_request(&envelope, true, &handlers, false).unwrap();
        assert!(opened.sealed);
        let body = Body::from_bytes(&opened.body);
        let body = seal_reply(&body, envelope.message_id, &handlers, SystemClock.now()).unwrap();
        async move { Reply::new(envelope.message_id, 201, Vec::new(), body) }
    })
    .await;
    let mut envelope = request("/v1/check_credentials", TIMEOUT);
    let id = envelope.message_id;
    envelope.headers.push(("authorization".to_owned(), "Basic hunter2".to_owned()));
    envelope.body = Body::Utf8("a password".to_owned());
    seal_request(&mut envelope, true, &keys, SystemClock.now()).unwrap();
    assert!(!serde_json::to_string(&envelope).unwrap().contains("hunter2"));
    let reply = bus.request(WorkClass::Check, envelope).await.unwrap();
    assert!(matches!(reply.body, Body::Sealed(_)));
    assert_eq!(open_reply(&reply.body, id, &keys).unwrap(), b"a password");
    serving.stopped().await;
}

pub async fn envelope_of_another_version_is_answered_with_400(environment: Environment) {
    let bus = environment.bus().await;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let called = Arc::clone(&calls);
    let serving = Serving::start(&bus, 1, move |envelope, _| {
        called.lock().unwrap().push(envelope.target.clone());
        async move { echo(&envelope) }
    })
    .await;
    let mut envelope = request("/new", TIMEOUT);
    envelope.v = 2;
    let reply = bus.request(WorkClass::Write, envelope).await.unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.headers.contains(&("content-type".to_owned(), "application/problem+json".to_owned())));
    bus.request(WorkClass::Write, request("/old", TIMEOUT)).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), ["/old"]);
    serving.stopped().await;
}

pub async fn close_ends_pending_requests(environment: Environment) {
    let (front, handler) = (environment.bus().await, environment.bus().await);
    let begun = Arc::new(Semaphore::new(0));
    let began = Arc::clone(&begun);
    let _serving = Serving::start(&handler, 4, move |_, _| {
        began.add_permits(1);
        std::future::pending()
    })
    .await;
    let pending = tokio::spawn({
        let front = Arc::clone(&front);
        async move { front.request(WorkClass::Read, request("/", TIMEOUT)).await }
    });
    begun.acquire().await.unwrap().forget();
    front.close().await;
    assert_eq!(pending.await.unwrap(), Err(RequestError::Lost));
    assert!(!front.is_connected());
    assert_eq!(front.request(WorkClass::Read, request("/", TIMEOUT)).await, Err(RequestError::NoBroker));
    assert!(front.publish(Vec::new()).await.is_err());
    assert!(front.subscribe(&["#".to_owned()]).await.is_err());
}
