DROP INDEX poll_targets_endpoint;
DROP INDEX operations_endpoint;
DROP INDEX grants_endpoint;
