//! The slots of requests in flight, divided among principals and peers.

use std::time::Duration;

use gateway_bus::WorkClass;
use gateway_core::config::Front as Config;
use gateway_core::id::PrincipalId;
use gateway_core::shares::{Pool, Slot};

use super::peer::Peer;
use crate::http::problem::Problem;

/// The divisor for the part of the slots that requests with `max_age` may hold. A higher value keeps more slots for
/// requests that do not wait; a lower one lets more callers wait.
const WAITING_DIVISOR: usize = 2;

/// The time after which a refused request may be sent again. A longer one delays clients; a shorter one brings more
/// requests that are refused again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The party whose share a request uses: the principal of its token, or its peer if no token names a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ShareKey {
    Principal(PrincipalId),
    Peer(Peer),
}

/// The slots of one front. No share key holds more than half of any of them.
#[derive(Debug)]
pub(super) struct Slots {
    in_flight: Pool<ShareKey>,
    /// The part of them that requests with `max_age` may hold.
    waiting: Pool<ShareKey>,
    /// The slots of uploads, which are held for as long as content moves.
    uploads: Pool<ShareKey>,
}

/// The slots of one request. They are held until its answer has left, so that a client which does not read its answers
/// uses its own share.
#[derive(Debug)]
pub(super) struct RequestSlots {
    _in_flight: Slot<ShareKey>,
    _waiting: Option<Slot<ShareKey>>,
}

impl Slots {
    pub(super) fn new(config: &Config) -> Self {
        let waiting = (config.max_in_flight / WAITING_DIVISOR).max(1);
        Self {
            in_flight: Pool::new("front_requests", config.max_in_flight, 0),
            waiting: Pool::new("front_refreshes", waiting, 0),
            uploads: Pool::new("front_uploads", config.max_uploads, 0),
        }
    }

    /// Takes the slots of a request, if there are some for its share key.
    pub(super) fn take(&self, key: ShareKey, class: WorkClass) -> Result<RequestSlots, Problem> {
        let waits = class == WorkClass::Refresh;
        let waiting = waits.then(|| take(&self.waiting, key)).transpose()?;
        Ok(RequestSlots { _in_flight: take(&self.in_flight, key)?, _waiting: waiting })
    }

    /// Takes a slot for an upload, if there is one for the share key.
    pub(super) fn take_upload(&self, key: ShareKey) -> Result<Slot<ShareKey>, Problem> {
        take(&self.uploads, key)
    }
}

fn take(pool: &Pool<ShareKey>, key: ShareKey) -> Result<Slot<ShareKey>, Problem> {
    pool.try_take(&[key]).ok_or_else(|| {
        overloaded("no slot is free for your requests; wait for those in flight, or send it again later")
    })
}

/// Returns the problem of a request for which nothing is left of a share.
pub(super) fn overloaded(detail: &str) -> Problem {
    Problem::overloaded(detail, RETRY_AFTER)
}
