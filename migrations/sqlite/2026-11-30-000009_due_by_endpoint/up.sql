-- Due work by endpoint, so that a search for it passes over the work of an endpoint without a free slot at once. The
-- holder, or account, is in the index because the full ones of an endpoint are left out too.
CREATE INDEX poll_targets_endpoint ON poll_targets (cloud_id, region, due_at, holder);
CREATE INDEX operations_endpoint ON operations (cloud_id, region, due_at, account_id);
CREATE INDEX grants_endpoint ON grants (cloud_id, verify_at, account_id);
