//! driver-openstack
