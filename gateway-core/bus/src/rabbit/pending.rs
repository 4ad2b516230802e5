//! Pending requests, which wait for their replies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::RequestError;

/// The bytes of a reply, or the reason for which there is none.
pub(super) type Answer = Result<Vec<u8>, RequestError>;

/// The pending requests by message id; `None` after the end of the session.
pub(super) struct Pending(Mutex<Option<HashMap<Uuid, oneshot::Sender<Answer>>>>);

/// The entry of a request, removed on drop.
pub(super) struct Ticket {
    pending: Arc<Pending>,
    id: Uuid,
    answer: oneshot::Receiver<Answer>,
}

impl Pending {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(HashMap::new()))))
    }

    /// Adds an entry. The caller adds it before it sends the request, because the reply may be fast.
    pub(super) fn register(self: &Arc<Self>, id: Uuid) -> Result<Ticket, RequestError> {
        let mut waiting = self.lock();
        let waiting = waiting.as_mut().ok_or(RequestError::NoBroker)?;
        if waiting.contains_key(&id) {
            // The replies of two requests with one id could not be told apart.
            return Err(RequestError::Unroutable);
        }
        let (sender, answer) = oneshot::channel();
        waiting.insert(id, sender);
        Ok(Ticket { pending: Arc::clone(self), id, answer })
    }

    /// Answers the request of this id; an unknown id is ignored.
    pub(super) fn settle(&self, id: Uuid, answer: Answer) {
        let waiting = self.lock().as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }

    /// Ends every request with `Lost` and accepts no more.
    pub(super) fn abandon(&self) {
        for (_, waiting) in self.lock().take().into_iter().flatten() {
            let _ = waiting.send(Err(RequestError::Lost));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<Uuid, oneshot::Sender<Answer>>>> {
        // Each change of the map is one call, so that a panic cannot leave it incomplete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for the answer.
    pub(super) async fn answer(&mut self) -> Answer {
        (&mut self.answer).await.unwrap_or(Err(RequestError::Lost))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(waiting) = self.pending.lock().as_mut() {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(pending: &Pending) -> usize {
        pending.lock().as_ref().map_or(0, HashMap::len)
    }

    #[tokio::test]
    async fn dropped_ticket_leaves_no_entry() {
        let pending = Pending::new();
        let ticket = pending.register(Uuid::from_u128(1)).unwrap();
        assert_eq!(waiting(&pending), 1);
        drop(ticket);
        assert_eq!(waiting(&pending), 0);
        pending.settle(Uuid::from_u128(1), Ok(Vec::new()));
    }

    #[tokio::test]
    async fn second_request_of_an_id_is_refused() {
        let pending = Pending::new();
        let mut first = pending.register(Uuid::from_u128(1)).unwrap();
        assert_eq!(pending.register(Uuid::from_u128(1)).err(), Some(RequestError::Unroutable));
        pending.settle(Uuid::from_u128(1), Ok(vec![1]));
        assert_eq!(first.answer().await, Ok(vec![1]));
    }

    #[tokio::test]
    async fn abandon_ends_all_and_refuses_new_requests() {
        let pending = Pending::new();
        let mut ticket = pending.register(Uuid::from_u128(1)).unwrap();
        pending.abandon();
        assert_eq!(ticket.answer().await, Err(RequestError::Lost));
        assert_eq!(pending.register(Uuid::from_u128(2)).err(), Some(RequestError::NoBroker));
    }
}
