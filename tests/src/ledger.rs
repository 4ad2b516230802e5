//! A record of the tests that ran on each pair of servers. A run without such tests fails.

use std::fs::OpenOptions;
use std::io::Write as _;

/// The servers of the product.
pub const MYSQL_RABBITMQ: &str = "mysql+rabbitmq";

/// Records that `test` ran on `servers`. `deploy/dev test` counts these lines and fails if there are none.
pub fn ran_on(servers: &str, test: &str) {
    let Some(path) = std::env::var_os("GATEWAY_TEST_LEDGER") else { return };
    let line = format!("{servers}\t{test}\n");
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
