DROP INDEX operations_account ON operations;
