//! The free slots of a part of a process for calls to clouds, at one moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::breaker::Breakers;
use super::call::{CallKey, Endpoint};
use super::held::Held;
use super::probation::Probation;
use super::silence::Silence;
use crate::id::{CloudId, Holder};

/// Slots that all endpoints of one cloud hold together, as a multiple of those that are free. With 3, a cloud with many
/// regions leaves a quarter to others. A higher value leaves less; at 1, a region that hangs could take the slots of all
/// regions of its cloud.
const OF_CLOUD: usize = 3;

/// The free slots of a process for calls to clouds, by endpoint and holder. A search for due work leaves out the full
/// endpoints and holders, and takes slots from its own copy.
///
/// Beyond the rule of the pool, a holder has fewer slots at all endpoints of its cloud than are free, a cloud leaves a
/// quarter of the slots to others, and an endpoint that was never answered has one slot until it is. Calls that wait for
/// other clouds that are silent take none of the slots.
#[derive(Clone, Debug)]
pub struct CallCapacity {
    held: Held<CallKey>,
    silence: Silence,
    of_clouds: HashMap<CloudId, usize>,
    of_holders: HashMap<(CloudId, Holder), usize>,
    /// Keys whose breaker is open.
    open: HashSet<CallKey>,
    /// None for a capacity without a limit.
    breakers: Option<Arc<Breakers>>,
}

/// The holders without a free slot, at endpoints that have one.
#[derive(Debug, Default)]
pub struct FullHolders {
    at: HashMap<Endpoint, Vec<Holder>>,
    of_clouds: HashMap<CloudId, Vec<Holder>>,
}

impl FullHolders {
    /// Returns the holders without a free slot at an endpoint.
    pub fn at(&self, endpoint: &Endpoint) -> impl Iterator<Item = Holder> {
        let here = self.at.get(endpoint).into_iter().flatten();
        here.chain(self.of_clouds.get(&endpoint.cloud).into_iter().flatten()).copied()
    }
}

impl CallCapacity {
    /// Returns a capacity without a limit.
    pub fn unlimited() -> Self {
        Self::with(Held::new(usize::MAX), Silence::new(0), None)
    }

    pub(super) fn new(held: Held<CallKey>, silence: Silence, breakers: Arc<Breakers>) -> Self {
        Self::with(held, silence, Some(breakers))
    }

    fn with(held: Held<CallKey>, silence: Silence, breakers: Option<Arc<Breakers>>) -> Self {
        let (mut of_clouds, mut of_holders) = (HashMap::new(), HashMap::new());
        for key in held.keys() {
            let cloud = key.endpoint().cloud;
            match key {
                CallKey::Endpoint(_) => *of_clouds.entry(cloud).or_default() += held.of(key),
                CallKey::Holder(_, holder) => {
                    *of_holders.entry((cloud, *holder)).or_default() += held.of(key)
                }
                CallKey::Principal(..) => {}
            }
        }
        let open = breakers.iter().flat_map(|breakers| breakers.open()).collect();
        Self { held, silence, of_clouds, of_holders, open, breakers }
    }

    /// Returns whether every endpoint and every holder has a free slot, so that a search needs to leave out nothing.
    pub fn is_free_for_all(&self) -> bool {
        self.known().all(|key| match key {
            CallKey::Holder(endpoint, holder) => self.allows(endpoint, *holder),
            _ => self.is_free_for(key.endpoint()),
        })
    }

    /// Returns whether an endpoint has a free slot. If it has one, all its holders have one except the full ones.
    pub fn is_free_for(&self, endpoint: &Endpoint) -> bool {
        let (key, of_cloud) = (CallKey::Endpoint(endpoint.clone()), self.of_clouds.get(&endpoint.cloud));
        of_cloud.is_none_or(|held| *held < self.free_for(endpoint.cloud).saturating_mul(OF_CLOUD))
            && (self.held.of(&key) == 0 || self.has_answered(&key))
            && self.held_allows(endpoint, &[key])
    }

    /// Returns the holders without a free slot at endpoints that have one.
    pub fn full_holders(&self) -> FullHolders {
        let mut full = FullHolders::default();
        for (cloud, holder) in self.of_holders.keys() {
            if !self.is_free_for_holder(*cloud, *holder) {
                full.of_clouds.entry(*cloud).or_default().push(*holder);
            }
        }
        for key in self.known() {
            if let CallKey::Holder(endpoint, holder) = key
                && self.is_free_for(endpoint)
                && self.is_free_for_holder(endpoint.cloud, *holder)
                && !self.allows(endpoint, *holder)
            {
                full.at.entry(endpoint.clone()).or_default().push(*holder);
            }
        }
        full
    }

    /// Returns the endpoints on probation.
    pub fn probation(&self) -> Probation {
        self.breakers.as_ref().map(|breakers| breakers.probation()).unwrap_or_default()
    }

    /// Takes a slot if one is free for the endpoint and the holder. The first call for two that are not full succeeds.
    pub fn take(&mut self, endpoint: &Endpoint, holder: Holder) -> bool {
        let is_free = self.allows(endpoint, holder);
        if is_free {
            self.held.take(&CallKey::for_holder(endpoint.clone(), holder));
            *self.of_clouds.entry(endpoint.cloud).or_default() += 1;
            *self.of_holders.entry((endpoint.cloud, holder)).or_default() += 1;
        }
        is_free
    }

    fn has_answered(&self, key: &CallKey) -> bool {
        self.breakers.as_ref().is_none_or(|breakers| breakers.has_answered(key))
    }

    fn is_free_for_holder(&self, cloud: CloudId, holder: Holder) -> bool {
        self.of_holders.get(&(cloud, holder)).is_none_or(|held| *held < self.free_for(cloud))
    }

    /// Returns the free slots as a cloud sees them.
    fn free_for(&self, cloud: CloudId) -> usize {
        self.held.free_beside(self.silence.beside(Some(cloud)))
    }

    fn held_allows(&self, endpoint: &Endpoint, path: &[CallKey]) -> bool {
        let uncounted = self.silence.beside(Some(endpoint.cloud));
        self.held.allows_beside(uncounted, path, |key| self.open.contains(key))
    }

    fn allows(&self, endpoint: &Endpoint, holder: Holder) -> bool {
        let path = CallKey::for_holder(endpoint.clone(), holder);
        self.is_free_for(endpoint)
            && self.is_free_for_holder(endpoint.cloud, holder)
            && self.held_allows(endpoint, &path)
    }

    /// Returns all keys that may be full, each once.
    fn known(&self) -> impl Iterator<Item = &CallKey> {
        let others = self.open.iter().filter(|key| self.held.of(key) == 0);
        self.held.keys().chain(others)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, Instant};

    use super::*;
    use crate::error::{Error, ErrorKind, Result};
    use crate::id::{AccountId, Region};
    use crate::shares::CallSlots;

    const TOTAL: usize = 32;

    fn endpoint() -> Endpoint {
        Endpoint::of_region(CloudId::generate(), Region::new("r1"))
    }

    fn account(number: usize) -> Holder {
        Holder::Account(AccountId::derive(CloudId::from_bytes(&[7; 16]).unwrap(), &number.to_string()))
    }

    fn late() -> Result<()> {
        Err(Error::new(ErrorKind::Timeout, "late"))
    }

    /// Slots with endpoints that were answered.
    fn slots(answered: &[Endpoint]) -> (CallSlots, Arc<Breakers>) {
        let breakers = Arc::new(Breakers::default());
        answered.iter().for_each(|endpoint| record(&breakers, endpoint, Ok(())));
        (CallSlots::new("test", TOTAL, Arc::clone(&breakers)), breakers)
    }

    fn record(breakers: &Breakers, endpoint: &Endpoint, result: Result<()>) {
        breakers.record(&[CallKey::Endpoint(endpoint.clone())], Instant::now(), &result);
    }

    /// Takes slots for accounts of endpoints by turns until none is free; returns their number.
    fn take_all(capacity: &mut CallCapacity, endpoints: &[Endpoint], accounts: usize) -> usize {
        let mut count = 0;
        loop {
            let before = count;
            for number in 0..accounts {
                count += endpoints.iter().filter(|endpoint| capacity.take(endpoint, account(number))).count();
            }
            if count == before {
                return count;
            }
        }
    }

    #[test]
    fn accounts_of_one_endpoint_leave_half_of_the_slots() {
        let (hung, healthy) = ([endpoint()], endpoint());
        let mut capacity = slots(&hung).0.capacity();
        assert_eq!(take_all(&mut capacity, &hung, 64), TOTAL / 2);
        assert!(!capacity.is_free_for(&hung[0]) && capacity.is_free_for(&healthy));
        assert!(!capacity.is_free_for_all() && capacity.full_holders().at(&hung[0]).next().is_none());
        assert!(capacity.take(&healthy, account(0)), "the other half is free");
    }

    #[test]
    fn full_holder_of_an_endpoint_leaves_slots_to_other_holders() {
        let endpoint = [endpoint()];
        let mut capacity = slots(&endpoint).0.capacity();
        assert_eq!(take_all(&mut capacity, &endpoint, 1), TOTAL / 4);
        assert!(capacity.is_free_for(&endpoint[0]) && !capacity.is_free_for_all());
        assert!(capacity.full_holders().at(&endpoint[0]).eq([account(0)]));
        assert!(capacity.take(&endpoint[0], account(1)));
    }

    #[test]
    fn regions_of_one_cloud_leave_slots_to_other_clouds_and_those_of_one_account_to_other_accounts() {
        let cloud = CloudId::generate();
        let region = |number| Endpoint::of_region(cloud, Region::new(format!("r{number}")));
        let regions: Vec<_> = (0..40).map(region).collect();
        let mut capacity = slots(&regions).0.capacity();
        assert_eq!(take_all(&mut capacity, &regions, 1), TOTAL / 2);
        assert!(capacity.full_holders().at(&region(99)).eq([account(0)]), "in an unused region too");
        assert_eq!(take_all(&mut capacity, &regions, 64), TOTAL / 4, "three quarters together");
        assert!(!capacity.is_free_for(&region(99)));
        assert!(capacity.take(&endpoint(), account(0)));
    }

    #[test]
    fn endpoint_gets_its_share_when_it_was_answered_for_the_first_time() {
        let (slots, breakers) = slots(&[]);
        let new = [endpoint()];
        assert_eq!(take_all(&mut slots.capacity(), &new, 64), 1);
        let _first = slots.take(new[0].clone(), account(0));
        assert!(!slots.capacity().is_free_for(&new[0]) && !slots.capacity().is_free_for_all());
        record(&breakers, &new[0], Ok(()));
        assert_eq!(take_all(&mut slots.capacity(), &new, 64), TOTAL / 2 - 1);
    }

    #[tokio::test]
    async fn endpoints_that_time_out_have_one_slot_each_and_at_most_a_quarter_together() {
        let (slots, breakers) = slots(&[]);
        let hung: Vec<_> = (0..40).map(|_| endpoint()).collect();
        hung.iter().for_each(|endpoint| record(&breakers, endpoint, late()));
        let mut capacity = slots.capacity();
        assert!(capacity.is_free_for_all());
        assert_eq!(take_all(&mut capacity, &hung, 4), TOTAL / 4);
        assert!(!hung.iter().any(|endpoint| capacity.is_free_for(endpoint)) && !capacity.is_free_for_all());

        let probe = slots.take(hung[0].clone(), account(0));
        assert!(!slots.capacity().is_free_for(&hung[0]) && slots.capacity().is_free_for(&hung[1]));
        record(&breakers, &hung[0], Ok(()));
        assert!(slots.capacity().take(&hung[0], account(0)), "it answers again");
        drop(probe);
        assert_eq!(slots.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn clouds_that_fall_silent_at_once_leave_all_slots_to_others() {
        let hung: Vec<_> = (0..2 * TOTAL).map(|_| endpoint()).collect();
        let healthy = endpoint();
        let (slots, _) = slots(&[hung.as_slice(), std::slice::from_ref(&healthy)].concat());
        let mut held = Vec::new();
        for half in hung.chunks(TOTAL) {
            let mut capacity = slots.capacity();
            held.extend(
                half.iter()
                    .filter(|hung| capacity.take(hung, account(0)))
                    .map(|hung| slots.take((*hung).clone(), account(0))),
            );
            assert!(!slots.capacity().is_free_for(&healthy), "they have just begun");
            tokio::time::advance(Duration::from_secs(10)).await;
            let mut capacity = slots.capacity();
            assert_eq!(take_all(&mut capacity, std::slice::from_ref(&healthy), 64), TOTAL / 2);
            assert_eq!(slots.free(), TOTAL);
        }
        assert_eq!(held.len(), 2 * TOTAL);
        let more: Vec<_> = (0..TOTAL).map(|_| slots.take(endpoint(), account(0))).collect();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(slots.free(), 0, "the number of silent calls is limited");
        drop((held, more));
        assert_eq!((slots.taken(), slots.free()), (0, TOTAL));
    }

    #[tokio::test(start_paused = true)]
    async fn silent_calls_of_a_cloud_count_for_itself_until_it_answers() {
        let (hung, other) = ([endpoint()], endpoint());
        let (slots, breakers) = slots(&hung);
        let _held: Vec<_> =
            (0..TOTAL / 2).map(|number| slots.take(hung[0].clone(), account(number))).collect();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!slots.capacity().is_free_for(&hung[0]) && slots.capacity().is_free_for(&other));
        assert_eq!(slots.free(), TOTAL);
        record(&breakers, &hung[0], Ok(()));
        assert_eq!(slots.free(), TOTAL / 2);
    }

    #[test]
    fn unlimited_capacity_is_never_full() {
        let (mut capacity, endpoint) = (CallCapacity::unlimited(), endpoint());
        assert!((0..1000).all(|_| capacity.take(&endpoint, Holder::Global)));
        assert!(capacity.is_free_for_all());
    }
}
