//! The kinds that the cloud has, in its own words for collections and id prefixes.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Instance,
    InstanceType,
    Image,
    Volume,
    VolumeType,
    VolumeSnapshot,
    VolumeAttachment,
    Network,
    Subnet,
    NetworkInterface,
    Router,
    IpAddress,
    IpAddressBinding,
    SecurityGroup,
    SecurityGroupRule,
    SshKey,
    Datacenter,
    Quota,
}

impl Sort {
    pub(super) const ALL: [Self; 18] = [
        Self::Instance,
        Self::InstanceType,
        Self::Image,
        Self::Volume,
        Self::VolumeType,
        Self::VolumeSnapshot,
        Self::VolumeAttachment,
        Self::Network,
        Self::Subnet,
        Self::NetworkInterface,
        Self::Router,
        Self::IpAddress,
        Self::IpAddressBinding,
        Self::SecurityGroup,
        Self::SecurityGroupRule,
        Self::SshKey,
        Self::Datacenter,
        Self::Quota,
    ];

    /// One of it, the collection, and how ids begin.
    const fn words(self) -> [&'static str; 3] {
        match self {
            Self::Instance => ["instance", "instances", "i-"],
            Self::InstanceType => ["instance_type", "instance_types", "t-"],
            Self::Image => ["image", "images", "m-"],
            Self::Volume => ["volume", "volumes", "v-"],
            Self::VolumeType => ["volume_type", "volume_types", "c-"],
            Self::VolumeSnapshot => ["volume_snapshot", "volume_snapshots", "s-"],
            Self::VolumeAttachment => ["volume_attachment", "volume_attachments", "a-"],
            Self::Network => ["network", "networks", "n-"],
            Self::Subnet => ["subnet", "subnets", "u-"],
            Self::NetworkInterface => ["network_interface", "network_interfaces", "p-"],
            Self::Router => ["router", "routers", "r-"],
            Self::IpAddress => ["ip_address", "ip_addresses", "o-"],
            Self::IpAddressBinding => ["ip_address_binding", "ip_address_bindings", "b-"],
            Self::SecurityGroup => ["security_group", "security_groups", "g-"],
            Self::SecurityGroupRule => ["security_group_rule", "security_group_rules", "e-"],
            Self::SshKey => ["ssh_key", "ssh_keys", "k-"],
            Self::Datacenter => ["datacenter", "datacenters", "z-"],
            Self::Quota => ["quota", "quotas", "q-"],
        }
    }

    pub(super) const fn word(self) -> &'static str {
        self.words()[0]
    }

    pub(super) const fn plural(self) -> &'static str {
        self.words()[1]
    }

    pub(super) fn parse_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.plural() == plural)
    }

    pub(super) fn parse(word_or_plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.words()[..2].contains(&word_or_plural))
    }

    /// Clients make and remove it; all else is the cloud's, or comes of an order.
    pub(super) const fn is_made_by_clients(self) -> bool {
        !matches!(
            self,
            Self::InstanceType | Self::VolumeType | Self::VolumeAttachment | Self::Datacenter | Self::Quota
        )
    }

    /// Its owner may write about it.
    pub(super) const fn has_words(self) -> bool {
        self.is_made_by_clients()
            && !matches!(self, Self::IpAddressBinding | Self::SecurityGroupRule | Self::SshKey)
    }

    /// It has a name.
    pub(super) const fn needs_name(self) -> bool {
        !matches!(
            self,
            Self::NetworkInterface | Self::IpAddress | Self::IpAddressBinding | Self::SecurityGroupRule
        )
    }

    /// It can vanish at once, and what follows it.
    pub(super) const fn can_vanish(self) -> bool {
        matches!(self, Self::Instance | Self::Volume | Self::VolumeSnapshot | Self::Image)
    }

    pub(super) fn id(self, number: u64) -> String {
        format!("{}{number:016x}", self.words()[2])
    }

    pub(super) fn number(self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(self.words()[2])?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        (self.id(number) == id).then_some(number)
    }
}
