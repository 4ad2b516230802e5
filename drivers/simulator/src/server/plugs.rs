//! Interfaces and outside addresses of their own, and how those that follow an instance come to be that: when somebody
//! changes them. Most never are, and cost nothing.

use std::net::Ipv4Addr;

use gateway_core::Timestamp;

use super::body::{Body, Chosen, Instance, LeadsTo, Plug, Record};
use super::lifecycle::Status;
use super::shelf::Place;
use super::sort::Sort;
use super::world::World;

impl World {
    /// An interface of its own.
    pub(super) fn plug_at(&self, place: Place, number: u64) -> Option<&Plug> {
        match &self.shelf(Place { sort: Sort::NetworkInterface, ..place }).get(number)?.body {
            Body::Plug(plug) => Some(plug),
            _ => None,
        }
    }

    pub(super) fn plug_at_mut(&mut self, place: Place, number: u64) -> Option<&mut Plug> {
        match &mut self.shelf_mut(Place { sort: Sort::NetworkInterface, ..place }).get_mut(number)?.body {
            Body::Plug(plug) => Some(plug),
            _ => None,
        }
    }

    /// An outside address of its own, and where it leads to.
    pub(super) fn address_at(&self, place: Place, number: u64) -> Option<(Ipv4Addr, Option<LeadsTo>)> {
        match self.shelf(Place { sort: Sort::IpAddress, ..place }).get(number)?.body {
            Body::Address { ip, leads_to } => Some((ip, leads_to)),
            _ => None,
        }
    }

    /// All interfaces of an instance in the order of their slots: what follows it comes first.
    pub(super) fn plugs_of(&self, number: u64, instance: &Instance) -> impl Iterator<Item = u64> {
        let chosen = instance.chosen.iter().flat_map(|chosen| chosen.plugs.iter().copied());
        instance.inside.map(|_| number).into_iter().chain(chosen)
    }

    /// The instance that has an interface.
    pub(super) fn holder_of(&self, place: Place, plug: u64) -> Option<u64> {
        match self.plug_at(place, plug) {
            Some(plug) => plug.holder,
            None => self.instance_at(place, plug)?.inside.map(|_| plug),
        }
    }

    /// Where an interface has its addresses, each with its subnet.
    pub(super) fn places_of(&self, place: Place, plug: u64) -> Vec<(u64, Ipv4Addr)> {
        if let Some(plug) = self.plug_at(place, plug) {
            return plug.addresses.clone();
        }
        let inside = self.instance_at(place, plug).and_then(|instance| instance.inside);
        let found = inside.and_then(|ip| Some((self.planned_subnet(place, ip)?.0, ip)));
        found.into_iter().collect()
    }

    /// The subnet that an interface has an address in.
    pub(super) fn subnet_of(&self, place: Place, plug: u64, inside: Ipv4Addr) -> Option<u64> {
        let places = self.places_of(place, plug);
        places.into_iter().find(|(_, ip)| *ip == inside).map(|(subnet, _)| subnet)
    }

    /// The interfaces of a router, each with its subnet.
    pub(super) fn ends_of(&self, place: Place, router: u64) -> impl Iterator<Item = (u64, u64)> {
        let plugs = self.shelf(Place { sort: Sort::NetworkInterface, ..place }).after(None);
        plugs.filter_map(move |(plug, record)| match record.body {
            Body::RouterPlug { router: of, subnet } if of == router => Some((plug, subnet)),
            _ => None,
        })
    }

    /// The router that leads out of a subnet.
    pub(super) fn way_out_of(&self, place: Place, subnet: u64) -> Option<u64> {
        let mut routers = self.shelf(Place { sort: Sort::Router, ..place }).after(None);
        let leads_out = |router: u64, record: &Record| {
            matches!(record.body, Body::Router { outside: Some(_), .. })
                && self.ends_of(place, router).any(|(_, of)| of == subnet)
        };
        routers.find(|(router, record)| leads_out(*router, record)).map(|(router, _)| router)
    }

    /// Makes the interface that follows an instance one of its own.
    pub(super) fn stand_plug(&mut self, place: Place, number: u64) {
        // What follows the instance names what follows it: either both do, or none.
        self.stand_address(place, number);
        let Some((inside, (subnet, network))) = self.instance_at(place, number).and_then(|instance| {
            let inside = instance.inside?;
            Some((inside, self.planned_subnet(place, inside)?))
        }) else {
            return;
        };
        let Some(leader) = self.shelf(Place { sort: Sort::Instance, ..place }).get(number) else { return };
        let (status, created) = (leader.status.of_plug(), leader.created);
        let Some(chosen) = self.choose(place, number) else { return };
        chosen.plugs.insert(0, number);
        let firewalls = chosen.firewalls.clone();
        if let Some(instance) = self.instance_at_mut(place, number) {
            instance.inside = None;
        }
        let addresses = vec![(subnet, inside)];
        let plug = Plug { network, addresses, holder: Some(number), firewalls, goes: true };
        let record = Record::new(String::new(), status, created, Body::Plug(Box::new(plug)));
        self.shelf_mut(Place { sort: Sort::NetworkInterface, ..place }).put(number, record);
    }

    /// Makes the outside address that follows an instance one of its own, and its binding.
    pub(super) fn stand_address(&mut self, place: Place, number: u64) {
        let Some(outside) = self.instance_at(place, number).and_then(|instance| instance.outside) else {
            return;
        };
        let Some(inside) = self.places_of(place, self.first_plug(place, number)).first().map(|(_, ip)| *ip)
        else {
            return;
        };
        let plug = self.first_plug(place, number);
        let leader = self.shelf(Place { sort: Sort::Instance, ..place }).get(number);
        let Some(created) = leader.map(|record| record.created) else { return };
        if let Some(chosen) = self.choose(place, number) {
            chosen.bound.push(number);
        }
        if let Some(instance) = self.instance_at_mut(place, number) {
            instance.outside = None;
        }
        let body = Body::Address { ip: outside, leads_to: Some(LeadsTo { plug, inside }) };
        let record = Record::new(String::new(), Status::Bound, created, body);
        self.shelf_mut(Place { sort: Sort::IpAddress, ..place }).put(number, record);
        let record = Record::new(String::new(), Status::Kept, created, Body::Binding);
        self.shelf_mut(Place { sort: Sort::IpAddressBinding, ..place }).put(number, record);
    }

    fn first_plug(&self, place: Place, number: u64) -> u64 {
        let plugs = self.instance_at(place, number);
        plugs.and_then(|instance| self.plugs_of(number, instance).next()).unwrap_or(number)
    }

    /// The status of an instance's own interfaces goes with the instance's.
    pub(super) fn tell_plugs(&mut self, place: Place, number: u64, status: Status, now: Timestamp) {
        if place.sort != Sort::Instance {
            return;
        }
        let chosen = self.instance_at(place, number).and_then(|instance| instance.chosen.as_ref());
        let plugs = chosen.map(|chosen| chosen.plugs.clone()).unwrap_or_default();
        self.set_plugs(place, &plugs, status.of_plug(), now);
    }

    pub(super) fn set_plugs(&mut self, place: Place, plugs: &[u64], status: Status, now: Timestamp) {
        let place = Place { sort: Sort::NetworkInterface, ..place };
        for plug in plugs {
            if self.shelf(place).get(*plug).is_some_and(|record| record.status != status) {
                self.change(place, *plug, status, now);
            }
        }
    }

    /// What was an instance's: its interfaces go with it or are free, and addresses lead nowhere.
    pub(super) fn leave_networks(&mut self, place: Place, chosen: &Chosen, now: Timestamp) {
        for address in &chosen.bound {
            self.release(place, *address, now);
        }
        for &number in &chosen.plugs {
            let Some(plug) = self.plug_at_mut(place, number) else { continue };
            plug.holder = None;
            if plug.goes {
                self.remove(Place { sort: Sort::NetworkInterface, ..place }, number, now);
            } else {
                self.set_plugs(place, &[number], Status::Dark, now);
            }
        }
    }

    /// Makes an outside address lead to an interface.
    pub(super) fn bind(&mut self, place: Place, number: u64, to: LeadsTo, now: Timestamp) {
        let addresses = Place { sort: Sort::IpAddress, ..place };
        if let Some(Record { body: Body::Address { leads_to, .. }, .. }) =
            self.shelf_mut(addresses).get_mut(number)
        {
            *leads_to = Some(to);
        }
        self.change(addresses, number, Status::Bound, now);
        if let Some(holder) = self.holder_of(place, to.plug) {
            if let Some(chosen) = self.choose(place, holder) {
                chosen.bound.push(number);
            }
            self.touch(Place { sort: Sort::Instance, ..place }, holder, now);
        }
    }

    /// Makes an outside address of its own lead nowhere.
    pub(super) fn release(&mut self, place: Place, number: u64, now: Timestamp) {
        let addresses = Place { sort: Sort::IpAddress, ..place };
        let before = match self.shelf_mut(addresses).get_mut(number) {
            Some(Record { body: Body::Address { leads_to, .. }, .. }) => leads_to.take(),
            _ => None,
        };
        let holder = before.and_then(|to| self.holder_of(place, to.plug));
        if let Some(holder) = holder {
            if let Some(chosen) = self.choose(place, holder) {
                chosen.bound.retain(|bound| *bound != number);
            }
            self.touch(Place { sort: Sort::Instance, ..place }, holder, now);
        }
        self.change(addresses, number, Status::Spare, now);
        self.remove(Place { sort: Sort::IpAddressBinding, ..place }, number, now);
    }

    /// The addresses of their own that lead to an interface.
    pub(super) fn bound_to(&self, place: Place, plug: u64) -> Vec<u64> {
        let addresses = self.shelf(Place { sort: Sort::IpAddress, ..place }).after(None);
        let leads = |record: &Record| matches!(record.body, Body::Address { leads_to: Some(to), .. } if to.plug == plug);
        addresses.filter(|(_, record)| leads(record)).map(|(number, _)| number).collect()
    }
}
