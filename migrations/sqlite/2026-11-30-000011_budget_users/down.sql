DROP TABLE budget_users;
