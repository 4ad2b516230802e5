//! Clients that read continuously.

use std::time::Duration;

use gateway_tests::Client;
use tokio::task::JoinSet;

use crate::call_counter::CallCounter;

/// The number of concurrent callers.
const CALLERS: usize = 4;

/// The pause between two calls of a caller. A few dozen calls a second leave the machine to the gateway.
const PAUSE: Duration = Duration::from_millis(50);

/// The running callers; they stop when this is dropped.
pub(crate) struct Callers {
    _tasks: JoinSet<()>,
}

impl Callers {
    /// Starts the callers. `items` are paths of resources that always exist.
    pub(crate) fn start(
        client: &Client,
        items: &[String],
        counter: &CallCounter,
        deadline: Duration,
    ) -> Self {
        let mut paths = vec!["/v1/instances?limit=50".to_owned(), "/v1/images".to_owned()];
        paths.extend(items.iter().cloned());
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let (client, paths, counter) = (client.clone(), paths.clone(), counter.clone());
            tasks.spawn(async move {
                for path in paths.iter().cycle().skip(caller) {
                    counter.get(&client, path, deadline).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}
