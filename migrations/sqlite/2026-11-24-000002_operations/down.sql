DROP TABLE audit;
DROP TABLE operations;
