//! What an owner chose of an instance or a volume, and what chance draws of those that nobody chose anything of.

use super::body::{Body, Chosen, ChosenVolume, Instance, Record, Volume};
use super::furnish::KEYS;
use super::published::Class;
use super::shelf::Place;
use super::sort::Sort;
use super::world::World;

impl World {
    /// The instance of a number.
    pub(super) fn instance_at(&self, place: Place, number: u64) -> Option<&Instance> {
        match &self.shelf(Place { sort: Sort::Instance, ..place }).get(number)?.body {
            Body::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    pub(super) fn instance_at_mut(&mut self, place: Place, number: u64) -> Option<&mut Instance> {
        match &mut self.shelf_mut(Place { sort: Sort::Instance, ..place }).get_mut(number)?.body {
            Body::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    /// The volume of a number.
    pub(super) fn volume_at(&self, place: Place, number: u64) -> Option<&Volume> {
        match &self.shelf(Place { sort: Sort::Volume, ..place }).get(number)?.body {
            Body::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    pub(super) fn volume_at_mut(&mut self, place: Place, number: u64) -> Option<&mut Volume> {
        match &mut self.shelf_mut(Place { sort: Sort::Volume, ..place }).get_mut(number)?.body {
            Body::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    /// What is chosen of an instance, to be changed: what was drawn so far is chosen from now on.
    pub(super) fn choose(&mut self, place: Place, number: u64) -> Option<&mut Chosen> {
        let instance = self.instance_at(place, number)?;
        let drawn = match &instance.chosen {
            Some(_) => None,
            None => Some(Chosen {
                key: World::key_of_instance(number, instance).map(str::to_owned),
                firewalls: self.drawn_firewalls(place, number).map(|(group, _)| group).collect(),
                zone: self.zone_of_instance(place, number, instance),
                ..Chosen::default()
            }),
        };
        let chosen = &mut self.instance_at_mut(place, number)?.chosen;
        if let Some(drawn) = drawn {
            *chosen = Some(Box::new(drawn));
        }
        chosen.as_deref_mut()
    }

    /// The same of a volume.
    pub(super) fn choose_volume(&mut self, place: Place, number: u64) -> Option<&mut ChosenVolume> {
        let zone = self.zone(place, number);
        let volume = self.volume_at_mut(place, number)?;
        let drawn =
            || Box::new(ChosenVolume { class: Class::of_volume(number), zone, image: None, device: None });
        Some(volume.chosen.get_or_insert_with(drawn))
    }

    /// The groups of an instance that nobody chose any for: the usual one of all, the others of every other.
    pub(super) fn drawn_firewalls(&self, place: Place, number: u64) -> impl Iterator<Item = (u64, &Record)> {
        let groups = self.shelf(Place { sort: Sort::SecurityGroup, ..place }).after(None);
        groups.filter(move |(_, record)| match record.body {
            Body::SecurityGroup { usual, seeded } => usual || (seeded && number & 1 == 1),
            _ => false,
        })
    }

    pub(super) fn zone_of_instance(&self, place: Place, number: u64, instance: &Instance) -> String {
        instance.chosen.as_ref().map_or_else(|| self.zone(place, number), |chosen| chosen.zone.clone())
    }

    pub(super) fn key_of_instance(number: u64, instance: &Instance) -> Option<&str> {
        match &instance.chosen {
            Some(chosen) => chosen.key.as_deref(),
            None => number.is_multiple_of(3).then_some(KEYS[0]),
        }
    }
}
