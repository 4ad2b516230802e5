-- The processes that work for an account are counted with each of its operations.
CREATE INDEX operations_account ON operations (account_id, due_at);
