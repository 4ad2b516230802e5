//! Quotas: usage is counted for each request and never stored.

use gateway_core::Kind;

use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::measure::{Counted, Measure};
use crate::cloud::tables::record::{Body, InstanceType, Record};
use crate::cloud::tables::table::{Owner, TableKey};

impl Tables {
    /// Refuses a request that exceeds a limit of the account.
    ///
    /// Counting a large account is slow, so it is done only if there is a limit.
    pub(crate) fn check_quota(&self, table: TableKey, word: &str, more: u64) -> Result<(), Refusal> {
        let quotas = self.records(TableKey { kind: Kind::Quota, ..table }).after(None);
        let found = quotas.filter_map(|(_, record)| match record.body {
            Body::Quota { measure, limit } if measure.word == word => Some((measure, limit?)),
            _ => None,
        });
        for (measure, limit) in found {
            if self.used(table, measure) + more > limit {
                return Err(Refusal::quota_spent(word, limit));
            }
        }
        Ok(())
    }

    /// Sets a limit, which must not be less than the usage.
    pub(crate) fn set_limit(
        &mut self,
        table: TableKey,
        number: u64,
        limit: Option<u64>,
    ) -> Result<(), Refusal> {
        let used = match self.records(table).get(number).map(|record| &record.body) {
            Some(Body::Quota { measure, .. }) => self.used(table, measure),
            _ => return Err(Refusal::no_resource()),
        };
        if limit.is_some_and(|limit| limit < used) {
            return Err(Refusal::conflict(format!("the account uses {used}, which is more than the limit")));
        }
        let record = self.records_mut(table).get_mut(number);
        if let Some(Record { body: Body::Quota { limit: current, .. }, .. }) = record {
            *current = limit;
        }
        Ok(())
    }

    /// Returns the usage of an account in a region.
    pub(crate) fn used(&self, table: TableKey, measure: &Measure) -> u64 {
        let of = |kind| TableKey { kind, ..table };
        match measure.of {
            // Shared images count for their owner alone.
            Counted::Records(Kind::Image) => self.records(of(Kind::Image)).len() as u64,
            Counted::Records(kind) => self.count(of(kind)) as u64,
            Counted::Cores => self.sum_of_types(table, |size| u64::from(size.cores)),
            Counted::MemoryMb => self.sum_of_types(table, |size| size.memory_mb),
            Counted::DiskGb => {
                let volumes = self.records(of(Kind::Volume)).after(None);
                volumes
                    .map(
                        |(_, record)| {
                            if let Body::Volume(volume) = &record.body { volume.gigabytes } else { 0 }
                        },
                    )
                    .sum()
            }
        }
    }

    fn sum_of_types(&self, table: TableKey, size: impl Fn(&InstanceType) -> u64) -> u64 {
        let types = self.records(TableKey { owner: Owner::Public, kind: Kind::InstanceType, ..table });
        let instances = self.records(TableKey { kind: Kind::Instance, ..table }).after(None);
        let sizes = instances.filter_map(|(_, record)| match &record.body {
            Body::Instance(instance) => match &types.get(instance.instance_type)?.body {
                Body::InstanceType(of_type) => Some(size(of_type)),
                _ => None,
            },
            _ => None,
        });
        sizes.sum()
    }
}
