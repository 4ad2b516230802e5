//! What a handler passes to the router beside the request itself.

use gateway_core::Timestamp;
use uuid::Uuid;

/// One request and its answer, as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Id of the request: what problems name as their `instance`.
    pub id: Uuid,
    /// After this nobody waits for the answer.
    pub deadline: Timestamp,
}
