-- The processes that make calls for an account in a credential check: they share in its call budget until a time.
CREATE TABLE budget_users (
    account_id BINARY(16) NOT NULL,
    process_id BINARY(16) NOT NULL,
    used_until BIGINT NOT NULL,
    PRIMARY KEY (account_id, process_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
