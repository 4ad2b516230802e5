//! Resources and properties of the cloud under test that the suite cannot create or know.

use std::time::Duration;

use gateway_core::id::Region;

/// Fixtures of one run, given by the driver's test. Checks that need a fixture that is `None` are skipped.
#[derive(Clone, Debug)]
pub struct Fixtures {
    /// Region of all commands.
    pub region: Region,
    /// Prefix of the names of all created resources, to tell them from others in the cloud.
    pub prefix: String,
    /// Native key of an image to boot from.
    pub image: Option<String>,
    /// Native key of the type of the instance.
    pub instance_type: Option<String>,
    /// Native key of another type, to resize to.
    pub resize_type: Option<String>,
    /// Native key of the network of the instance; `None` if the cloud has a default network.
    pub network: Option<String>,
    /// Name of the availability zone, if one is required.
    pub datacenter: Option<String>,
    /// Native key of a volume type.
    pub volume_type: Option<String>,
    /// Address range of a new network, if networks have one.
    pub network_cidr: Option<String>,
    /// Address range of a new subnet in that network.
    pub subnet_cidr: String,
    /// Native key of the external network of routers and public addresses, if there is one.
    pub external_network: Option<String>,
    /// Whether a router is created for one network.
    pub routers_belong_to_networks: bool,
    /// Whether a security group is created for one network.
    pub groups_belong_to_networks: bool,
    /// External id of another account.
    pub other_account: Option<String>,
    /// Disk format of an image that is registered.
    pub disk_format: String,
    /// Whether a registered image stays queued until its content is uploaded; it cannot be shared before.
    pub images_need_content: bool,
    /// Native key of a quota that the account may update.
    pub quota: Option<String>,
    /// Longest wait for a state. Higher tolerates slower clouds; lower finds failures sooner.
    pub timeout: Duration,
    /// Wait between two reads of a state. Lower ends sooner and costs more calls.
    pub poll_interval: Duration,
}

impl Fixtures {
    /// Returns the fixtures of a cloud without known resources.
    pub fn new(region: Region, prefix: impl Into<String>) -> Self {
        Self {
            region,
            prefix: prefix.into(),
            image: None,
            instance_type: None,
            resize_type: None,
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
            images_need_content: false,
            quota: None,
            timeout: Duration::from_secs(120),
            poll_interval: Duration::from_millis(200),
        }
    }
}
