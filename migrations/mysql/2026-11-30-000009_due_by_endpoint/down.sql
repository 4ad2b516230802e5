ALTER TABLE poll_targets DROP KEY poll_targets_endpoint;
ALTER TABLE operations DROP KEY operations_endpoint;
ALTER TABLE grants DROP KEY grants_endpoint;
