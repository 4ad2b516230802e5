-- Clocks of clouds, as pollers measured them; written when they change. skew_us is NULL if the answers have no time.
CREATE TABLE cloud_clocks (
    cloud_id BLOB NOT NULL,
    endpoint TEXT NOT NULL,
    skew_us BIGINT NULL,
    uncertainty_us BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (cloud_id, endpoint)
) WITHOUT ROWID;
