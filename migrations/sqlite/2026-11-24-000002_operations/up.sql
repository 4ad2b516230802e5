-- The operation journal. due_at is also the end of a lease, after which another process takes over.
CREATE TABLE operations (
    id BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    idempotency_key TEXT NULL,
    digest BLOB NOT NULL,
    account_id BLOB NOT NULL,
    cloud_id BLOB NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    verb TEXT NOT NULL,
    resource_id BLOB NULL,
    state TEXT NOT NULL,
    sealed TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_owner BLOB NULL,
    lease_epoch BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    sent_at BIGINT NULL,
    finished_at BIGINT NULL,
    made TEXT NOT NULL,
    status INTEGER NULL,
    answer TEXT NULL,
    cloud_words TEXT NULL
);
CREATE UNIQUE INDEX operations_message ON operations (principal_id, message_id);
CREATE UNIQUE INDEX operations_key ON operations (principal_id, idempotency_key);
CREATE INDEX operations_principal ON operations (principal_id, id);
CREATE INDEX operations_due ON operations (due_at);
CREATE INDEX operations_finished ON operations (finished_at);

-- The audit. Lines are never changed and never removed.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at BIGINT NOT NULL,
    operation_id BLOB NOT NULL,
    principal_id BLOB NOT NULL,
    principal_name TEXT NOT NULL,
    account_id BLOB NOT NULL,
    cloud_id BLOB NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    verb TEXT NOT NULL,
    resource_id BLOB NULL,
    digest BLOB NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NULL,
    cloud_code TEXT NULL
);
CREATE INDEX audit_account ON audit (account_id, seq);
