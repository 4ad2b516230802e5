//! `with_servers COMMAND...`: runs a command with a private MariaDB and RabbitMQ in its environment.
//!
//! `deploy/dev test` runs all test binaries in one such environment, so that the servers start once.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use gateway_tests::watcher::Watcher;
use gateway_tests::{Durability, MariaDb, RabbitMq, mariadb, rabbit};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with_servers COMMAND [ARGUMENT]...");
        return ExitCode::from(2);
    };
    let (database, broker) = tokio::join!(MariaDb::start(Durability::EverySecond), RabbitMq::start());
    eprintln!("{} and {} are up", database.url(), broker.admin().replace("guest:guest@", ""));
    let started = Command::new(&program)
        .args(words)
        .env(mariadb::URL_VARIABLE, database.url())
        .env(rabbit::URL_VARIABLE, broker.url())
        .env(rabbit::ADMIN_VARIABLE, broker.admin())
        .process_group(0)
        .spawn();
    let mut command = match started {
        Ok(command) => command,
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            return ExitCode::from(127);
        }
    };
    // Ctrl-C ends this process. Its watchers then end the command and the servers.
    let watcher = Watcher::over(command.id(), None);
    let status = command.wait();
    drop(watcher);
    match status.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Ok(None) | Err(_) => ExitCode::FAILURE,
    }
}
