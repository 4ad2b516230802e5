ALTER TABLE events
    DROP KEY events_principal,
    DROP KEY events_holder,
    DROP COLUMN principal_id;
ALTER TABLE poll_targets
    DROP KEY poll_targets_changed,
    DROP COLUMN changed_at;
ALTER TABLE principals DROP COLUMN generation;
