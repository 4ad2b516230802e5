//! Stored interfaces and public addresses. A derived one is stored when it is changed first; most never are.

use gateway_core::{Kind, Timestamp};

use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{AddressTarget, Body, Nic, Overrides, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

impl Tables {
    /// Stores the derived interface of an instance.
    pub(crate) fn materialize_nic(&mut self, table: TableKey, number: u64) {
        // The derived address refers to the derived interface, so both are stored together.
        self.materialize_address(table, number);
        let Some((private_ip, (subnet, network))) = self.instance_at(table, number).and_then(|instance| {
            let private_ip = instance.private_ip?;
            Some((private_ip, self.planned_subnet(table, private_ip)?))
        }) else {
            return;
        };
        let Some(source) = self.records(TableKey { kind: Kind::Instance, ..table }).get(number) else {
            return;
        };
        let (status, created) = (source.status.nic_status(), source.created);
        let Some(overrides) = self.overrides_mut(table, number) else { return };
        overrides.nics.insert(0, number);
        let firewalls = overrides.firewalls.clone();
        if let Some(instance) = self.instance_at_mut(table, number) {
            instance.private_ip = None;
        }
        let addresses = vec![(subnet, private_ip)];
        let nic = Nic { network, addresses, holder: Some(number), firewalls, delete_with_holder: true };
        let record = Record::new(String::new(), status, created, Body::Nic(Box::new(nic)));
        self.records_mut(TableKey { kind: Kind::NetworkInterface, ..table }).insert(number, record);
    }

    /// Stores the derived public address of an instance, and its binding.
    pub(crate) fn materialize_address(&mut self, table: TableKey, number: u64) {
        let Some(public_ip) = self.instance_at(table, number).and_then(|instance| instance.public_ip) else {
            return;
        };
        let Some(private_ip) =
            self.nic_addresses(table, self.first_nic(table, number)).first().map(|(_, ip)| *ip)
        else {
            return;
        };
        let nic = self.first_nic(table, number);
        let source = self.records(TableKey { kind: Kind::Instance, ..table }).get(number);
        let Some(created) = source.map(|record| record.created) else { return };
        if let Some(overrides) = self.overrides_mut(table, number) {
            overrides.bound_addresses.push(number);
        }
        if let Some(instance) = self.instance_at_mut(table, number) {
            instance.public_ip = None;
        }
        let body = Body::Address { ip: public_ip, target: Some(AddressTarget { nic, private_ip }) };
        let record = Record::new(String::new(), Status::Bound, created, body);
        self.records_mut(TableKey { kind: Kind::IpAddress, ..table }).insert(number, record);
        let record = Record::new(String::new(), Status::Kept, created, Body::Binding);
        self.records_mut(TableKey { kind: Kind::IpAddressBinding, ..table }).insert(number, record);
    }

    /// Returns the first interface of an instance, or the derived one.
    fn first_nic(&self, table: TableKey, number: u64) -> u64 {
        let nics = self.instance_at(table, number);
        nics.and_then(|instance| self.nics_of(number, instance).next()).unwrap_or(number)
    }

    /// Updates the status of the stored interfaces of an instance after that of the instance.
    pub(crate) fn update_nics(&mut self, table: TableKey, number: u64, status: Status, now: Timestamp) {
        if table.kind != Kind::Instance {
            return;
        }
        let overrides = self.instance_at(table, number).and_then(|instance| instance.overrides.as_ref());
        let nics = overrides.map(|overrides| overrides.nics.clone()).unwrap_or_default();
        self.set_nic_status(table, &nics, status.nic_status(), now);
    }

    pub(crate) fn set_nic_status(&mut self, table: TableKey, nics: &[u64], status: Status, now: Timestamp) {
        let table = TableKey { kind: Kind::NetworkInterface, ..table };
        for nic in nics {
            if self.records(table).get(*nic).is_some_and(|record| record.status != status) {
                self.change(table, *nic, status, now);
            }
        }
    }

    /// Deletes or frees the interfaces of a removed instance, and unbinds its addresses.
    pub(crate) fn release_nics(&mut self, table: TableKey, overrides: &Overrides, now: Timestamp) {
        for address in &overrides.bound_addresses {
            self.release(table, *address, now);
        }
        for &number in &overrides.nics {
            let Some(nic) = self.nic_at_mut(table, number) else { continue };
            nic.holder = None;
            if nic.delete_with_holder {
                self.remove(TableKey { kind: Kind::NetworkInterface, ..table }, number, now);
            } else {
                self.set_nic_status(table, &[number], Status::Dark, now);
            }
        }
    }

    /// Binds a public address to an interface.
    pub(crate) fn bind(&mut self, table: TableKey, number: u64, to: AddressTarget, now: Timestamp) {
        let addresses = TableKey { kind: Kind::IpAddress, ..table };
        if let Some(Record { body: Body::Address { target, .. }, .. }) =
            self.records_mut(addresses).get_mut(number)
        {
            *target = Some(to);
        }
        self.change(addresses, number, Status::Bound, now);
        if let Some(holder) = self.holder_of(table, to.nic) {
            if let Some(overrides) = self.overrides_mut(table, holder) {
                overrides.bound_addresses.push(number);
            }
            self.mark_changed(TableKey { kind: Kind::Instance, ..table }, holder, now);
        }
    }

    /// Unbinds a public address.
    pub(crate) fn release(&mut self, table: TableKey, number: u64, now: Timestamp) {
        let addresses = TableKey { kind: Kind::IpAddress, ..table };
        let before = match self.records_mut(addresses).get_mut(number) {
            Some(Record { body: Body::Address { target, .. }, .. }) => target.take(),
            _ => None,
        };
        let holder = before.and_then(|to| self.holder_of(table, to.nic));
        if let Some(holder) = holder {
            if let Some(overrides) = self.overrides_mut(table, holder) {
                overrides.bound_addresses.retain(|bound| *bound != number);
            }
            self.mark_changed(TableKey { kind: Kind::Instance, ..table }, holder, now);
        }
        self.change(addresses, number, Status::Spare, now);
        self.remove(TableKey { kind: Kind::IpAddressBinding, ..table }, number, now);
    }
}
