//! Accounts, records, events and lines of audit, created by statements in the database.

/// A database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Mysql,
    Sqlite,
}

/// Instances of each account.
const INSTANCES: usize = 10;

/// A time that no measurement reaches.
const LATER: i64 = i64::MAX / 2;

/// Ten digits as rows, in a form that both databases accept.
const DIGITS: &str = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                      UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

impl Dialect {
    /// Returns sixteen bytes that depend on a word and on a number.
    fn id(self, word: &str, number: &str) -> String {
        match self {
            Self::Mysql => format!("UNHEX(MD5(CONCAT('{word}', {number})))"),
            Self::Sqlite => format!("CAST(printf('%8s%08d', '{word}', {number}) AS BLOB)"),
        }
    }

    fn text(self, prefix: &str, number: &str) -> String {
        match self {
            Self::Mysql => format!("CONCAT('{prefix}', {number})"),
            Self::Sqlite => format!("'{prefix}' || ({number})"),
        }
    }

    fn quotient(self) -> String {
        match self {
            Self::Mysql => format!("(i DIV {INSTANCES})"),
            Self::Sqlite => format!("(i / {INSTANCES})"),
        }
    }
}

/// Returns a source of `count` rows with the column `i`.
fn numbers(count: usize) -> String {
    format!(
        "(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS i \
         FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} e, {DIGITS} f) n WHERE i < {count}"
    )
}

/// Returns statements that create accounts, each with a target, ten instances, their events, and a line of audit.
pub(super) fn statements(dialect: Dialect, accounts: usize) -> Vec<String> {
    let (count, of) = (accounts * INSTANCES, dialect.quotient());
    let account = dialect.id("a", "i");
    let cloud = "(SELECT id FROM clouds)";
    let region = "(SELECT MIN(region) FROM poll_targets)";
    let owner = dialect.id("a", &of);
    vec![
        format!(
            "INSERT INTO accounts (id, cloud_id, external_id, name, paused_until, created_at) \
             SELECT {account}, {cloud}, {}, 'name', 0, 0 FROM {}",
            dialect.text("project-", "i"),
            numbers(accounts)
        ),
        format!(
            "INSERT INTO poll_targets (cloud_id, region, holder, kind, lease_epoch, lease_until, due_at, wanted_at, status, as_of, \
             interval_ms, failures, agreeing) SELECT c.id, r.name, {account}, 'instance', 0, 0, {LATER}, 0, 'fresh', \
             {LATER}, 60000, 0, 0 FROM (SELECT id FROM clouds) c, (SELECT MIN(name) AS name FROM regions) r, {}",
            numbers(accounts)
        ),
        format!(
            "INSERT INTO resources (target_id, id, native_key, name, state, version, hash, observed_at, changed_at, document, raw, \
             name_key, created_at, terms) SELECT t.id, {}, {}, {}, 'running', 1, x'{}', 1, i, o.document, '{{}}', {}, i, x'' \
             FROM (SELECT document FROM resources LIMIT 1) o, poll_targets t, {} AND t.holder = {owner}",
            dialect.id("r", "i"),
            dialect.text("key-", "i"),
            dialect.text("name-", "i"),
            "00".repeat(16),
            dialect.text("name-", "i * 7919 % 100000"),
            numbers(count)
        ),
        format!(
            "INSERT INTO events (id, position, target_id, cloud_id, region, holder, kind, resource_id, version, change_name, at, \
             document) SELECT {}, p.numbered + i + 1, t.id, t.cloud_id, t.region, t.holder, 'instance', {}, 1, 'created', {LATER}, \
             o.document FROM (SELECT numbered FROM leaders WHERE name = 'relay') p, \
             (SELECT document FROM resources LIMIT 1) o, poll_targets t, {} AND t.holder = {owner}",
            dialect.id("e", "i"),
            dialect.id("r", "i"),
            numbers(count)
        ),
        "UPDATE leaders SET numbered = (SELECT MAX(position) FROM events), published = (SELECT MAX(position) FROM events)"
            .to_owned(),
        format!(
            "INSERT INTO audit (at, operation_id, principal_id, principal_name, account_id, cloud_id, region, kind, verb, digest, \
             outcome) SELECT i, {}, {}, 'client', {account}, {cloud}, {region}, 'instance', 'create', x'{}', 'accepted' FROM {}",
            dialect.id("o", "i"),
            dialect.id("p", "i"),
            "00".repeat(32),
            numbers(accounts)
        ),
    ]
}

/// Returns a statement that grants the first accounts to a client, with the access of its first grant.
pub(super) fn grants(dialect: Dialect, client: &str, accounts: usize) -> String {
    let principal = format!("x'{}'", client.replace('-', ""));
    format!(
        "INSERT INTO grants (principal_id, account_id, cloud_id, credential_id, access, refusals, verified_at, verify_at) \
         SELECT {principal}, {}, g.cloud_id, {}, g.access, 0, 0, {LATER} \
         FROM (SELECT cloud_id, access FROM grants WHERE principal_id = {principal} LIMIT 1) g, {};\
         UPDATE principals SET generation = generation + 1 WHERE id = {principal}",
        dialect.id("a", "i"),
        dialect.id("c", "i"),
        numbers(accounts)
    )
}
