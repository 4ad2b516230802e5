DROP TABLE resource_terms;
DROP INDEX resources_changed;
DROP INDEX resources_created;
DROP INDEX resources_name_key;
ALTER TABLE resources DROP COLUMN terms;
ALTER TABLE resources DROP COLUMN created_at;
ALTER TABLE resources DROP COLUMN name_key;
