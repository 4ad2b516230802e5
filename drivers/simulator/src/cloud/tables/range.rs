//! Ranges of IPv4 addresses.

use std::net::Ipv4Addr;

/// Range of the private addresses; every account uses all of it.
pub(crate) const PRIVATE: Range = Range::new(Ipv4Addr::new(10, 0, 0, 0), 8);

/// Range of the public addresses of a region, shared by all accounts. No real host has such an address.
pub(crate) const PUBLIC: Range = Range::new(Ipv4Addr::new(100, 64, 0, 0), 10);

/// A range of addresses. The first is the network address, the second the gateway, the last the broadcast address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) base: u32,
    pub(crate) prefix: u32,
}

impl Range {
    const fn new(base: Ipv4Addr, prefix: u32) -> Self {
        Self { base: base.to_bits(), prefix }
    }

    /// Parses the form of `Display`: a prefix from /8 to /30.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let base: Ipv4Addr = base.parse().ok()?;
        let range = Self { base: base.to_bits(), prefix: prefix.parse().ok()? };
        let is_valid = (8..=30).contains(&range.prefix) && range.base & (range.size() - 1) == 0;
        is_valid.then_some(range)
    }

    /// Returns whether the ranges overlap.
    pub(crate) const fn overlaps(self, other: Self) -> bool {
        self.contains(Ipv4Addr::from_bits(other.base)) || other.contains(Ipv4Addr::from_bits(self.base))
    }

    /// Returns the number of addresses.
    pub(crate) const fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    /// Returns whether an address is in the range.
    pub(crate) const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & !(self.size() - 1) == self.base
    }

    /// Returns the address of the gateway.
    pub(crate) const fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base + 1)
    }

    /// Returns the first and the last address that are allocated.
    pub(crate) const fn pool(self) -> [Ipv4Addr; 2] {
        [Ipv4Addr::from_bits(self.base + 2), Ipv4Addr::from_bits(self.base + self.size() - 2)]
    }

    /// Returns the address that is allocated after `before` others: a released address is reused only after all others.
    pub(crate) const fn nth(self, before: u64) -> Ipv4Addr {
        let host = before % (self.size() as u64 - 3);
        Ipv4Addr::from_bits(self.base + 2 + host as u32)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.base), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_is_written_in_cidr_notation() {
        let range = Range::parse("10.0.0.0/10").unwrap();
        assert_eq!(range.to_string(), "10.0.0.0/10");
        assert_eq!(range.gateway(), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(range.pool()[1], Ipv4Addr::new(10, 63, 255, 254));
    }
}
