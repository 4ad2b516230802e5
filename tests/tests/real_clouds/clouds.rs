//! Addresses of the clouds.
//!
//! The OpenStack is the second region: the suite of the driver changes the first one, at the same time.

use std::path::PathBuf;

/// The clouds of this run. Tests may change all of them.
#[derive(Clone, Debug)]
pub(crate) struct Clouds {
    /// `GATEWAY_TEST_OPENSTACK_2`: Keystone's URL; users `demo` and `admin` have projects and passwords of their name.
    pub(crate) keystone: String,
    /// `GATEWAY_TEST_OPENSTACK_2_BROKER`: the AMQP URL of the notifications of that OpenStack.
    pub(crate) broker: String,
    /// `GATEWAY_TEST_EC2`: an EC2 endpoint.
    pub(crate) ec2: String,
    /// `GATEWAY_TEST_CLOUDS`: the folder with the script that loads the OpenStack.
    pub(crate) scripts: PathBuf,
    /// `GATEWAY_TEST_BOTO3`: a Python that has boto3.
    pub(crate) python: String,
}

impl Clouds {
    /// Returns the clouds of the environment. Prints that the test is skipped if a variable is missing.
    pub(crate) fn given() -> Option<Self> {
        Some(Self {
            keystone: variable("GATEWAY_TEST_OPENSTACK_2")?,
            broker: variable("GATEWAY_TEST_OPENSTACK_2_BROKER")?,
            ec2: variable("GATEWAY_TEST_EC2")?,
            scripts: variable("GATEWAY_TEST_CLOUDS")?.into(),
            python: variable("GATEWAY_TEST_BOTO3")?,
        })
    }
}

fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        println!("skipped: {name} is not set");
    }
    value
}
