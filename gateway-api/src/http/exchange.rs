//! What a handler passes to the router beside the request itself.

use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::PrincipalId;
use uuid::Uuid;

/// One request and its answer, as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Id of the request: what problems name as their `instance`.
    pub id: Uuid,
    /// After this nobody waits for the answer.
    pub deadline: Timestamp,
    /// The queue it came by.
    pub class: WorkClass,
    /// The principal in whose queue the answer goes, where it goes to such a one.
    pub reply_owner: Option<PrincipalId>,
}

impl Exchange {
    /// Whether what this principal may read may go where the answer goes.
    pub(crate) fn answers_to(&self, principal: PrincipalId) -> bool {
        self.reply_owner.is_none_or(|owner| owner == principal)
    }
}
