-- How far the clouds' clocks are off, as pollers saw it; written when it changes. No skew: no time was told.
CREATE TABLE cloud_clocks (
    cloud_id BLOB NOT NULL,
    endpoint TEXT NOT NULL,
    skew_us BIGINT NULL,
    uncertainty_us BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, endpoint)
) WITHOUT ROWID;
