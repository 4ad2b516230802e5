-- How far the clouds' clocks are off, as pollers saw it; written when it changes. No skew: no time was told.
CREATE TABLE cloud_clocks (
    cloud_id BINARY(16) NOT NULL,
    endpoint VARCHAR(255) NOT NULL,
    skew_us BIGINT NULL,
    uncertainty_us BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, endpoint)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
