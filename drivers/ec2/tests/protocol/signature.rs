//! Signatures that expire in the queue of calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::Kind;
use gateway_core::clock::{Clock as _, ManualClock, SystemClock};
use gateway_core::driver::{Pacer, SessionContext};
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, region};

/// A budget in which every call waits that long.
#[derive(Debug)]
pub(crate) struct LongQueue(pub(crate) ManualClock, pub(crate) Duration);

#[async_trait]
impl Pacer for LongQueue {
    async fn acquire(&self) {
        self.0.advance(self.1);
    }
    fn pause(&self, _wait: Duration) {}
}

#[tokio::test]
async fn read_with_expired_signature_is_signed_again_after_a_long_wait() {
    let expired = "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>";
    for (wait, is_tried_again) in [(1, false), (130, true)] {
        let exchanges: Vec<Exchange> = vec![
            (&["MaxResults=5"], 400, expired.to_owned()),
            (&["MaxResults=5"], 200, document("DescribeVolumes", "<volumeSet/>")),
        ];
        let clock = ManualClock::at(SystemClock.now());
        let pacer = Arc::new(LongQueue(clock.clone(), Duration::from_secs(wait)));
        let context = SessionContext { pacer, ..SessionContext::unpaced(Arc::new(clock)) };
        let cloud = ScriptedCloud::start_with(json!({}), exchanges, context).await;
        let result = cloud.session.probe(&region(), Kind::Volume).await;
        let dates = cloud.recorder.dates.lock().unwrap().clone();
        assert_eq!(result.is_ok(), is_tried_again, "{result:?}");
        assert_eq!(dates.len(), if is_tried_again { 2 } else { 1 });
        assert_ne!(dates.first(), dates.get(1));
    }
}
