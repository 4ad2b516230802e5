DROP INDEX events_principal;
DROP INDEX events_holder;
ALTER TABLE events DROP COLUMN principal_id;
DROP INDEX poll_targets_changed;
ALTER TABLE poll_targets DROP COLUMN changed_at;
ALTER TABLE principals DROP COLUMN generation;
