"""Prints what OpenStack's own client shows one user of everything, as one JSON object.

    as_the_client_says.py KEYSTONE_URL USER     (the password and the project are named like the user)

Nothing is chosen or renamed here: each list is what openstacksdk answers when it is asked for all. What its older
versions do not have is asked of the services' own clients, through the same session: attachments of volumes, which of
these may have several, and when snapshots changed (cinderclient), and what went wrong with servers (novaclient).
"""

import json
import sys

import openstack
from cinderclient import client as cinder
from novaclient import client as nova
from openstack.compute.v2.quota_set import QuotaSet


def shown(resources):
    return [resource.to_dict() for resource in resources]


def counted(quotas):
    """By the service's word: openstacksdk's own view leaves out the words of single volume types."""
    words = sorted(quotas.usage)
    return {
        word: {"limit": getattr(quotas, word), "used": quotas.usage[word], "reserved": quotas.reservation[word]}
        for word in words
    }


def everything(url, user):
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
    project = cloud.current_project_id
    servers = nova.Client("2.73", session=cloud.session).servers
    volumes = cinder.Client("3.60", session=cloud.session)
    of_compute = QuotaSet(project_id=project).fetch(compute, base_path="/os-quota-sets/%(project_id)s/detail")
    return {
        "project": project,
        "user": cloud.current_user_id,
        "servers": shown(compute.servers()),
        "faults": {server.id: server.to_dict().get("fault") for server in servers.list()},
        "flavors": shown(compute.flavors()),
        "keypairs": shown(compute.keypairs()),
        "images": shown(cloud.image.images()) + shown(cloud.image.images(is_hidden=True)),
        "volumes": shown(volume.volumes()),
        "multiattach": {one.id: one.multiattach for one in volumes.volumes.list()},
        "volume_types": shown(volume.types()),
        "snapshots": shown(volume.snapshots()),
        "snapshots_updated_at": {one.id: one.updated_at for one in volumes.volume_snapshots.list()},
        "attachments": shown(volumes.attachments.list(detailed=True)),
        "networks": shown(network.networks()),
        "subnets": shown(network.subnets()),
        "ports": shown(network.ports()),
        "routers": shown(network.routers()),
        "floating_ips": shown(network.ips()),
        "security_groups": shown(network.security_groups()),
        "security_group_rules": shown(network.security_group_rules()),
        "zones": {
            "compute": shown(compute.availability_zones()),
            "volume": shown(volume.availability_zones()),
            "network": shown(network.availability_zones()),
        },
        "quotas": {
            "compute": counted(of_compute),
            "volume": counted(volume.get_quota_set(project, usage=True)),
            "network": network.get_quota(project, details=True).to_dict(),
        },
    }


if __name__ == "__main__":
    json.dump(everything(*sys.argv[1:3]), sys.stdout)
