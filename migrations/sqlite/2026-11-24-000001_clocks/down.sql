DROP TABLE cloud_clocks;
