-- Keys of sorted listings and of searches: the name in lower case and the cloud's time of creation (0 if it has none).
-- The column `terms` repeats the record's rows in `resource_terms`, so that a change writes the difference alone.
ALTER TABLE resources ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE resources ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN terms BLOB NOT NULL DEFAULT x'';
CREATE INDEX resources_name_key ON resources (target_id, name_key, id);
CREATE INDEX resources_created ON resources (target_id, created_at, id);
CREATE INDEX resources_changed ON resources (target_id, changed_at, id);

-- Terms by which records are found: a field, relation or tag with its value, as a 64-bit digest.
CREATE TABLE resource_terms (
    target_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (target_id, term, id)
) WITHOUT ROWID;

-- Older records can be neither found nor sorted until the next listing. So earlier listings do not count, running ones
-- lose their lease, and every target that can be listed is due.
UPDATE poll_targets SET as_of = NULL, lease_epoch = lease_epoch + 1, lease_until = 0;
UPDATE poll_targets SET due_at = 0 WHERE due_at < 4611686018427387903;
