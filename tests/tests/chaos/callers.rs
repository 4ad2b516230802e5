//! Clients that read all the time.

use std::time::Duration;

use gateway_tests::Client;
use tokio::task::JoinSet;

use crate::tally::Tally;

/// At a time.
const CALLERS: usize = 4;

/// Between two calls of one caller: a few dozen a second, which leaves the machine to the gateway.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends calls until it is dropped.
pub(crate) struct Callers {
    _tasks: JoinSet<()>,
}

impl Callers {
    /// `items` are paths of resources that stay: each must be found whenever it is asked for.
    pub(crate) fn start(client: &Client, items: &[String], tally: &Tally, deadline: Duration) -> Self {
        let mut paths = vec!["/v1/instances?limit=50".to_owned(), "/v1/images".to_owned()];
        paths.extend(items.iter().cloned());
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let (client, paths, tally) = (client.clone(), paths.clone(), tally.clone());
            tasks.spawn(async move {
                for path in paths.iter().cycle().skip(caller) {
                    tally.get(&client, path, deadline).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}
