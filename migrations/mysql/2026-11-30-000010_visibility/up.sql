-- The generation of a principal's visibility rises with every change of its grants, in the same transaction.
ALTER TABLE principals ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- changed_at is the time of the last change that a reader sees: of the listing's age, status, reason or interval. The
-- index holds the holder too, so that a process skips the changes of holders that its callers do not see.
ALTER TABLE poll_targets
    ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0,
    ADD KEY poll_targets_changed (changed_at, holder);

-- Followers find events by their holders, and those of their own grants by principal_id, which other events lack.
ALTER TABLE events
    ADD COLUMN principal_id BINARY(16) NULL,
    ADD KEY events_holder (holder, cloud_id, position),
    ADD KEY events_principal (principal_id, position);
UPDATE events SET principal_id = resource_id WHERE target_id = 0;
