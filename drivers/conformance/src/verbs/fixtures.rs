//! What the cloud under test has, and the suite cannot make.

use std::time::Duration;

use gateway_core::id::Region;

/// Told by the driver's test. What is `None` leaves out what needs it, and the report says so.
#[derive(Clone, Debug)]
pub struct Fixtures {
    /// Where everything is done.
    pub region: Region,
    /// How the names of all that is made begin, so that it is told from other things in the cloud.
    pub prefix: String,
    /// Native key of an image that an instance boots from.
    pub image: Option<String>,
    /// Native key of its type.
    pub instance_type: Option<String>,
    /// Native key of another type, to resize to.
    pub other_type: Option<String>,
    /// Native key of the network that instances are made in; none where the cloud has one for those that name none.
    pub network: Option<String>,
    /// Name of the availability zone, where one must be named.
    pub datacenter: Option<String>,
    /// Native key of a type of volume.
    pub volume_type: Option<String>,
    /// The addresses of a new network, where networks have such.
    pub network_cidr: Option<String>,
    /// The addresses of a subnet of it.
    pub subnet_cidr: String,
    /// Native key of the network through which routers lead out and addresses are taken from, where there is one.
    pub external_network: Option<String>,
    /// A router is made for one network.
    pub routers_belong_to_networks: bool,
    /// A security group is made for one network.
    pub groups_belong_to_networks: bool,
    /// Another account, by the cloud's own id.
    pub other_account: Option<String>,
    /// The form of an image that is registered.
    pub disk_format: String,
    /// An image that is registered waits to be filled: it is not at rest, and nobody is let into it before.
    pub images_wait_to_be_filled: bool,
    /// Native key of a quota that the account may set.
    pub quota: Option<String>,
    /// Longest wait for a state. Longer tolerates slower clouds.
    pub patience: Duration,
    /// Between two looks at a state.
    pub pause: Duration,
}

impl Fixtures {
    /// Of a cloud of which nothing is known.
    pub fn new(region: Region, prefix: impl Into<String>) -> Self {
        Self {
            region,
            prefix: prefix.into(),
            image: None,
            instance_type: None,
            other_type: None,
            network: None,
            datacenter: None,
            volume_type: None,
            network_cidr: None,
            subnet_cidr: "10.99.1.0/24".to_owned(),
            external_network: None,
            routers_belong_to_networks: false,
            groups_belong_to_networks: false,
            other_account: None,
            disk_format: "raw".to_owned(),
            images_wait_to_be_filled: false,
            quota: None,
            patience: Duration::from_secs(120),
            pause: Duration::from_millis(200),
        }
    }
}
