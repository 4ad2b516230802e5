//! Which addresses there are: a part of 10.0.0.0/8 in each subnet inside, 100.64.0.0/10 outside.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;

/// Inside, the same for every account: what is inside is nobody else's.
const INSIDE: Range = Range::new(Ipv4Addr::new(10, 0, 0, 0), 8);

/// Outside, for all accounts of a region together. No real host has such an address.
pub(super) const OUTSIDE: Range = Range::new(Ipv4Addr::new(100, 64, 0, 0), 10);

/// Subnets of each network inside.
const SUBNETS_OF_NETWORK: usize = 2;

/// Most networks of an account in a region: their subnets still have 64,000 addresses each.
const MOST_NETWORKS: usize = 128;

/// A range of addresses. The first is the network itself, the second its way out, the last is for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    base: u32,
    prefix: u32,
}

impl Range {
    const fn new(base: Ipv4Addr, prefix: u32) -> Self {
        Self { base: base.to_bits(), prefix }
    }

    /// Reads what `Display` writes, of 4 to 16 million addresses.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let base: Ipv4Addr = base.parse().ok()?;
        let range = Self { base: base.to_bits(), prefix: prefix.parse().ok()? };
        let is_fine = (8..=30).contains(&range.prefix) && range.base & (range.size() - 1) == 0;
        is_fine.then_some(range)
    }

    /// Whether some address is in both.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.contains(Ipv4Addr::from_bits(other.base)) || other.contains(Ipv4Addr::from_bits(self.base))
    }

    pub(super) const fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    pub(super) const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & !(self.size() - 1) == self.base
    }

    /// Where traffic to elsewhere goes.
    pub(super) const fn way_out(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base + 1)
    }

    /// The first and the last address that are given out.
    pub(super) const fn given_out(self) -> [Ipv4Addr; 2] {
        [Ipv4Addr::from_bits(self.base + 2), Ipv4Addr::from_bits(self.base + self.size() - 2)]
    }

    /// The address that is given out after `before` others: one that was given back comes again only when all
    /// were given.
    pub(super) const fn nth(self, before: u64) -> Ipv4Addr {
        let host = before % (self.size() as u64 - 3);
        Ipv4Addr::from_bits(self.base + 2 + host as u32)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.base), self.prefix)
    }
}

/// How the addresses inside are spread over an account's networks in one region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    subnets: u32,
}

impl Plan {
    /// An account without networks has addresses as if it had one.
    pub(super) fn new(networks: usize) -> Self {
        Self { subnets: (networks.clamp(1, MOST_NETWORKS) * SUBNETS_OF_NETWORK) as u32 }
    }

    /// The ranges of all subnets, network by network.
    pub(super) fn networks(self) -> impl Iterator<Item = [Range; SUBNETS_OF_NETWORK]> {
        (0..self.subnets)
            .step_by(SUBNETS_OF_NETWORK)
            .map(move |first| [self.range(first), self.range(first + 1)])
    }

    fn range(self, subnet: u32) -> Range {
        let prefix = INSIDE.prefix + self.subnets.next_power_of_two().ilog2();
        Range { base: INSIDE.base + (subnet << (32 - prefix)), prefix }
    }

    /// The inside address that is given out after `before` others: subnet by subnet in turn.
    pub(super) fn nth(self, before: u64) -> Ipv4Addr {
        let subnets = u64::from(self.subnets);
        self.range((before % subnets) as u32).nth(before / subnets)
    }
}

/// How many addresses were given out: inside by region and account, outside by region.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeMap<(usize, Owner), u64>);

impl Given {
    fn count(&mut self, region: usize, owner: Owner) -> u64 {
        let count = self.0.entry((region, owner)).or_default();
        *count += 1;
        *count - 1
    }
}

impl World {
    /// An inside address that nothing of the account has in the region.
    pub(super) fn inside_address(&mut self, place: Place) -> Ipv4Addr {
        Plan::new(self.networks).nth(self.given.count(place.region, place.owner))
    }

    /// An outside address that nothing has in the region; none where nothing could have it.
    pub(super) fn outside_address(&mut self, place: Place) -> Option<Ipv4Addr> {
        self.has(Sort::IpAddress).then(|| OUTSIDE.nth(self.given.count(place.region, Owner::Everybody)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_are_each_in_one_subnet_and_differ() {
        for networks in [0, 1, 2, 3, 1000] {
            let plan = Plan::new(networks);
            let ranges: Vec<Range> = plan.networks().flatten().collect();
            assert_eq!(ranges.len(), networks.clamp(1, MOST_NETWORKS) * SUBNETS_OF_NETWORK);
            let mut met = HashSet::new();
            for before in 0..100_000 {
                let address = plan.nth(before);
                assert!(met.insert(address), "{address} is given twice");
                let holders: Vec<_> = ranges.iter().filter(|range| range.contains(address)).collect();
                let [holder] = holders.as_slice() else { panic!("{address} is in {holders:?}") };
                let [first, last] = holder.given_out();
                assert!(first <= address && address <= last && address != holder.way_out());
            }
        }
    }

    #[test]
    fn a_range_is_written_as_everybody_does() {
        let [first, second] = Plan::new(2).networks().next().unwrap();
        assert_eq!((first.to_string(), second.to_string()), ("10.0.0.0/10".into(), "10.64.0.0/10".into()));
        assert_eq!(first.way_out(), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(first.given_out()[1], Ipv4Addr::new(10, 63, 255, 254));
    }
}
