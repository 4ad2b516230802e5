//! The plan of addresses: a part of the private range in each subnet, and the counters of allocated addresses.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::cloud::tables::range::{PRIVATE, Range};
use crate::cloud::tables::table::Owner;

/// Subnets of each network.
const SUBNETS_PER_NETWORK: usize = 2;

/// Networks of an account in a region at most; their subnets still have 64,000 addresses each.
const MAX_NETWORKS: usize = 128;

/// Plan of the private ranges of the networks of an account in one region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    subnets: u32,
}

impl Plan {
    /// Makes the plan for a number of networks; without networks it is that of one.
    pub(crate) fn new(networks: usize) -> Self {
        Self { subnets: (networks.clamp(1, MAX_NETWORKS) * SUBNETS_PER_NETWORK) as u32 }
    }

    /// Returns the ranges of all subnets, network by network.
    pub(crate) fn networks(self) -> impl Iterator<Item = [Range; SUBNETS_PER_NETWORK]> {
        (0..self.subnets)
            .step_by(SUBNETS_PER_NETWORK)
            .map(move |first| [self.range(first), self.range(first + 1)])
    }

    fn range(self, subnet: u32) -> Range {
        let prefix = PRIVATE.prefix + self.subnets.next_power_of_two().ilog2();
        Range { base: PRIVATE.base + (subnet << (32 - prefix)), prefix }
    }

    /// Returns the private address that is allocated after `before` others, from each subnet in turn.
    pub(crate) fn nth(self, before: u64) -> Ipv4Addr {
        let subnets = u64::from(self.subnets);
        self.range((before % subnets) as u32).nth(before / subnets)
    }
}

/// Numbers of allocated addresses: private ones by region and account, public ones by region.
#[derive(Debug, Default)]
pub(crate) struct Allocated(BTreeMap<(usize, Owner), u64>);

impl Allocated {
    /// Counts an allocation and returns the number of those before.
    pub(crate) fn count(&mut self, region: usize, owner: Owner) -> u64 {
        let count = self.0.entry((region, owner)).or_default();
        *count += 1;
        *count - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn planned_addresses_are_unique_and_in_one_subnet() {
        for networks in [0, 1, 2, 3, 1000] {
            let plan = Plan::new(networks);
            let ranges: Vec<Range> = plan.networks().flatten().collect();
            assert_eq!(ranges.len(), networks.clamp(1, MAX_NETWORKS) * SUBNETS_PER_NETWORK);
            let mut met = HashSet::new();
            for before in 0..100_000 {
                let address = plan.nth(before);
                assert!(met.insert(address), "{address} is allocated twice");
                let holders: Vec<_> = ranges.iter().filter(|range| range.contains(address)).collect();
                let [holder] = holders.as_slice() else { panic!("{address} is in {holders:?}") };
                let [first, last] = holder.pool();
                assert!(first <= address && address <= last && address != holder.gateway());
            }
        }
    }

    #[test]
    fn ranges_of_a_network_divide_the_private_range() {
        let [first, second] = Plan::new(2).networks().next().unwrap();
        assert_eq!((first.to_string(), second.to_string()), ("10.0.0.0/10".into(), "10.64.0.0/10".into()));
    }
}
