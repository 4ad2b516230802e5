//! Recorded answers that are not used, and the reasons.

use gateway_core::kind::Kind;

/// Kinds without a recorded answer of a supported version.
pub(crate) const UNRECORDED: [Kind; 6] = [
    Kind::InstanceType,
    Kind::VolumeType,
    Kind::VolumeAttachment,
    Kind::SecurityGroup,
    Kind::SecurityGroupRule,
    Kind::Datacenter,
];

const CHANGES: &str = "answers a write";
const NO_KIND: &str = "belongs to no kind";
const NOVA_NETWORK: &str = "of Nova's own networks, before Neutron";
const NOVA_IMAGES: &str = "of Nova's images, before Glance";
const MEMBERS: &str = "members of an image, which the driver does not read";
const CINDER_1: &str = "of Cinder's first version, or of Nova's volumes before it";
const REPLACED: &str = "answers a call that the driver makes with more details";

pub(crate) const UNUSED: &[(&str, &str)] = &[
    ("README", "no document"),
    ("_flavor_extra_specs.json", REPLACED),
    ("_floating_ip.json", NOVA_NETWORK),
    ("_floating_ip_pools.json", NOVA_NETWORK),
    ("_floating_ips.json", NOVA_NETWORK),
    ("_images_13.json", NOVA_IMAGES),
    ("_images_4949f9ee_2421_4c81_8b49_13119446008b.json", NOVA_IMAGES),
    ("_images_8af1a54e_a1b2_4df8_b747_4bec97abc799_members.json", MEMBERS),
    ("_images_9af1a54e_a1b2_4df8_b747_4bec97abc799_members.json", MEMBERS),
    ("_images_d9a9cd9a_278a_444c_90a6_d24b8c688a63_members.json", MEMBERS),
    ("_images_d9a9cd9a_278a_444c_90a6_d24b8c688a63_members_016926dff12345e8b10329f24c99745b.json", MEMBERS),
    ("_images_detail.json", NOVA_IMAGES),
    ("_leases.json", NO_KIND),
    ("_os_hosts.json", NO_KIND),
    ("_os_keypairs_create.json", CHANGES),
    ("_os_keypairs_create_import.json", CHANGES),
    ("_os_keypairs_not_found.json", "no document but an error"),
    ("_os_networks.json", NOVA_NETWORK),
    ("_os_networks_POST.json", NOVA_NETWORK),
    ("_os_quota_sets_aTenantId.json", REPLACED),
    ("_os_security_group_rules_create.json", NOVA_NETWORK),
    ("_os_security_groups.json", NOVA_NETWORK),
    ("_os_security_groups_create.json", NOVA_NETWORK),
    ("_os_snapshot.json", CINDER_1),
    ("_os_snapshot_rackspace.json", CINDER_1),
    ("_os_snapshots.json", CINDER_1),
    ("_os_snapshots_create.json", CINDER_1),
    ("_os_snapshots_create_rackspace.json", CINDER_1),
    ("_os_snapshots_rackspace.json", CINDER_1),
    ("_os_volumes.json", CINDER_1),
    ("_os_volumes_cd76a3a1_c4ce_40f6_9b9f_07a61508938d.json", CINDER_1),
    ("_os_volumes_create.json", CINDER_1),
    ("_servers.json", CHANGES),
    ("_servers_12063_metadata_two_keys.json", REPLACED),
    ("_servers_12064_updated_name_bob.json", CHANGES),
    ("_servers_12065_os_volume_attachments.json", REPLACED),
    ("_servers_12086_console_output.json", NO_KIND),
    ("_servers_1c01300f-ef97-4937-8f03-ac676d6234be_os-security-groups.json", NOVA_NETWORK),
    ("_servers_create.json", CHANGES),
    ("_servers_create_disk_config.json", CHANGES),
    ("_servers_detail_EMPTY.json", "a listing of nothing"),
    ("_servers_os_intefaces.json", REPLACED),
    ("_servers_pause.json", CHANGES),
    ("_servers_resume.json", CHANGES),
    ("_servers_suspend.json", CHANGES),
    ("_servers_unpause.json", CHANGES),
    ("_v2_0__networks_POST.json", CHANGES),
    ("_v2_0__os_server_group.json", NO_KIND),
    ("_v2_0__os_server_groups.json", NO_KIND),
    ("_v2_0__router_interface.json", CHANGES),
    // It has `display_name` in the place of `name`.
    ("_v2_0__volume_abc6a3a1_c4ce_40f6_9b9f_07a61508938d.json", CINDER_1),
    ("delete_floating_ip_167_138_123_111.json", CHANGES),
];
