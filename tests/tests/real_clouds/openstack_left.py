"""Prints the ids of all resources that an application could leave: KEYSTONE_URL USER.

The password and the project have the user's name.
"""

import json
import sys

import openstack

url, user = sys.argv[1:]
cloud = openstack.connection.Connection(
    auth={
        "auth_url": url,
        "username": user,
        "password": user,
        "project_name": user,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
)
compute, volume, network = cloud.compute, cloud.block_storage, cloud.network
lists = {
    "server": compute.servers(details=False),
    "volume": volume.volumes(details=False),
    "volume snapshot": volume.snapshots(details=False),
    "image": cloud.image.images(visibility="private"),
    "keypair": compute.keypairs(),
    "network": network.networks(),
    "subnet": network.subnets(),
    "router": network.routers(),
    "port": network.ports(),
    "floating ip": network.ips(),
    "security group": network.security_groups(),
    "security group rule": network.security_group_rules(),
}
print(json.dumps(sorted(f"{kind} {one.id}" for kind, found in lists.items() for one in found)))
