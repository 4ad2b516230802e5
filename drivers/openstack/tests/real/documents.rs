//! Every kind, document by document and field by field, as a member and as an administrator.

use std::collections::{BTreeMap, BTreeSet};

use driver_openstack::OpenStack;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{Driver as _, ListScope, Session};
use gateway_core::error::ErrorKind;
use gateway_core::id::{Region, ResourceId};
use gateway_core::kind::Kind;
use tokio::task::LocalSet;

use crate::api::Api;
use crate::fields::{self, Coverage};
use crate::fixtures::{Fixtures, SHARED, with_fixtures};
use crate::service_lists::{self, LISTS, ServiceList};
use crate::stable::read_stable;
use crate::{CLOUD, auth_urls, everything, session, spec};

type Listed = BTreeMap<String, Observed>;

async fn listed(session: &dyn Session, region: &Region, kind: Kind, scope: ListScope) -> Listed {
    let items = everything(session, region, kind, scope).await;
    let count = items.len();
    let by_key: Listed = items.into_iter().map(|item| (item.native_key.clone(), item)).collect();
    assert_eq!(by_key.len(), count, "a {kind} was listed twice");
    by_key
}

#[tokio::test]
async fn every_kind_matches_its_service_and_openstacksdk() {
    driver_kit::install_crypto();
    let _alone = CLOUD.lock().await;
    let auth_urls = auth_urls();
    // Regions share nothing, and are compared concurrently.
    let at_once = LocalSet::new();
    let regions = auth_urls.iter().enumerate();
    let regions: Vec<_> =
        regions.map(|(at, auth_url)| at_once.spawn_local(in_region(auth_url.clone(), at == 0))).collect();
    // All fixtures are deleted before an outcome is checked.
    at_once.await;
    let (mut coverage, mut found) = (Coverage::default(), Vec::new());
    for region in regions {
        let (coverage_there, found_there) = region.await.unwrap();
        coverage.add(coverage_there);
        found.extend(found_there);
    }
    assert!(found.is_empty(), "{} disagreements:\n{}", found.len(), found.join("\n"));
    if !auth_urls.is_empty() {
        fields::assert_all_covered(&coverage);
    }
}

/// Compares one region. The documents are compared in one region only, because they do not depend on it.
async fn in_region(auth_url: String, with_documents: bool) -> (Coverage, Vec<String>) {
    with_fixtures(&auth_url, move |fixtures| async move {
        let fields = every_field(&fixtures).await;
        if with_documents {
            every_document(&fixtures).await;
        }
        fields
    })
    .await
}

/// Compares field by field with openstacksdk.
async fn every_field(fixtures: &Fixtures) -> (Coverage, Vec<String>) {
    let (mut coverage, mut found) = (Coverage::default(), Vec::new());
    for user in ["demo", "admin"] {
        // Small pages, so that there are several of them.
        let session = session(&fixtures.auth_url, user, user, 3);
        let region = &session.prove().await.unwrap().regions[0];
        found.extend(fields::disagreements(&*session, region, &fixtures.auth_url, user, &mut coverage).await);
    }
    (coverage, found)
}

/// Compares document by document with the services, listed and read singly.
async fn every_document(fixtures: &Fixtures) {
    let auth_url = &fixtures.auth_url;
    for (user, api) in [("demo", &fixtures.demo), ("admin", &fixtures.admin)] {
        let session = session(auth_url, user, user, 3);
        let region = &session.prove().await.unwrap().regions[0];
        for kind in &LISTS {
            check_documents(&*session, region, kind, api).await;
        }
        check_rules(&*session, region, api).await;
        check_quotas(&*session, region, api).await;
        assert!(session.notices().is_empty());
    }
    let session = session(auth_url, "demo", "demo", 1000);
    let region = &session.prove().await.unwrap().regions[0];
    check_published_documents(auth_url, region).await;
    check_references(&*session, region).await;
    check_foreign_networks(&*session, region, fixtures).await;
    check_keys_of_other_users(auth_url, region, fixtures).await;
}

async fn check_documents(session: &dyn Session, region: &Region, list: &ServiceList, api: &Api) {
    let what = format!("{} of {} in {region}", list.kind, api.user);
    let read = async || {
        let listed = listed(session, region, list.kind, list.scope).await;
        let mut seen = BTreeMap::new();
        for (key, item) in listed {
            let single = session.get(region, item.kind, &key).await.unwrap();
            seen.insert(key, (item, single));
        }
        seen
    };
    let (documents, mut seen) = read_stable(&what, async || list.documents(api).await, read).await;
    if list.kind == Kind::Datacenter {
        let service = (list.native_key)(&documents[0], api);
        let service = service.split_once('/').unwrap().0;
        seen.retain(|key, _| key.starts_with(&format!("{service}/")));
    }
    let keys: BTreeSet<String> = documents.iter().map(|document| (list.native_key)(document, api)).collect();
    assert_eq!(seen.keys().cloned().collect::<BTreeSet<_>>(), keys, "{}", list.kind);
    for document in documents {
        let (item, single) = &seen[&(list.native_key)(&document, api)];
        (item.kind.spec().check)(&item.fields).unwrap();
        if api.is_member {
            let is_public = list.scope == ListScope::Published;
            let is_own = item.owner.as_ref().is_none_or(|owner| *owner == api.project);
            assert_eq!(item.visibility == Visibility::Public, is_public, "{}", list.kind);
            assert!(is_own || item.visibility == Visibility::Shared, "{}", list.kind);
        }
        assert_eq!(item.raw, list.without_omitted(document), "{}", list.kind);
        assert_eq!(
            single.as_ref().unwrap().content_hash(),
            item.content_hash(),
            "{} {}",
            list.kind,
            item.native_key
        );
    }
    println!("{what}: {} agree", seen.len());
}

async fn check_rules(session: &dyn Session, region: &Region, api: &Api) {
    let seen = listed(session, region, Kind::SecurityGroupRule, ListScope::Own).await;
    let rules = service_lists::rules(api).await;
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(seen.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    for rule in &rules {
        let item = &seen[rule["id"].as_str().unwrap()];
        let single = session.get(region, item.kind, &item.native_key).await.unwrap().unwrap();
        assert_eq!(single.content_hash(), item.content_hash());
    }
    if api.is_member {
        let of_others = seen.values().filter(|rule| rule.owner.as_ref() != Some(&api.project)).count();
        assert_eq!(of_others, 1, "the administrator's rule in the project's group");
    }
}

async fn check_quotas(session: &dyn Session, region: &Region, api: &Api) {
    let seen = listed(session, region, Kind::Quota, ListScope::Own).await;
    for word in ["compute.cores", "volume.gigabytes_fake1", "network.port"] {
        let key = format!("{}/{word}", api.project);
        let single = session.get(region, seen[&key].kind, &key).await.unwrap().unwrap();
        assert_eq!(single.content_hash(), seen[&key].content_hash(), "{key}");
    }
    let used = |measure: &str| {
        let of = seen.values().find(|quota| quota.fields["measure"] == measure);
        of.unwrap_or_else(|| panic!("no quota of {measure}")).fields["used"].as_u64()
    };
    if api.is_member {
        assert_eq!((used("instances"), used("volumes"), used("ip_addresses")), (Some(2), Some(4), Some(2)));
    }
    assert_eq!(used("ssh_keys"), None, "Nova does not count them per project");
}

/// Checks that a published document does not depend on who listed it: administrators see more members.
async fn check_published_documents(auth_url: &str, region: &Region) {
    let as_user = |user| session(auth_url, user, user, 1000);
    for capability in OpenStack.capability().kinds.iter().filter(|capability| capability.published) {
        let mut hashes = Vec::new();
        for user in ["demo", "rival", "admin"] {
            let seen = listed(&*as_user(user), region, capability.kind, ListScope::Published).await;
            hashes.push(seen.into_iter().map(|(key, item)| (key, item.content_hash())).collect::<Vec<_>>());
        }
        assert!(!hashes[0].is_empty() && hashes.iter().all(|one| *one == hashes[0]), "{}", capability.kind);
    }
}

/// Checks that every reference leads to a listed resource, for each relation at least once.
async fn check_references(session: &dyn Session, region: &Region) {
    let mut items = Vec::new();
    for capability in OpenStack.capability().kinds {
        let scopes = [(capability.own, ListScope::Own), (capability.published, ListScope::Published)];
        for (_, scope) in scopes.into_iter().filter(|(has, _)| *has) {
            items.extend(everything(session, region, capability.kind, scope).await);
        }
    }
    let cloud = spec("", 1);
    let ids: BTreeSet<ResourceId> =
        items.iter().map(|item| cloud.resource_id(region, item.kind, &item.native_key)).collect();
    let mut found = BTreeSet::new();
    for item in &items {
        for relation in item.kind.spec().relations {
            for id in relation.ids(&item.fields) {
                assert!(
                    ids.contains(&id),
                    "{} {} names a {} that is not listed",
                    item.kind,
                    item.native_key,
                    relation.to
                );
                found.insert((item.kind, relation.name));
            }
        }
    }
    let all = Kind::ALL
        .iter()
        .copied()
        .flat_map(|kind| kind.spec().relations.iter().map(move |one| (kind, one.name)));
    let missing: Vec<_> = all.filter(|relation| !found.contains(relation)).collect();
    // Nova shows only names of groups, and Neutron's routers and groups belong to no network.
    let not_shown =
        [(Kind::Instance, "security_group"), (Kind::Router, "network"), (Kind::SecurityGroup, "network")];
    assert_eq!(missing, not_shown);
}

async fn check_foreign_networks(session: &dyn Session, region: &Region, fixtures: &Fixtures) {
    let name = |kind, scope| async move {
        let items = everything(session, region, kind, scope).await;
        items.into_iter().map(|item| item.name).collect::<Vec<_>>()
    };
    let networks = name(Kind::Network, ListScope::Own).await;
    assert!(networks.iter().any(|name| name == "public"), "the external network is for all: {networks:?}");
    assert!(!networks.iter().any(|name| name == "rival-net"), "{networks:?}");
    // The administrator does not list what is shared with this project only.
    let administrators = listed_networks(fixtures, region).await;
    assert!(!administrators.iter().any(|name| name == SHARED), "{administrators:?}");
}

async fn listed_networks(fixtures: &Fixtures, region: &Region) -> Vec<String> {
    let session = session(&fixtures.auth_url, "admin", "admin", 1000);
    everything(&*session, region, Kind::Network, ListScope::Own)
        .await
        .into_iter()
        .map(|item| item.name)
        .collect()
}

/// Checks that the owner and an administrator can read a key, and that a refusal is no absence.
async fn check_keys_of_other_users(auth_url: &str, region: &Region, fixtures: &Fixtures) {
    let kind = Kind::SshKey;
    let key = format!("{}/gateway-test", fixtures.demo.user);
    let as_user = |user| session(auth_url, user, user, 1000);
    let own = as_user("demo").get(region, kind, &key).await.unwrap().unwrap();
    let administered = as_user("admin").get(region, kind, &key).await.unwrap().unwrap();
    assert_eq!(own.content_hash(), administered.content_hash());
    assert_eq!(as_user("rival").get(region, kind, &key).await.unwrap_err().kind(), ErrorKind::Forbidden);
    let absent = format!("{}/no such key", fixtures.demo.user);
    assert!(as_user("demo").get(region, kind, &absent).await.unwrap().is_none());
}
