-- What listings sort by and search in: the name in lower case, the cloud's time of creation (0 where it tells none),
-- and the terms of `resource_terms`, so that those of before are known when a record changes.
-- Names are bytes, of 255 characters at most: utf8mb4_bin takes "a" and "a " for equal, and pages sorted so lose some.
ALTER TABLE resources
    MODIFY COLUMN name VARBINARY(1020) NOT NULL,
    ADD COLUMN name_key VARBINARY(1020) NOT NULL DEFAULT '',
    ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN terms BLOB NOT NULL DEFAULT (''),
    ADD KEY resources_name_key (target_id, name_key, id),
    ADD KEY resources_created (target_id, created_at, id),
    ADD KEY resources_changed (target_id, changed_at, id);

-- What records can be found by: a field, relation or tag with its value, as a 64-bit digest.
CREATE TABLE resource_terms (
    target_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    PRIMARY KEY (target_id, term, id)
) ENGINE = InnoDB;

-- Records of before can be neither found nor ordered until they are listed anew: no listing of before counts as one,
-- none under way may end as one, and what somebody can list is due.
UPDATE poll_targets SET as_of = NULL, lease_epoch = lease_epoch + 1, lease_until = 0;
UPDATE poll_targets SET due_at = 0 WHERE due_at < 4611686018427387903;
