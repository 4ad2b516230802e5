//! Who is logged in.

use std::collections::HashMap;
use std::time::Duration;

use gateway_core::Timestamp;
use uuid::Uuid;

/// Sessions kept before the expired ones are swept out.
const SWEEP_AT: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, (usize, Timestamp)>);

impl Sessions {
    /// A token for an account, by its number, and when it ends.
    pub(super) fn begin(&mut self, account: usize, life: Duration, now: Timestamp) -> (String, Timestamp) {
        if self.0.len() >= SWEEP_AT {
            self.0.retain(|_, (_, end)| *end > now);
        }
        let token = format!("sim-{}", Uuid::new_v4().simple());
        let end = now.plus(life);
        self.0.insert(token.clone(), (account, end));
        (token, end)
    }

    /// The account of a token that has not ended.
    pub(super) fn account(&self, token: &str, now: Timestamp) -> Option<usize> {
        self.0.get(token).filter(|(_, end)| *end > now).map(|(account, _)| *account)
    }

    /// Ends the sessions of one account.
    pub(super) fn end(&mut self, account: usize) {
        self.0.retain(|_, (of, _)| *of != account);
    }

    /// Ends every session, so that every client must log in again.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
