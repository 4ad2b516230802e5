//! The tokens of a process, kept apart from its sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gateway_core::driver::{CloudSpec, KeptToken, TokenKeeper};
use gateway_core::id::CredentialId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Memory of all tokens, at most. A token with a catalog of one region takes about 2 kB, so that more than 30,000 accounts
/// fit. Higher saves logins of more accounts, or of larger catalogs; lower saves memory.
const BYTES: u64 = 64 << 20;

/// Typical size of a token, by which the cache sizes its tables.
const TYPICAL_BYTES: u64 = 2 << 10;

/// Memory of an entry beside its token, about.
const ENTRY_BYTES: u64 = 128;

/// Locks kept before unused ones are removed.
const LOOKED_THROUGH_AT: usize = 1024;

/// The token of a credential at one registration. A changed registration may name another endpoint, which must not see it.
#[derive(Clone)]
struct Kept {
    cloud: Arc<CloudSpec>,
    token: KeptToken,
}

/// The size of a token in bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<CredentialId, Kept> for Bytes {
    fn weight(&self, _: &CredentialId, kept: &Kept) -> u64 {
        kept.token.bytes() as u64 + ENTRY_BYTES
    }
}

/// The tokens of all credentials that one process uses. They are small, so that they stay when the session that requested
/// one is evicted, and every part of the process uses the same one.
pub struct TokenCache {
    kept: Cache<CredentialId, Kept, Bytes>,
    turns: Mutex<Turns>,
}

/// The locks of logins, by credential. A lock lives as long as a session uses it.
#[derive(Default)]
struct Turns {
    by_credential: HashMap<CredentialId, Weak<tokio::sync::Mutex<()>>>,
    /// The count at which unused locks are removed. It doubles, so that the work for each new lock stays the same.
    look_through_at: usize,
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::with_bytes(BYTES)
    }
}

impl TokenCache {
    /// Returns an empty cache whose tokens take so much memory at most.
    pub fn with_bytes(bytes: u64) -> Self {
        let items = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(1);
        Self { kept: Cache::with_weighter(items, bytes, Bytes), turns: Mutex::default() }
    }

    /// Returns the keeper of a credential's token, for a session at this registration.
    pub(crate) fn keeper(
        self: &Arc<Self>,
        credential: CredentialId,
        cloud: Arc<CloudSpec>,
    ) -> Arc<dyn TokenKeeper> {
        let turn = self.turn(credential);
        Arc::new(CachedToken { cache: Arc::clone(self), credential, cloud, turn })
    }

    /// Drops the token of a credential that was refused.
    pub(crate) fn forget(&self, credential: CredentialId) {
        self.kept.remove(&credential);
    }

    fn turn(&self, credential: CredentialId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let Turns { by_credential, look_through_at } = &mut *turns;
        if let Some(turn) = by_credential.get(&credential).and_then(Weak::upgrade) {
            return turn;
        }
        if by_credential.len() >= (*look_through_at).max(LOOKED_THROUGH_AT) {
            by_credential.retain(|_, turn| turn.strong_count() > 0);
            *look_through_at = by_credential.len() * 2;
        }
        let turn = Arc::default();
        by_credential.insert(credential, Arc::downgrade(&turn));
        turn
    }
}

/// The keeper of one credential's token in the cache.
#[derive(Debug)]
struct CachedToken {
    cache: Arc<TokenCache>,
    credential: CredentialId,
    cloud: Arc<CloudSpec>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl TokenKeeper for CachedToken {
    fn turn(&self) -> &tokio::sync::Mutex<()> {
        &self.turn
    }

    fn get(&self) -> Option<KeptToken> {
        let kept = self.cache.kept.get(&self.credential)?;
        let is_same = Arc::ptr_eq(&kept.cloud, &self.cloud) || kept.cloud == self.cloud;
        is_same.then_some(kept.token)
    }

    fn put(&self, token: KeptToken) {
        let kept = Kept { cloud: Arc::clone(&self.cloud), token };
        self.cache.kept.insert(self.credential, kept);
    }

    fn clear(&self) {
        self.cache.forget(self.credential);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gateway_core::id::CloudId;

    use super::*;

    fn cloud() -> Arc<CloudSpec> {
        Arc::new(CloudSpec {
            id: CloudId::generate(),
            name: "cloud".to_owned(),
            endpoint: "https://cloud.example".to_owned(),
            regions: vec![],
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 10.0,
            timeout: Duration::from_secs(5),
            options: serde_json::Map::new(),
        })
    }

    /// Keeps tokens of a size for some credentials, and returns the number that is still kept at the end.
    fn kept_of(tokens: &Arc<TokenCache>, count: usize, bytes: usize) -> usize {
        let cloud = cloud();
        let keeper = |_| tokens.keeper(CredentialId::generate(), Arc::clone(&cloud));
        let keepers: Vec<_> = (0..count).map(keeper).collect();
        keepers.iter().for_each(|keeper| keeper.put(KeptToken::new(Arc::new(()), bytes)));
        keepers.iter().filter(|keeper| keeper.get().is_some()).count()
    }

    #[test]
    fn tokens_of_ten_thousand_accounts_are_kept() {
        let tokens = Arc::<TokenCache>::default();
        assert_eq!(kept_of(&tokens, 10_000, 2 * TYPICAL_BYTES as usize), 10_000);
    }

    #[test]
    fn tokens_take_no_more_memory_than_allowed() {
        let tokens = Arc::new(TokenCache::with_bytes(1 << 20));
        let kept = kept_of(&tokens, 4_000, 1_000);
        assert!((500..=1_000).contains(&kept), "{kept}");
        assert_eq!(kept_of(&tokens, 1, 2 << 20), 0, "larger than the limit");
    }

    #[test]
    fn token_is_not_seen_at_another_registration() {
        let (tokens, id, first) = (Arc::<TokenCache>::default(), CredentialId::generate(), cloud());
        tokens.keeper(id, Arc::clone(&first)).put(KeptToken::new(Arc::new(7_u8), 1));
        let read_again = Arc::new(CloudSpec::clone(&first));
        assert_eq!(tokens.keeper(id, read_again).get().unwrap().login::<u8>().as_deref(), Some(&7));
        let moved = CloudSpec { endpoint: "https://moved.example".to_owned(), ..CloudSpec::clone(&first) };
        assert!(tokens.keeper(id, Arc::new(moved)).get().is_none());
    }

    #[test]
    fn locks_of_logins_are_shared_and_forgotten() {
        let (tokens, id) = (Arc::<TokenCache>::default(), CredentialId::generate());
        let turn = tokens.turn(id);
        assert!(Arc::ptr_eq(&turn, &tokens.turn(id)));
        for _ in 0..10 * LOOKED_THROUGH_AT {
            tokens.turn(CredentialId::generate());
        }
        assert!(tokens.turns.lock().unwrap().by_credential.len() <= LOOKED_THROUGH_AT + 1);
        assert!(Arc::ptr_eq(&turn, &tokens.turn(id)));
    }
}
