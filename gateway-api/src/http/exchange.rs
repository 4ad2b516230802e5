//! The exchange of a request and its answer over the bus.

use axum::http::Extensions;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;
use gateway_core::id::PrincipalId;
use uuid::Uuid;

/// A request and its answer, as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The id of the request, which problems have as their `instance`.
    pub id: Uuid,
    /// The time after which no one waits for the answer.
    pub deadline: Timestamp,
    /// The work class of the queue that delivered the request.
    pub class: WorkClass,
    /// The principal that owns the reply queue; none for direct reply-to.
    pub reply_owner: Option<PrincipalId>,
}

impl Exchange {
    /// Returns the exchange of a request that came over the bus.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// Returns whether an answer for this principal may go to the reply queue.
    pub(crate) fn answers_to(&self, principal: PrincipalId) -> bool {
        self.reply_owner.is_none_or(|owner| owner == principal)
    }
}
