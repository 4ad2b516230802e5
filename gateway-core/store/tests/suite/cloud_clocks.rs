//! Clocks of clouds.

use std::time::Duration;

use gateway_core::driver::EndpointClock;
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;

use crate::test_store::TestStore;

pub async fn clocks_are_kept_by_endpoint(fixture: TestStore) {
    let store = &fixture.store;
    let cloud = CloudId::generate();
    let clock = |endpoint: &str, micros: Option<i64>| EndpointClock {
        cloud,
        endpoint: endpoint.to_owned(),
        skew: micros.map(|micros| Skew { micros, uncertainty: Duration::from_millis(1500) }),
        age: Duration::ZERO,
    };
    assert!(store.clock_list().await.unwrap().is_empty());
    store.clocks_record(vec![clock("http://a", Some(-7)), clock("http://b", None)]).await.unwrap();
    store.clocks_record(vec![clock("http://b", Some(302_000_000))]).await.unwrap();
    let mut seen = store.clock_list().await.unwrap();
    seen.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    let skews: Vec<_> =
        seen.iter().map(|clock| (clock.endpoint.as_str(), clock.skew.unwrap().micros)).collect();
    assert_eq!(skews, [("http://a", -7), ("http://b", 302_000_000)]);
    assert_eq!(seen[0].skew.unwrap().uncertainty, Duration::from_millis(1500));
    assert!(seen[1].seen_at >= seen[0].seen_at && seen[0].cloud == cloud);
    // An equal skew, measured some time before.
    let (age, before) = (Duration::from_secs(90), store.now().await.unwrap());
    store.clocks_record(vec![EndpointClock { age, ..clock("http://b", Some(302_000_000)) }]).await.unwrap();
    let again =
        store.clock_list().await.unwrap().into_iter().find(|clock| clock.endpoint == "http://b").unwrap();
    assert!(before.minus(age) <= again.seen_at && again.seen_at < before, "{again:?}");
}
