DROP INDEX operations_account;
