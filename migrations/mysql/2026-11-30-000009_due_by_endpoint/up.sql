-- Due work by endpoint, so that a search for it passes over the work of an endpoint without a free slot at once. The
-- holder, or account, is in the index because the full ones of an endpoint are left out too.
ALTER TABLE poll_targets ADD KEY poll_targets_endpoint (cloud_id, region, due_at, holder);
ALTER TABLE operations ADD KEY operations_endpoint (cloud_id, region, due_at, account_id);
ALTER TABLE grants ADD KEY grants_endpoint (cloud_id, verify_at, account_id);
