//! Overrides of instances and volumes, and the values that are derived from the number without them.

use gateway_core::Kind;

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Instance, Overrides, Record, VolumeOverrides};
use crate::cloud::tables::table::TableKey;
use crate::cloud::tables::volume_class::Class;

/// Names of the seeded keys: the first belongs to some instances, the second to none.
pub(crate) const SEEDED_KEYS: [&str; 2] = ["ops", "deploy"];

impl Tables {
    /// Returns the overrides of an instance, to change them. They begin with the derived values.
    pub(crate) fn overrides_mut(&mut self, table: TableKey, number: u64) -> Option<&mut Overrides> {
        let instance = self.instance_at(table, number)?;
        let derived = match &instance.overrides {
            Some(_) => None,
            None => Some(Overrides {
                key: Tables::key_of_instance(number, instance).map(str::to_owned),
                firewalls: self.derived_firewalls(table, number).map(|(group, _)| group).collect(),
                zone: self.zone_of_instance(table, number, instance),
                ..Overrides::default()
            }),
        };
        let overrides = &mut self.instance_at_mut(table, number)?.overrides;
        if let Some(derived) = derived {
            *overrides = Some(Box::new(derived));
        }
        overrides.as_deref_mut()
    }

    /// Returns the overrides of a volume, to change them. They begin with the derived values.
    pub(crate) fn volume_overrides_mut(
        &mut self,
        table: TableKey,
        number: u64,
    ) -> Option<&mut VolumeOverrides> {
        let zone = self.zone(table, number);
        let volume = self.volume_at_mut(table, number)?;
        let derived =
            || Box::new(VolumeOverrides { class: Class::of_volume(number), zone, image: None, device: None });
        Some(volume.overrides.get_or_insert_with(derived))
    }

    /// Returns the groups of an instance without overrides: the default group, and the seeded ones by its number.
    pub(crate) fn derived_firewalls(
        &self,
        table: TableKey,
        number: u64,
    ) -> impl Iterator<Item = (u64, &Record)> {
        let groups = self.records(TableKey { kind: Kind::SecurityGroup, ..table }).after(None);
        groups.filter(move |(_, record)| match record.body {
            Body::SecurityGroup { default, seeded } => default || (seeded && number & 1 == 1),
            _ => false,
        })
    }

    pub(crate) fn zone_of_instance(&self, table: TableKey, number: u64, instance: &Instance) -> String {
        instance
            .overrides
            .as_ref()
            .map_or_else(|| self.zone(table, number), |overrides| overrides.zone.clone())
    }

    pub(crate) fn key_of_instance(number: u64, instance: &Instance) -> Option<&str> {
        match &instance.overrides {
            Some(overrides) => overrides.key.as_deref(),
            None => number.is_multiple_of(3).then_some(SEEDED_KEYS[0]),
        }
    }
}
