-- Clocks of clouds, as pollers measured them; written when they change. skew_us is NULL if the answers have no time.
CREATE TABLE cloud_clocks (
    cloud_id BINARY(16) NOT NULL,
    endpoint VARCHAR(255) NOT NULL,
    skew_us BIGINT NULL,
    uncertainty_us BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, endpoint)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
