//! A large fleet, created by statements in the database.

use gateway_core::document::terms::Term;
use gateway_core::id::{CloudId, PrincipalId, ResourceId, TargetId};
use gateway_store::{ResourceQuery, SealedCredential};

use crate::fixtures::{all, client, cloud, granted, one_account};
use crate::sql::Sql;
use crate::test_store::TestStore;

/// The parts of the fleet that the hot calls use.
pub struct Fleet {
    pub cloud: CloudId,
    pub credential: SealedCredential,
    pub targets: Vec<TargetId>,
    pub one: ResourceId,
    /// A principal with `CROWD` accounts.
    pub crowd: PrincipalId,
    /// Targets of 2,000 accounts.
    pub many: Vec<TargetId>,
}

/// Accounts of the principal with many: more than one statement names one by one, and few enough of all grants that an
/// index finds them sooner than a scan.
pub const CROWD: usize = 300;

/// A term of every record.
pub const COMMON: Term = Term(5);

/// A term of few records.
pub const RARE: Term = Term(1000);

/// Ten digits as rows, in a form that both databases accept.
const DIGITS: &str = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                      UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

const TABLES: &str = "clouds, regions, principals, revoked_tokens, accounts, credentials, grants, poll_targets, \
                      resources, resource_terms, missing_resources, tombstones, events, leaders, operations, audit";

/// Returns a source of `count` rows with the column `i`.
fn numbers(count: usize) -> String {
    format!(
        "(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS i \
         FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} e, {DIGITS} f, \
         (SELECT 0 AS d UNION ALL SELECT 1) g) n WHERE i < {count}"
    )
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Creates 200,000 resources of four targets and as many events, and 2,000 accounts with 10,000 targets at one cloud.
pub async fn load(fixture: &TestStore) -> Fleet {
    let store = &fixture.store;
    let credential = one_account(store).await;
    let id = store.cloud_by_name("sim").await.unwrap().unwrap().spec.id;
    for number in 0..5 {
        let other = cloud(store, &format!("other-{number}")).await;
        granted(store, credential.principal, other, "demo").await;
    }
    let mut raw = fixture.sql();
    let of_account =
        format!("SELECT id AS n FROM poll_targets WHERE cloud_id = {} ORDER BY id", hex(&id.to_bytes()));
    let targets: Vec<_> = raw.numbers(&of_account).into_iter().take(4).map(TargetId).collect();
    assert!(targets.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "{targets:?}");
    for statement in filling(&raw, id, targets[0].0) {
        raw.execute(&statement);
    }
    let crowd = client(store, "crowd").await;
    raw.execute(&grants_of(&raw, id, crowd));
    for statement in journal(&raw, id, &credential) {
        raw.execute(&statement);
    }
    match raw {
        Sql::Mysql(_) => raw.execute(&format!("ANALYZE TABLE {TABLES}")),
        Sql::Sqlite(_) => raw.execute("ANALYZE"),
    }
    let first = ResourceQuery { targets: targets.clone(), limit: 1, ..ResourceQuery::default() };
    let page = store.resource_list(first).await.unwrap();
    let many = raw_numbers(fixture, "SELECT id AS n FROM poll_targets WHERE region = 'r0' ORDER BY id");
    assert_eq!(many.len(), 2_000);
    Fleet { cloud: id, credential, targets, one: page.rows[0].id, crowd, many }
}

fn raw_numbers(fixture: &TestStore, sql: &str) -> Vec<TargetId> {
    fixture.sql().numbers(sql).into_iter().map(TargetId).collect()
}

/// Returns a statement that grants many accounts to one principal.
fn grants_of(raw: &Sql, cloud: CloudId, principal: PrincipalId) -> String {
    let (account, credential) = match raw {
        Sql::Mysql(_) => ("UNHEX(MD5(CONCAT('a', i)))", "UNHEX(MD5(CONCAT('d', i)))"),
        Sql::Sqlite(_) => {
            ("CAST(printf('%8s%08d', 'a', i) AS BLOB)", "CAST(printf('%8s%08d', 'd', i) AS BLOB)")
        }
    };
    let access = serde_json::to_string(&all()).unwrap();
    let (cloud, principal, later) = (hex(&cloud.to_bytes()), hex(&principal.to_bytes()), i64::MAX / 4);
    format!(
        "INSERT INTO grants (principal_id, account_id, cloud_id, credential_id, access, refusals, verified_at, verify_at) \
         SELECT {principal}, {account}, {cloud}, {credential}, '{access}', 0, i, {later} + i FROM {}",
        numbers(CROWD)
    )
}

/// Returns statements for 20,000 settled operations and 40,000 lines of audit, one in a hundred by one principal for one
/// account.
fn journal(raw: &Sql, cloud: CloudId, credential: &SealedCredential) -> Vec<String> {
    let id = |word: &str| match raw {
        Sql::Mysql(_) => format!("UNHEX(MD5(CONCAT('{word}', i)))"),
        Sql::Sqlite(_) => format!("CAST(printf('%8s%08d', '{word}', i) AS BLOB)"),
    };
    let key = match raw {
        Sql::Mysql(_) => "CONCAT('key-', i)",
        Sql::Sqlite(_) => "'key-' || i",
    };
    let mine =
        |own: &[u8], word: &str| format!("CASE i % 100 WHEN 0 THEN {} ELSE {} END", hex(own), id(word));
    let principal = mine(&credential.principal.to_bytes(), "p");
    let account = mine(&credential.account.to_bytes(), "a");
    let (cloud, digest) = (hex(&cloud.to_bytes()), "00".repeat(32));
    vec![
        format!(
            "INSERT INTO operations (id, principal_id, message_id, idempotency_key, digest, account_id, cloud_id, region, kind, verb, state, \
             sealed, attempts, lease_epoch, due_at, accepted_at, finished_at, made, status, answer) \
             SELECT {}, {principal}, {}, {key}, x'{digest}', {account}, {cloud}, 'r1', 'instance', 'create', \
             CASE i % 200 WHEN 0 THEN 'failed' ELSE 'succeeded' END, '', 1, 1, {}, i, i, '[]', 201, '{{}}' FROM {}",
            id("o"),
            id("m"),
            i64::MAX,
            numbers(20_000)
        ),
        format!(
            "INSERT INTO audit (at, operation_id, principal_id, principal_name, account_id, cloud_id, region, kind, verb, digest, outcome) \
             SELECT i, {}, {principal}, 'client', {account}, {cloud}, 'r1', 'instance', 'create', x'{digest}', 'accepted' FROM {}",
            id("o"),
            numbers(40_000)
        ),
    ]
}

fn filling(raw: &Sql, cloud: CloudId, first: i64) -> Vec<String> {
    // Sixteen bytes that depend on a word and on `i`.
    let id = |word: &str| match raw {
        Sql::Mysql(_) => format!("UNHEX(MD5(CONCAT('{word}', i)))"),
        Sql::Sqlite(_) => format!("CAST(printf('%8s%08d', '{word}', i) AS BLOB)"),
    };
    let text = |prefix: &str, divisor: usize| match raw {
        Sql::Mysql(_) => format!("CONCAT('{prefix}', FLOOR(i / {divisor}))"),
        Sql::Sqlite(_) => format!("'{prefix}' || (i / {divisor})"),
    };
    let name = text("name-", 10);
    let cloud = hex(&cloud.to_bytes());
    let access = serde_json::to_string(&all()).unwrap();
    let states = "CASE i % 20 WHEN 0 THEN 'stopped' WHEN 1 THEN 'error' ELSE 'running' END";
    let document = format!("'{{\"state\":\"running\",\"tags\":{{\"filler\":\"{}\"}}}}'", "x".repeat(200));
    let later = i64::MAX / 4;
    vec![
        format!(
            "INSERT INTO resources (target_id, id, native_key, name, state, version, hash, observed_at, changed_at, document, raw, name_key, created_at, terms) \
             SELECT {first} + i % 4, {}, {}, {name}, {states}, 1, {}, 1, i / 10, {document}, '{{}}', {name}, i / 10, x'00' FROM {}",
            id("r"),
            text("key-", 1),
            id("h"),
            numbers(200_000)
        ),
        // One term of every record, and one of every fiftieth.
        format!(
            "INSERT INTO resource_terms (target_id, term, id) SELECT {first} + i % 4, {}, {} FROM {}",
            COMMON.0,
            id("r"),
            numbers(200_000)
        ),
        format!(
            "INSERT INTO resource_terms (target_id, term, id) SELECT {first} + i % 4, {} + i % 50, {} FROM {}",
            RARE.0,
            id("r"),
            numbers(200_000)
        ),
        format!(
            "INSERT INTO events (id, position, target_id, cloud_id, region, holder, kind, resource_id, version, change_name, at, document) \
             SELECT {}, i + 1, {first} + i % 4, {cloud}, 'r1', {}, 'instance', {}, 1, 'created', i + 1, {document} FROM {}",
            id("e"),
            id("a"),
            id("r"),
            numbers(200_000)
        ),
        "UPDATE leaders SET numbered = 200000, published = 199000".to_owned(),
        format!(
            "INSERT INTO tombstones (target_id, id, version, observed_at) SELECT {first} + i % 4, {}, 2, i FROM {}",
            id("t"),
            numbers(20_000)
        ),
        format!(
            "INSERT INTO missing_resources (target_id, id, missed_at) SELECT {first} + i % 4, {}, i FROM {}",
            id("r"),
            numbers(5_000)
        ),
        format!(
            "INSERT INTO principals (id, name, secret_hash, disabled, tokens_from, created_at) \
             SELECT {0}, {1}, x'{2}', 0, 0, 0 FROM {3}",
            id("p"),
            text("client-", 1),
            "00".repeat(32),
            numbers(2_000)
        ),
        format!(
            "INSERT INTO revoked_tokens (id, principal_id, expires_at) SELECT {}, {}, {later} + i FROM {}",
            id("j"),
            id("p"),
            numbers(10_000)
        ),
        format!(
            "INSERT INTO accounts (id, cloud_id, external_id, name, paused_until, created_at) \
             SELECT {}, {cloud}, {}, 'name', 0, 0 FROM {}",
            id("a"),
            text("project-", 1),
            numbers(2_000)
        ),
        format!(
            "INSERT INTO credentials (id, principal_id, account_id, sealed, created_at) \
             SELECT {}, {}, {}, 'sealed', 0 FROM {}",
            id("c"),
            id("p"),
            id("a"),
            numbers(2_000)
        ),
        format!(
            "INSERT INTO grants (principal_id, account_id, cloud_id, credential_id, access, refusals, verified_at, verify_at) \
             SELECT {}, {}, {cloud}, {}, '{access}', 0, i, {later} + i FROM {}",
            id("p"),
            id("a"),
            id("c"),
            numbers(2_000)
        ),
        format!(
            "INSERT INTO poll_targets (cloud_id, region, holder, kind, lease_epoch, lease_until, due_at, wanted_at, status, interval_ms, failures, agreeing) \
             SELECT {cloud}, {}, {}, 'instance', 0, 0, {later} + i, 0, 'fresh', 60000, 0, 0 FROM {}",
            text("r", 2000),
            id("a").replace(", i)", ", i % 2000)"),
            numbers(10_000)
        ),
    ]
}
