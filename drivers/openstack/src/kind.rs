//! The table of kinds. A new kind is one file in `kinds/` and one line here.

use gateway_core::driver::KindCapability;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Kind, VerbSupport};

use crate::descriptor::Descriptor;
use crate::kinds::{
    datacenter, image, instance, instance_type, ip_address, ip_address_binding, network, network_interface,
    quota, router, security_group, security_group_rule, ssh_key, subnet, volume, volume_attachment,
    volume_snapshot, volume_type,
};

/// The descriptor of every kind.
pub(crate) static ALL: [&Descriptor; 18] = [
    &instance::KIND,
    &instance_type::KIND,
    &image::KIND,
    &volume::KIND,
    &volume_type::KIND,
    &volume_snapshot::KIND,
    &volume_attachment::KIND,
    &network::KIND,
    &subnet::KIND,
    &network_interface::KIND,
    &router::KIND,
    &ip_address::KIND,
    &ip_address_binding::KIND,
    &security_group::KIND,
    &security_group_rule::KIND,
    &ssh_key::KIND,
    &datacenter::KIND,
    &quota::KIND,
];

/// The capability of every kind.
pub(crate) static KINDS: [KindCapability; 18] = {
    let mut kinds = [ALL[0].capability(); 18];
    let mut at = 1;
    while at < kinds.len() {
        kinds[at] = ALL[at].capability();
        at += 1;
    }
    kinds
};

/// The verbs of every kind that has some.
pub(crate) static COMMANDS: [(Kind, &[VerbSupport]); 15] = {
    let mut commands: [(Kind, &[VerbSupport]); 15] = [(Kind::Instance, &[]); 15];
    let (mut from, mut to) = (0, 0);
    while from < ALL.len() {
        if !ALL[from].commands.is_empty() {
            commands[to] = (ALL[from].kind, ALL[from].commands);
            to += 1;
        }
        from += 1;
    }
    assert!(to == commands.len(), "the length of COMMANDS is the number of kinds with commands");
    commands
};

/// Returns the descriptor of a kind.
///
/// # Errors
/// `Unsupported` if OpenStack does not have the kind.
pub(crate) fn descriptor(kind: Kind) -> Result<&'static Descriptor> {
    ALL.iter().copied().find(|descriptor| descriptor.kind == kind).ok_or_else(|| {
        let message = format!("the OpenStack driver has no {}", kind.spec().plural);
        Error::new(ErrorKind::Unsupported, message)
    })
}

#[cfg(test)]
mod tests {
    use gateway_core::driver::ListScope;

    use super::*;
    use crate::listing::PROJECT;

    #[test]
    fn capability_is_what_can_be_listed() {
        for capability in &KINDS {
            let descriptor = descriptor(capability.kind).unwrap();
            assert_eq!(descriptor.passes(ListScope::Own).is_ok(), capability.own, "{}", capability.kind);
            assert_eq!(descriptor.passes(ListScope::Published).is_ok(), capability.published);
        }
        assert!(Kind::ALL.iter().copied().all(|kind| descriptor(kind).is_ok()), "OpenStack has every kind");
    }

    #[test]
    fn every_supported_verb_is_one_of_its_kind() {
        for (kind, verbs) in &COMMANDS {
            for support in *verbs {
                assert!(kind.spec().verb(support.verb).is_some(), "{kind} {}", support.verb);
            }
        }
    }

    #[test]
    fn passes_of_other_projects_follow_a_pass_of_the_own_project() {
        for descriptor in ALL {
            let foreign = descriptor.own.iter().filter(|pass| pass.foreign_only).count();
            assert!(foreign == 0 || descriptor.own[0].query.contains(&("project_id", PROJECT)));
        }
    }
}
