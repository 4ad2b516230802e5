-- What listings sort by and search in: the name in lower case, the cloud's time of creation (0 where it tells none),
-- and the terms of `resource_terms`, so that those of before are known when a record changes.
ALTER TABLE resources ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE resources ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN terms BLOB NOT NULL DEFAULT x'';
CREATE INDEX resources_name_key ON resources (target_id, name_key, id);
CREATE INDEX resources_created ON resources (target_id, created_at, id);
CREATE INDEX resources_changed ON resources (target_id, changed_at, id);

-- What records can be found by: a field, relation or tag with its value, as a 64-bit digest.
CREATE TABLE resource_terms (
    target_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (target_id, term, id)
) WITHOUT ROWID;

-- Records of before can be neither found nor ordered until they are listed anew: no listing of before counts as one,
-- none under way may end as one, and what somebody can list is due.
UPDATE poll_targets SET as_of = NULL, lease_epoch = lease_epoch + 1, lease_until = 0;
UPDATE poll_targets SET due_at = 0 WHERE due_at < 4611686018427387903;
