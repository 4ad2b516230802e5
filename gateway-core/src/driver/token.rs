//! Tokens of clouds, kept apart from the sessions that use them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The login of one credential, in the form of its driver: a token, and what the cloud sent with it.
#[derive(Clone)]
pub struct KeptToken {
    login: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

impl KeptToken {
    /// Makes a token of a driver's login that takes about so many bytes of memory.
    pub fn new<L: Any + Send + Sync>(login: Arc<L>, bytes: usize) -> Self {
        Self { login, bytes }
    }

    /// Returns the login, if it is of this type.
    pub fn login<L: Any + Send + Sync>(&self) -> Option<Arc<L>> {
        Arc::clone(&self.login).downcast().ok()
    }

    /// Returns about how much memory the login takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl fmt::Debug for KeptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptToken").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// The keeper of the token of one credential. All sessions of the credential share it, so that they log in once, and a token
/// outlives the session that requested it.
pub trait TokenKeeper: Send + Sync + fmt::Debug {
    /// Returns the lock that a session holds while it logs in.
    fn turn(&self) -> &tokio::sync::Mutex<()>;

    /// Returns the token, if it is still kept.
    fn get(&self) -> Option<KeptToken>;

    /// Keeps a token instead of the one before. The keeper may drop it at any time.
    fn put(&self, token: KeptToken);

    /// Drops the token, because the cloud refused the credential.
    fn clear(&self);
}

/// The keeper of one session that shares its token with no other.
#[derive(Debug, Default)]
pub struct OwnToken {
    turn: tokio::sync::Mutex<()>,
    token: Mutex<Option<KeptToken>>,
}

impl OwnToken {
    fn set(&self, token: Option<KeptToken>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl TokenKeeper for OwnToken {
    fn turn(&self) -> &tokio::sync::Mutex<()> {
        &self.turn
    }

    fn get(&self) -> Option<KeptToken> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, token: KeptToken) {
        self.set(Some(token));
    }

    fn clear(&self) {
        self.set(None);
    }
}
