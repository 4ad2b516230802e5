-- Keys of sorted listings and of searches: the name in lower case and the cloud's time of creation (0 if it has none).
-- The column `terms` repeats the record's rows in `resource_terms`, so that a change writes the difference alone.
-- Names are bytes of at most 255 characters: utf8mb4_bin compares "a" and "a " as equal, and pages sorted so lose records.
ALTER TABLE resources
    MODIFY COLUMN name VARBINARY(1020) NOT NULL,
    ADD COLUMN name_key VARBINARY(1020) NOT NULL DEFAULT '',
    ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN terms BLOB NOT NULL DEFAULT (''),
    ADD KEY resources_name_key (target_id, name_key, id),
    ADD KEY resources_created (target_id, created_at, id),
    ADD KEY resources_changed (target_id, changed_at, id);

-- Terms by which records are found: a field, relation or tag with its value, as a 64-bit digest.
CREATE TABLE resource_terms (
    target_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    PRIMARY KEY (target_id, term, id)
) ENGINE = InnoDB;

-- Older records can be neither found nor sorted until the next listing. So earlier listings do not count, running ones
-- lose their lease, and every target that can be listed is due.
UPDATE poll_targets SET as_of = NULL, lease_epoch = lease_epoch + 1, lease_until = 0;
UPDATE poll_targets SET due_at = 0 WHERE due_at < 4611686018427387903;
