-- Times are microseconds since 1970 in UTC. Ids are sixteen bytes. Names compare by byte.

CREATE TABLE clouds (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    driver TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    regions TEXT NOT NULL,
    allowed_hosts TEXT NOT NULL,
    options TEXT NOT NULL,
    allow_plaintext BOOLEAN NOT NULL,
    require_date BOOLEAN NOT NULL,
    calls_per_second DOUBLE NOT NULL,
    timeout_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX clouds_name ON clouds (name);

CREATE TABLE regions (
    cloud_id BLOB NOT NULL,
    name TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, name)
) WITHOUT ROWID;

CREATE TABLE principals (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    disabled BOOLEAN NOT NULL,
    tokens_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX principals_name ON principals (name);

CREATE TABLE revoked_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_principal ON revoked_tokens (principal_id);
CREATE INDEX revoked_tokens_expires ON revoked_tokens (expires_at);

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    cloud_id BLOB NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    paused_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_external ON accounts (cloud_id, external_id);

CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX credentials_owner ON credentials (principal_id, account_id);

CREATE TABLE grants (
    principal_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    cloud_id BLOB NOT NULL,
    credential_id BLOB NOT NULL,
    access TEXT NOT NULL,
    refusals INTEGER NOT NULL,
    verified_at BIGINT NOT NULL,
    verify_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, account_id)
);
CREATE INDEX grants_account ON grants (account_id, refusals, verified_at DESC);
CREATE INDEX grants_cloud ON grants (cloud_id, refusals, verified_at DESC);
CREATE INDEX grants_verify ON grants (verify_at);

-- due_at is also the end of a lease, so that the target of a dead poller becomes due by itself.
CREATE TABLE poll_targets (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    cloud_id BLOB NOT NULL,
    region TEXT NOT NULL,
    holder BLOB NOT NULL,
    kind TEXT NOT NULL,
    credential_id BLOB NULL,
    listed_by BLOB NULL,
    lease_owner BLOB NULL,
    lease_epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    wanted_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NULL,
    as_of BIGINT NULL,
    interval_ms BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    agreeing INTEGER NOT NULL
);
CREATE UNIQUE INDEX poll_targets_scope ON poll_targets (cloud_id, holder, region, kind);
CREATE INDEX poll_targets_holder ON poll_targets (holder);
CREATE INDEX poll_targets_due ON poll_targets (due_at);

CREATE TABLE resources (
    target_id BIGINT NOT NULL,
    id BLOB NOT NULL,
    native_key TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NULL,
    version BIGINT NOT NULL,
    hash BLOB NOT NULL,
    observed_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (target_id, id)
);
CREATE INDEX resources_id ON resources (id);
CREATE INDEX resources_state ON resources (target_id, state, id);
CREATE INDEX resources_name ON resources (target_id, name, id);

-- Missing records: absent from whole listings, and not yet proven gone.
CREATE TABLE missing_resources (
    target_id BIGINT NOT NULL,
    id BLOB NOT NULL,
    missed_at BIGINT NOT NULL,
    PRIMARY KEY (target_id, id)
) WITHOUT ROWID;

-- Versions of deleted records, so that a record that returns continues its count.
CREATE TABLE tombstones (
    target_id BIGINT NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    observed_at BIGINT NOT NULL,
    PRIMARY KEY (target_id, id)
) WITHOUT ROWID;
CREATE INDEX tombstones_observed ON tombstones (observed_at);

-- The outbox. Numbered events are the log that readers follow.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    id BLOB NOT NULL,
    position BIGINT NULL,
    target_id BIGINT NOT NULL,
    cloud_id BLOB NOT NULL,
    region TEXT NOT NULL,
    holder BLOB NOT NULL,
    kind TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    version BIGINT NOT NULL,
    change_name TEXT NOT NULL,
    old_state TEXT NULL,
    new_state TEXT NULL,
    at BIGINT NOT NULL,
    document TEXT NULL
);
CREATE UNIQUE INDEX events_position ON events (position);

-- Leaderships. The relay's row also holds the last numbered and the last published position.
CREATE TABLE leaders (
    name TEXT NOT NULL PRIMARY KEY,
    lease_owner BLOB NULL,
    lease_epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    numbered BIGINT NOT NULL,
    published BIGINT NOT NULL
);

INSERT INTO leaders (name, lease_owner, lease_epoch, lease_until, numbered, published) VALUES ('relay', NULL, 0, 0, 0, 0);
