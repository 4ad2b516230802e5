//! Requests that wait for their replies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::RequestError;

/// The bytes of a reply, or why there is none.
pub(super) type Answer = Result<Vec<u8>, RequestError>;

/// By message id; `None` once the session has ended.
pub(super) struct Pending(Mutex<Option<HashMap<Uuid, oneshot::Sender<Answer>>>>);

/// The place of one request; leaving by any way frees it.
pub(super) struct Ticket {
    pending: Arc<Pending>,
    id: Uuid,
    answer: oneshot::Receiver<Answer>,
}

impl Pending {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(HashMap::new()))))
    }

    /// Takes a place. It must be taken before the request is sent, or the reply may come first.
    pub(super) fn register(self: &Arc<Self>, id: Uuid) -> Result<Ticket, RequestError> {
        let mut waiting = self.lock();
        let waiting = waiting.as_mut().ok_or(RequestError::NoBroker)?;
        if waiting.contains_key(&id) {
            // Two requests of one id could not tell their replies apart.
            return Err(RequestError::Unroutable);
        }
        let (sender, answer) = oneshot::channel();
        waiting.insert(id, sender);
        Ok(Ticket { pending: Arc::clone(self), id, answer })
    }

    /// Answers who waits under this id; an id that nobody waits under is ignored.
    pub(super) fn settle(&self, id: Uuid, answer: Answer) {
        let waiting = self.lock().as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }

    /// Ends all as lost, and takes no more.
    pub(super) fn abandon(&self) {
        for (_, waiting) in self.lock().take().into_iter().flatten() {
            let _ = waiting.send(Err(RequestError::Lost));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<Uuid, oneshot::Sender<Answer>>>> {
        // Each change of the map is one call: a panic cannot leave it half done.
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
    async fn nothing_is_left_of_who_goes_away() {
        let pending = Pending::new();
        let ticket = pending.register(Uuid::from_u128(1)).unwrap();
        assert_eq!(waiting(&pending), 1);
        drop(ticket);
        assert_eq!(waiting(&pending), 0);
        pending.settle(Uuid::from_u128(1), Ok(Vec::new()));
    }

    #[tokio::test]
    async fn one_id_is_taken_once() {
        let pending = Pending::new();
        let mut first = pending.register(Uuid::from_u128(1)).unwrap();
        assert_eq!(pending.register(Uuid::from_u128(1)).err(), Some(RequestError::Unroutable));
        pending.settle(Uuid::from_u128(1), Ok(vec![1]));
        assert_eq!(first.answer().await, Ok(vec![1]));
    }

    #[tokio::test]
    async fn the_end_reaches_all_and_nobody_comes_after() {
        let pending = Pending::new();
        let mut ticket = pending.register(Uuid::from_u128(1)).unwrap();
        pending.abandon();
        assert_eq!(ticket.answer().await, Err(RequestError::Lost));
        assert_eq!(pending.register(Uuid::from_u128(2)).err(), Some(RequestError::NoBroker));
    }
}
