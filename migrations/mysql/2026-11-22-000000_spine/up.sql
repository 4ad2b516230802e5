-- Times are microseconds since 1970 in UTC. Ids are sixteen bytes. Names compare by byte.

CREATE TABLE clouds (
    id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(63) NOT NULL,
    driver VARCHAR(63) NOT NULL,
    endpoint TEXT NOT NULL,
    regions TEXT NOT NULL,
    allowed_hosts TEXT NOT NULL,
    options TEXT NOT NULL,
    allow_plaintext BOOLEAN NOT NULL,
    require_date BOOLEAN NOT NULL,
    calls_per_second DOUBLE NOT NULL,
    timeout_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY clouds_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE regions (
    cloud_id BINARY(16) NOT NULL,
    name VARCHAR(127) NOT NULL,
    first_seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE principals (
    id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(127) NOT NULL,
    secret_hash BINARY(32) NOT NULL,
    disabled BOOLEAN NOT NULL,
    tokens_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY principals_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE revoked_tokens (
    id BINARY(16) NOT NULL PRIMARY KEY,
    principal_id BINARY(16) NOT NULL,
    expires_at BIGINT NOT NULL,
    KEY revoked_tokens_principal (principal_id),
    KEY revoked_tokens_expires (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE accounts (
    id BINARY(16) NOT NULL PRIMARY KEY,
    cloud_id BINARY(16) NOT NULL,
    external_id VARCHAR(191) NOT NULL,
    name VARCHAR(191) NOT NULL,
    paused_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY accounts_external (cloud_id, external_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE credentials (
    id BINARY(16) NOT NULL PRIMARY KEY,
    principal_id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY credentials_owner (principal_id, account_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE grants (
    principal_id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    cloud_id BINARY(16) NOT NULL,
    credential_id BINARY(16) NOT NULL,
    access TEXT NOT NULL,
    refusals INT NOT NULL,
    verified_at BIGINT NOT NULL,
    verify_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, account_id),
    KEY grants_account (account_id, refusals, verified_at DESC),
    KEY grants_cloud (cloud_id, refusals, verified_at DESC),
    KEY grants_verify (verify_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- due_at is also the end of a lease, so that the target of a dead poller becomes due by itself.
CREATE TABLE poll_targets (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    cloud_id BINARY(16) NOT NULL,
    region VARCHAR(127) NOT NULL,
    holder BINARY(16) NOT NULL,
    kind VARCHAR(63) NOT NULL,
    credential_id BINARY(16) NULL,
    listed_by BINARY(16) NULL,
    lease_owner BINARY(16) NULL,
    lease_epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    wanted_at BIGINT NOT NULL,
    status VARCHAR(15) NOT NULL,
    reason TEXT NULL,
    as_of BIGINT NULL,
    interval_ms BIGINT NOT NULL,
    failures INT NOT NULL,
    agreeing INT NOT NULL,
    UNIQUE KEY poll_targets_scope (cloud_id, holder, region, kind),
    KEY poll_targets_holder (holder),
    KEY poll_targets_due (due_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE resources (
    target_id BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    native_key VARCHAR(512) NOT NULL,
    name VARCHAR(255) NOT NULL,
    state VARCHAR(31) NULL,
    version BIGINT NOT NULL,
    hash BINARY(16) NOT NULL,
    observed_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    document MEDIUMTEXT NOT NULL,
    raw MEDIUMTEXT NOT NULL,
    PRIMARY KEY (target_id, id),
    KEY resources_id (id),
    KEY resources_state (target_id, state, id),
    KEY resources_name (target_id, name, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Missing records: absent from whole listings, and not yet proven gone.
CREATE TABLE missing_resources (
    target_id BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    missed_at BIGINT NOT NULL,
    PRIMARY KEY (target_id, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Versions of deleted records, so that a record that returns continues its count.
CREATE TABLE tombstones (
    target_id BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    observed_at BIGINT NOT NULL,
    PRIMARY KEY (target_id, id),
    KEY tombstones_observed (observed_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The outbox. Numbered events are the log that readers follow.
CREATE TABLE events (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id BINARY(16) NOT NULL,
    position BIGINT NULL,
    target_id BIGINT NOT NULL,
    cloud_id BINARY(16) NOT NULL,
    region VARCHAR(127) NOT NULL,
    holder BINARY(16) NOT NULL,
    kind VARCHAR(63) NOT NULL,
    resource_id BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    change_name VARCHAR(15) NOT NULL,
    old_state VARCHAR(31) NULL,
    new_state VARCHAR(31) NULL,
    at BIGINT NOT NULL,
    document MEDIUMTEXT NULL,
    UNIQUE KEY events_position (position),
    -- Rows without a position, in the order of seq, which a unique key does not give.
    KEY events_unnumbered (position, seq)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Leaderships. The relay's row also holds the last numbered and the last published position.
CREATE TABLE leaders (
    name VARCHAR(63) NOT NULL PRIMARY KEY,
    lease_owner BINARY(16) NULL,
    lease_epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    numbered BIGINT NOT NULL,
    published BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO leaders (name, lease_owner, lease_epoch, lease_until, numbered, published) VALUES ('relay', NULL, 0, 0, 0, 0);
