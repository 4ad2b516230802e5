-- The processes that work for an account, or did so just now, are counted with each of its operations.
CREATE INDEX operations_account ON operations (account_id, finished_at);
