-- The processes that make calls for an account in a credential check: they share in its call budget until a time.
CREATE TABLE budget_users (
    account_id BLOB NOT NULL,
    process_id BLOB NOT NULL,
    used_until BIGINT NOT NULL,
    PRIMARY KEY (account_id, process_id)
);
