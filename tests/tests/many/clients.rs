//! A thousand clients with overlapping accounts. Each client sees only its own accounts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use gateway_core::Timestamp;
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::driver::{Capability, Proof};
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId, Region, TokenId};
use gateway_core::kind::Kind;
use gateway_store::{Access, Grant, SealedCredential, Store};
use gateway_tests::Client;

use crate::environment::{ACCOUNTS, Environment, credential};

const CLIENTS: usize = 1000;

/// The number of grants written concurrently.
const AT_ONCE: usize = 8;

/// The lifetime of tokens, longer than the test.
const LIFE_SECONDS: i64 = 3600;

/// No new poll targets: the grants of the dashboard have created all of them.
static NOTHING_NEW: Capability = Capability { kinds: &[], verbs: &[], credentials: &[] };

pub(crate) struct Member {
    client: Client,
    accounts: BTreeSet<usize>,
}

/// Writes the grants of a thousand clients into the store, because a credential check over the API probes every kind in
/// every region.
pub(crate) async fn register(env: &Environment) -> Vec<Member> {
    let store = Store::open(&env.config().database, Arc::new(SystemClock)).unwrap();
    let keyring = Keyring::load(&env.cluster.keyring).unwrap();
    let cloud = store.cloud_by_name(crate::environment::CLOUD).await.unwrap().unwrap().spec.id;
    let members = stream::iter(0..CLIENTS).map(|number| {
        let (store, keyring) = (&store, &keyring);
        async move {
            // Each account has five clients. Every fourth client has a second account.
            let other = number.is_multiple_of(4).then_some((number * 7 + 1) % ACCOUNTS);
            let accounts: BTreeSet<usize> = [number % ACCOUNTS].into_iter().chain(other).collect();
            let principal = PrincipalId::generate();
            store.client_create(principal, &format!("member-{number}"), vec![7; 32]).await.unwrap();
            for account in &accounts {
                let grant = grant(env, keyring, cloud, principal, *account);
                store.grant_record(grant, &NOTHING_NEW).await.unwrap();
            }
            let mut client = Client::new(env.cluster.front.url(), &principal.to_string(), "");
            client.token = Some(token(keyring, principal, SystemClock.now()));
            Member { client, accounts }
        }
    });
    members.buffered(AT_ONCE).collect().await
}

fn grant(
    env: &Environment,
    keyring: &Keyring,
    cloud: CloudId,
    principal: PrincipalId,
    number: usize,
) -> Grant {
    let account: AccountId = env.accounts[number].parse().unwrap();
    let associated_data = SealedCredential::associated_data(principal, account);
    let text = Credential::parse(&credential(number)["credential"].to_string()).unwrap().to_sealable();
    let sealed =
        seal::seal(keyring, Purpose::Credential, SystemClock.now(), &associated_data, text.as_bytes())
            .unwrap();
    let regions: Vec<Region> = env.size.regions().iter().map(Region::new).collect();
    let mut access = Access::default();
    for region in &regions {
        Kind::ALL.iter().copied().for_each(|kind| access.set(region, kind, true));
    }
    Grant {
        principal,
        cloud,
        proof: Proof {
            external_id: env.external_ids[number].clone(),
            name: format!("account-{number:03}"),
            regions,
        },
        access,
        credential: SealedCredential { id: CredentialId::generate(), principal, account, sealed },
        verify_after: Duration::from_secs(3600),
    }
}

fn token(keyring: &Keyring, principal: PrincipalId, now: Timestamp) -> String {
    let claims = Claims {
        sub: principal,
        iat: now.seconds(),
        exp: now.seconds() + LIFE_SECONDS,
        jti: TokenId::generate(),
    };
    token::issue(keyring, &claims, now).unwrap().expose().to_owned()
}

/// Lets every client read its instances once, spread over `window`. Returns the number of reads.
pub(crate) async fn read_theirs(env: &Environment, members: &[Member], window: Duration) -> usize {
    let begun = Instant::now();
    let gap = window / CLIENTS as u32;
    let reads = members.iter().enumerate().map(|(number, member)| async move {
        let at = begun + gap * number as u32;
        tokio::time::sleep_until(at.into()).await;
        let listing = member.client.list("instances", &[]).await.unwrap();
        let seen: BTreeSet<&str> = listing.items.iter().filter_map(|item| item["account"].as_str()).collect();
        let theirs: BTreeSet<&str> =
            member.accounts.iter().map(|account| env.accounts[*account].as_str()).collect();
        assert_eq!(seen, theirs, "client {number}");
    });
    join_all(reads).await.len()
}
