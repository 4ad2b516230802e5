//! Query parameters of a list: field filters, tags, search, sort order, fields; and conditional requests.

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::id::{Holder, ResourceId, Scope};
use gateway_core::kind::VolumeState;
use gateway_store::{Observation, Sighting, WriteGuard};
use serde_json::{Value, json};

use super::fake_cloud::{VOLUME, volume};
use super::gateway::TestGateway;

/// Returns twelve volumes for each region, with three names, two types and a tag with two values.
fn fixtures(region: &str, holder: Holder, kind: Kind) -> Vec<Observed> {
    if kind != VOLUME || holder == Holder::Global {
        return Vec::new();
    }
    let one = |number: usize| {
        let name = ["Alpha", "beta", "Gamma-1"][number % 3];
        let mut observed = volume(&format!("{region}-{number:02}"), name, VolumeState::Available);
        observed.fields.insert("volume_type".to_owned(), json!(["fast", "slow"][number % 2]));
        observed.tags.insert("env".to_owned(), ["prod", "test"][number % 2].to_owned());
        observed.tags.insert("odd=key".to_owned(), String::new());
        observed
    };
    (0..12).map(one).collect()
}

fn texts(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn fields_tags_and_parts_of_names_select_records() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    for (query, count) in [
        ("volume_type=fast", 12),
        ("volume_type=fast&tag.env=prod", 12),
        ("volume_type=fast&tag.env=test", 0),
        ("tag.env=prod&region=r1", 6),
        ("tag.odd%3Dkey=", 24),
        ("tag.none=", 0),
        ("q=ALPHA", 8),
        ("q=a", 24),
        ("q=-1&tag.env=prod", 4),
        ("q=%25", 0),
        ("bootable=true", 0),
    ] {
        let page = gateway.get(&format!("/v1/volumes?{query}"), &token).await;
        assert_eq!(page.status, StatusCode::OK, "{query}: {page:?}");
        assert_eq!(texts(&page.body, "id").len(), count, "{query}");
    }
    for (query, word) in [
        ("volume_type=fast&volume_type=slow", "twice"),
        ("size_gib=5", "volume_type"),
        ("tag.=x", "tag."),
        ("image=nonsense", "id"),
        ("sort=size_gib", "changed_at"),
        ("fields=name,colour", "size_gib"),
        ("fields=cloud_data", "view=raw"),
    ] {
        let page = gateway.get(&format!("/v1/volumes?{query}"), &token).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.body["detail"].as_str().unwrap().contains(word), "{query}: {page:?}");
    }
}

#[tokio::test]
async fn sorted_pages_follow_by_link() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    for (sort, field) in
        [("name", "name"), ("-name", "name"), ("-created_at", "created_at"), ("changed_at", "changed_at")]
    {
        let whole = gateway.get(&format!("/v1/volumes?sort={sort}"), &token).await;
        let ids = texts(&whole.body, "id");
        let keys: Vec<_> = texts(&whole.body, field).iter().map(|key| key.to_lowercase()).collect();
        let sorted = if sort.starts_with('-') { keys.is_sorted_by(|a, b| a >= b) } else { keys.is_sorted() };
        assert!(sorted && ids.len() == 24, "{sort}: {keys:?}");
        assert!(whole.headers.get("link").is_none(), "there is no next page");
        let (mut walked, mut next) =
            (Vec::new(), Some(format!("/v1/volumes?sort={sort}&limit=5&tag.odd%3Dkey=")));
        while let Some(target) = next {
            let page = gateway.get(&target, &token).await;
            assert_eq!(page.status, StatusCode::OK, "{target}: {page:?}");
            walked.extend(texts(&page.body, "id"));
            let link = page.headers.get("link").map(|link| link.to_str().unwrap().to_owned());
            assert_eq!(link.is_some(), page.body["next"].is_string());
            next = link.map(|link| {
                link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned()
            });
        }
        assert_eq!(walked, ids, "{sort}");
    }
    let found = gateway.get("/v1/volumes?q=a", &token).await;
    assert!(
        texts(&found.body, "name").iter().map(|name| name.to_lowercase()).is_sorted(),
        "search sorts by name"
    );
}

#[tokio::test]
async fn cursor_is_refused_for_a_tag_named_like_a_parameter() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway
        .poll(|region, holder, kind| {
            let mut volumes = fixtures(region, holder, kind);
            volumes.iter_mut().for_each(|one| drop(one.tags.insert("sort".to_owned(), "-name".to_owned())));
            volumes
        })
        .await;
    for (one, other) in [("tag.sort=-name", "sort=-name"), ("sort=-name", "tag.sort=-name")] {
        let page = gateway.get(&format!("/v1/volumes?limit=5&{one}"), &token).await;
        let cursor = page.body["next"].as_str().unwrap();
        let next = gateway.get(&format!("/v1/volumes?limit=5&{one}&cursor={cursor}"), &token).await;
        assert_eq!(next.status, StatusCode::OK);
        let foreign = gateway.get(&format!("/v1/volumes?limit=5&{other}&cursor={cursor}"), &token).await;
        assert_eq!(foreign.status, StatusCode::BAD_REQUEST, "{one} then {other}");
    }
}

#[tokio::test]
async fn more_than_sixteen_tags_are_refused() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let tags = |count: usize| (0..count).map(|n| format!("tag.k{n}=v")).collect::<Vec<_>>().join("&");
    let some = gateway.get(&format!("/v1/volumes?{}", tags(16)), &token).await;
    assert_eq!(some.status, StatusCode::OK, "{some:?}");
    let many = gateway.get(&format!("/v1/volumes?{}", tags(1200)), &token).await;
    assert_eq!(many.status, StatusCode::BAD_REQUEST, "{many:?}");
}

#[tokio::test]
async fn fields_selects_members_of_records() {
    let gateway = TestGateway::open().await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures).await;
    let page = gateway.get("/v1/volumes?limit=2&fields=size_gib,name,id", &token).await;
    for item in page.body["items"].as_array().unwrap() {
        let mut names: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["id", "name", "size_gib"]);
    }
    let id = page.body["items"][0]["id"].as_str().unwrap();
    let item = gateway.get(&format!("/v1/volumes/{id}?fields=links,cloud_data&view=raw"), &token).await;
    assert_eq!(item.body["links"]["self"], format!("/v1/volumes/{id}"));
    assert_eq!(item.body.as_object().unwrap().len(), 2, "{item:?}");
}

#[tokio::test]
async fn unchanged_representation_is_not_modified() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    let unlisted = gateway.get("/v1/volumes", &token).await;
    assert!(unlisted.headers.get("age").is_none(), "a scope without a listing has no age");
    gateway.poll(fixtures).await;
    let list = gateway.get("/v1/volumes?limit=5", &token).await;
    let id = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    for target in ["/v1/volumes?limit=5".to_owned(), format!("/v1/volumes/{id}")] {
        let first = gateway.get(&target, &token).await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        assert!(first.headers["age"].to_str().unwrap().parse::<u64>().unwrap() < 60);
        assert_eq!(first.headers["vary"], "authorization");
        let again = gateway.get_with(&target, &token, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, &again.body), (StatusCode::NOT_MODIFIED, &Value::Null), "{target}");
        assert_eq!(again.headers["etag"], tag.as_str());
        assert!(again.headers.contains_key("age"), "304 has an age too");
        let other = gateway.get_with(&target, &token, &[("if-none-match", "\"x\"")]).await;
        assert_eq!((other.status, other.body), (StatusCode::OK, first.body), "{target}");
    }
    let before = gateway.get("/v1/volumes?limit=5", &token).await.headers["etag"].clone();
    let all = (1..40).map(gateway_core::id::TargetId).collect();
    gateway.store.request_refresh(all, gateway.store.now().await.unwrap()).await.unwrap();
    gateway
        .poll(|region, holder, kind| {
            let mut volumes = fixtures(region, holder, kind);
            volumes.iter_mut().for_each(|one| one.name.push('!'));
            volumes
        })
        .await;
    let again = gateway.second_process();
    let after =
        again.get_with("/v1/volumes?limit=5", &token, &[("if-none-match", before.to_str().unwrap())]).await;
    assert_eq!(after.status, StatusCode::OK);
    assert_ne!(after.headers["etag"], before);
}

#[tokio::test]
async fn recreated_record_of_the_same_version_has_another_etag() {
    let gateway = TestGateway::with(|config| config.handler.authority_milliseconds = 0).await;
    let (client, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(|_, _, _| Vec::new()).await;
    let account = gateway.store.visibility(client.id).await.unwrap().accounts()[0].clone();
    let of_account = vec![(account.cloud, Holder::Account(account.id))];
    let targets = gateway.store.target_states_of(of_account).await.unwrap();
    let target = targets.iter().find(|target| target.kind == VOLUME).unwrap();
    let scope = Scope { cloud: target.cloud, region: target.region.clone(), holder: target.holder };
    let apply = async |sighting: Sighting| {
        let as_of = gateway.store.now().await.unwrap();
        let (target, scope) = (target.id, scope.clone());
        let observation = Observation { target, scope, kind: VOLUME, as_of, sightings: vec![sighting] };
        assert_eq!(gateway.store.apply(WriteGuard::Direct, observation).await.unwrap().written(), 1);
    };
    let named = |name: &str| Sighting::Present(Box::new(volume("v", name, VolumeState::Available)));
    apply(named("first")).await;
    let list = gateway.get("/v1/volumes", &token).await;
    let id: ResourceId = list.body["items"][0]["id"].as_str().unwrap().parse().unwrap();
    let targets = ["/v1/volumes".to_owned(), format!("/v1/volumes/{id}")];
    let mut tags = Vec::new();
    for target in &targets {
        tags.push(gateway.get(target, &token).await.headers["etag"].to_str().unwrap().to_owned());
    }
    apply(Sighting::Gone(id)).await;
    // The tombstone, and with it the version, is purged.
    let far = gateway.store.now().await.unwrap().plus(std::time::Duration::from_secs(3600));
    gateway.store.tombstones_purge(far, 1000).await.unwrap();
    apply(named("second")).await;
    for (target, tag) in targets.iter().zip(&tags) {
        let again = gateway.get_with(target, &token, &[("if-none-match", tag)]).await;
        assert_eq!(again.status, StatusCode::OK, "{target}");
        assert!(again.body.to_string().contains("\"version\":1,"), "{again:?}");
    }
}
