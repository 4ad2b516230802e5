//! The sessions of logged-in clients.

use std::collections::HashMap;
use std::time::Duration;

use gateway_core::Timestamp;
use uuid::Uuid;

/// Number of sessions from which expired ones are removed.
const SWEEP_AT: usize = 1024;

/// Account and end of each session, by token.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<String, (usize, Timestamp)>);

impl Sessions {
    /// Begins a session of an account; returns its token and its end.
    pub(crate) fn begin(&mut self, account: usize, life: Duration, now: Timestamp) -> (String, Timestamp) {
        if self.0.len() >= SWEEP_AT {
            self.0.retain(|_, (_, end)| *end > now);
        }
        let token = format!("sim-{}", Uuid::new_v4().simple());
        let end = now.plus(life);
        self.0.insert(token.clone(), (account, end));
        (token, end)
    }

    /// Returns the account of a valid token.
    pub(crate) fn account(&self, token: &str, now: Timestamp) -> Option<usize> {
        self.0.get(token).filter(|(_, end)| *end > now).map(|(account, _)| *account)
    }

    /// Ends the sessions of one account.
    pub(crate) fn end(&mut self, account: usize) {
        self.0.retain(|_, (of, _)| *of != account);
    }

    /// Ends every session.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
