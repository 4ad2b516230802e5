DROP TABLE resource_terms;
ALTER TABLE resources
    DROP KEY resources_changed,
    DROP KEY resources_created,
    DROP KEY resources_name_key,
    DROP COLUMN terms,
    DROP COLUMN created_at,
    DROP COLUMN name_key,
    MODIFY COLUMN name VARCHAR(255) NOT NULL;
