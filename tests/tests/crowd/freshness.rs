//! The age of what the healthy accounts' reader sees.

use std::time::{Duration, Instant};

use gateway_core::Timestamp;
use gateway_core::clock::{Clock as _, SystemClock};

use crate::environment::Environment;

/// The collections whose ages are read.
pub(crate) const COLLECTIONS: [&str; 4] = ["instances", "volumes", "images", "networks"];

/// Returns the oldest age of any scope of the reader, read twice a second for `window`.
pub(crate) async fn oldest(env: &Environment, window: Duration) -> Duration {
    let begun = Instant::now();
    let mut oldest = Duration::ZERO;
    while begun.elapsed() < window {
        for collection in COLLECTIONS {
            let page = env.reader.page(collection, &[("limit", "1")]).await.unwrap();
            for scope in &page.scopes {
                let as_of = Timestamp::parse(scope["as_of"].as_str().unwrap()).unwrap();
                oldest = oldest.max(SystemClock.now().since(as_of));
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    oldest
}
