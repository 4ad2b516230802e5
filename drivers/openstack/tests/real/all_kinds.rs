//! Every kind, item by item, as a member and as an administrator, with one of everything in the clouds.

use std::collections::{BTreeMap, BTreeSet};

use driver_openstack::OpenStack;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{Driver as _, ListScope, Session};
use gateway_core::error::ErrorKind;
use gateway_core::id::{Region, ResourceId};
use gateway_core::kind::Kind;
use tokio::task::LocalSet;

use crate::api::Api;
use crate::fields::{self, Met};
use crate::stage::{SHARED, Stage, on_stage};
use crate::steady::steady;
use crate::told::{self, KINDS, Told};
use crate::{CLOUD, auth_urls, everything, session, spec};

type Listed = BTreeMap<String, Observed>;

async fn listed(session: &dyn Session, region: &Region, kind: &str, scope: ListScope) -> Listed {
    let items = everything(session, region, kind, scope).await;
    let count = items.len();
    let by_key: Listed = items.into_iter().map(|item| (item.native_key.clone(), item)).collect();
    assert_eq!(by_key.len(), count, "a {kind} was listed twice");
    by_key
}

#[tokio::test]
async fn every_kind_is_as_its_services_and_the_clouds_own_client_tell_it() {
    driver_kit::install_crypto();
    let _alone = CLOUD.lock().await;
    let auth_urls = auth_urls();
    // Regions share nothing, and are compared at once.
    let at_once = LocalSet::new();
    let regions = auth_urls.iter().enumerate();
    let regions: Vec<_> =
        regions.map(|(at, auth_url)| at_once.spawn_local(in_region(auth_url.clone(), at == 0))).collect();
    // Each has cleared its stage before any is looked at.
    at_once.await;
    let (mut met, mut found) = (Met::default(), Vec::new());
    for region in regions {
        let (met_there, found_there) = region.await.unwrap();
        met.add(met_there);
        found.extend(found_there);
    }
    assert!(found.is_empty(), "{} disagreements:\n{}", found.len(), found.join("\n"));
    if !auth_urls.is_empty() {
        fields::assert_all_met(&met);
    }
}

/// How documents are listed and kept does not differ by region: one is enough for that.
async fn in_region(auth_url: String, with_documents: bool) -> (Met, Vec<String>) {
    on_stage(&auth_url, move |stage| async move {
        let fields = every_field(&stage).await;
        if with_documents {
            every_document(&stage).await;
        }
        fields
    })
    .await
}

/// Field by field with what the cloud's own client says.
async fn every_field(stage: &Stage) -> (Met, Vec<String>) {
    let (mut met, mut found) = (Met::default(), Vec::new());
    for user in ["demo", "admin"] {
        // Small pages, so that there are several of them.
        let session = session(&stage.auth_url, user, user, 3);
        let region = &session.prove().await.unwrap().regions[0];
        found.extend(fields::disagreements(&*session, region, &stage.auth_url, user, &mut met).await);
    }
    (met, found)
}

/// Document by document with what the services say, listed and single.
async fn every_document(stage: &Stage) {
    let auth_url = &stage.auth_url;
    for (user, api) in [("demo", &stage.demo), ("admin", &stage.admin)] {
        let session = session(auth_url, user, user, 3);
        let region = &session.prove().await.unwrap().regions[0];
        for kind in &KINDS {
            documents(&*session, region, kind, api).await;
        }
        rules(&*session, region, api).await;
        quotas(&*session, region, api).await;
        assert!(session.notices().is_empty());
    }
    let session = session(auth_url, "demo", "demo", 1000);
    let region = &session.prove().await.unwrap().regions[0];
    what_is_published_is_the_same_for_all(auth_url, region).await;
    what_is_named_is_listed(&*session, region).await;
    what_is_not_ours_is_not_listed(&*session, region, stage).await;
    keys_of_others(auth_url, region, stage).await;
}

async fn documents(session: &dyn Session, region: &Region, told: &Told, api: &Api) {
    let what = format!("{} of {} in {region}", told.kind, api.user);
    let see = async || {
        let listed = listed(session, region, told.kind, told.scope).await;
        let mut seen = BTreeMap::new();
        for (key, item) in listed {
            let single = session.get(region, item.kind, &key).await.unwrap();
            seen.insert(key, (item, single));
        }
        seen
    };
    let (documents, mut seen) = steady(&what, async || told.documents(api).await, see).await;
    if told.kind == "datacenter" {
        let service = (told.native_key)(&documents[0], api);
        let service = service.split_once('/').unwrap().0;
        seen.retain(|key, _| key.starts_with(&format!("{service}/")));
    }
    let keys: BTreeSet<String> = documents.iter().map(|document| (told.native_key)(document, api)).collect();
    assert_eq!(seen.keys().cloned().collect::<BTreeSet<_>>(), keys, "{}", told.kind);
    for document in documents {
        let (item, single) = &seen[&(told.native_key)(&document, api)];
        (item.kind.spec().check)(&item.fields).unwrap();
        if api.is_member {
            let is_public = told.scope == ListScope::Published;
            let is_own = item.owner.as_ref().is_none_or(|owner| *owner == api.project);
            assert_eq!(item.visibility == Visibility::Public, is_public, "{}", told.kind);
            assert!(is_own || item.visibility == Visibility::Shared, "{}", told.kind);
        }
        assert_eq!(item.raw, told.kept(document), "{}", told.kind);
        assert_eq!(
            single.as_ref().unwrap().content_hash(),
            item.content_hash(),
            "{} {}",
            told.kind,
            item.native_key
        );
    }
    println!("{what}: {} agree", seen.len());
}

async fn rules(session: &dyn Session, region: &Region, api: &Api) {
    let seen = listed(session, region, "security_group_rule", ListScope::Own).await;
    let told = told::rules(api).await;
    let ids: BTreeSet<&str> = told.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(seen.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    for rule in &told {
        let item = &seen[rule["id"].as_str().unwrap()];
        let single = session.get(region, item.kind, &item.native_key).await.unwrap().unwrap();
        assert_eq!(single.content_hash(), item.content_hash());
    }
    if api.is_member {
        let of_others = seen.values().filter(|rule| rule.owner.as_ref() != Some(&api.project)).count();
        assert_eq!(of_others, 1, "the administrator's rule in the project's group");
    }
}

async fn quotas(session: &dyn Session, region: &Region, api: &Api) {
    let seen = listed(session, region, "quota", ListScope::Own).await;
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
    assert_eq!(used("ssh_keys"), None, "Nova does not count them for a project");
}

/// Administrators see more of some things, and what they list is shown to everybody.
async fn what_is_published_is_the_same_for_all(auth_url: &str, region: &Region) {
    let as_user = |user| session(auth_url, user, user, 1000);
    for capability in OpenStack.capability().kinds.iter().filter(|capability| capability.published) {
        let mut hashes = Vec::new();
        for user in ["demo", "rival", "admin"] {
            let seen = listed(&*as_user(user), region, capability.kind.as_str(), ListScope::Published).await;
            hashes.push(seen.into_iter().map(|(key, item)| (key, item.content_hash())).collect::<Vec<_>>());
        }
        assert!(!hashes[0].is_empty() && hashes.iter().all(|one| *one == hashes[0]), "{}", capability.kind);
    }
}

/// The gateway's ids in documents are those of what is listed, for each relation at least once.
async fn what_is_named_is_listed(session: &dyn Session, region: &Region) {
    let mut items = Vec::new();
    for capability in OpenStack.capability().kinds {
        let scopes = [(capability.own, ListScope::Own), (capability.published, ListScope::Published)];
        for (_, scope) in scopes.into_iter().filter(|(has, _)| *has) {
            items.extend(everything(session, region, capability.kind.as_str(), scope).await);
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
                found.insert((item.kind.as_str(), relation.name));
            }
        }
    }
    let all = Kind::ALL
        .iter()
        .copied()
        .flat_map(|kind| kind.spec().relations.iter().map(move |one| (kind.as_str(), one.name)));
    let missing: Vec<_> = all.filter(|relation| !found.contains(relation)).collect();
    // Nova tells names of groups only, and in Neutron neither routers nor groups belong to a network.
    let untold = [("instance", "security_group"), ("router", "network"), ("security_group", "network")];
    assert_eq!(missing, untold);
}

async fn what_is_not_ours_is_not_listed(session: &dyn Session, region: &Region, stage: &Stage) {
    let name = |kind, scope| async move {
        let items = everything(session, region, kind, scope).await;
        items.into_iter().map(|item| item.name).collect::<Vec<_>>()
    };
    let networks = name("network", ListScope::Own).await;
    assert!(networks.iter().any(|name| name == "public"), "a way out is for all: {networks:?}");
    assert!(!networks.iter().any(|name| name == "rival-net"), "{networks:?}");
    // What was granted to this project alone is not the administrator's.
    let administrators = listed_networks(stage, region).await;
    assert!(!administrators.iter().any(|name| name == SHARED), "{administrators:?}");
}

async fn listed_networks(stage: &Stage, region: &Region) -> Vec<String> {
    let session = session(&stage.auth_url, "admin", "admin", 1000);
    everything(&*session, region, "network", ListScope::Own).await.into_iter().map(|item| item.name).collect()
}

/// Whose key it is decides who may read it, and a member's refusal is no absence.
async fn keys_of_others(auth_url: &str, region: &Region, stage: &Stage) {
    let kind = Kind::SshKey;
    let key = format!("{}/gateway-test", stage.demo.user);
    let as_user = |user| session(auth_url, user, user, 1000);
    let own = as_user("demo").get(region, kind, &key).await.unwrap().unwrap();
    let administered = as_user("admin").get(region, kind, &key).await.unwrap().unwrap();
    assert_eq!(own.content_hash(), administered.content_hash());
    assert_eq!(as_user("rival").get(region, kind, &key).await.unwrap_err().kind(), ErrorKind::Forbidden);
    let absent = format!("{}/no such key", stage.demo.user);
    assert!(as_user("demo").get(region, kind, &absent).await.unwrap().is_none());
}
