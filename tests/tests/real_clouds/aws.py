"""Creates, shows and removes resources with boto3: ENDPOINT REGION make|show|left|remove."""

import json
import sys

import boto3

endpoint, region, action = sys.argv[1:]
session = boto3.Session(region_name=region, aws_access_key_id="gateway", aws_secret_access_key="gateway")
ec2 = session.client("ec2", endpoint_url=endpoint)


def every(operation, key, **query):
    pages = ec2.get_paginator(operation).paginate(**query)
    return [item for page in pages for item in page[key]]


def instances():
    return [i for r in every("describe_instances", "Reservations") for i in r["Instances"]]


def images(*owners, **query):
    return {i["ImageId"]: [i.get("Name", ""), i["State"]]
            for i in every("describe_images", "Images", Owners=list(owners), **query)}


def name(thing):
    return next((t["Value"] for t in thing.get("Tags", []) if t["Key"] == "Name"), "")


def named(kind, text):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": text}]}]


def make():
    base = every("describe_images", "Images", Owners=["amazon"])[0]["ImageId"]
    ids = []
    for count in [1, 2, 3, 4]:
        made = ec2.run_instances(ImageId=base, InstanceType="t3.micro", MinCount=count, MaxCount=count,
                                 TagSpecifications=named("instance", f"web & <{count}> ü"))["Instances"]
        ids += [i["InstanceId"] for i in made]
    ec2.stop_instances(InstanceIds=ids[:3])
    ec2.terminate_instances(InstanceIds=ids[3:5])
    for at in range(6):
        made = ec2.create_volume(Size=at + 1, AvailabilityZone=region + "a", VolumeType="gp3",
                                 TagSpecifications=named("volume", f"disk {at}"))
        if at < 2:
            ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=ids[5 + at], Device="/dev/sdf")
    ec2.create_image(InstanceId=ids[6], Name="real-clouds")
    return {}


def show():
    return {
        "account": session.client("sts", endpoint_url=endpoint).get_caller_identity()["Account"],
        "kinds": {
            "instance": {i["InstanceId"]: [name(i), i["State"]["Name"]] for i in instances()},
            "volume": {v["VolumeId"]: [name(v), v["State"]] for v in every("describe_volumes", "Volumes")},
            "image": images("self") | images("amazon", Filters=[{"Name": "is-public", "Values": ["true"]}]),
            "instance_type": {t["InstanceType"]: [t["InstanceType"], None]
                              for t in every("describe_instance_types", "InstanceTypes")},
        },
    }


def left():
    """Returns the ids of all resources that an application could leave, without terminated instances."""
    ids = [i["InstanceId"] for i in instances() if i["State"]["Name"] != "terminated"]
    for operation, key, id, query in [
        ("describe_volumes", "Volumes", "VolumeId", {}),
        ("describe_snapshots", "Snapshots", "SnapshotId", {"OwnerIds": ["self"]}),
        ("describe_images", "Images", "ImageId", {"Owners": ["self"]}),
        ("describe_vpcs", "Vpcs", "VpcId", {}),
        ("describe_subnets", "Subnets", "SubnetId", {}),
        ("describe_internet_gateways", "InternetGateways", "InternetGatewayId", {}),
        ("describe_route_tables", "RouteTables", "RouteTableId", {}),
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", {}),
        ("describe_security_groups", "SecurityGroups", "GroupId", {}),
        ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId", {}),
    ]:
        ids += [item[id] for item in every(operation, key, **query)]
    ids += [a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]]
    ids += [k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]]
    return sorted(ids)


def remove():
    for image in every("describe_images", "Images", Owners=["self"]):
        ec2.deregister_image(ImageId=image["ImageId"])
    ids = [i["InstanceId"] for i in instances() if i["State"]["Name"] != "terminated"]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
    for volume in every("describe_volumes", "Volumes"):
        if volume["State"] == "available":
            ec2.delete_volume(VolumeId=volume["VolumeId"])
    return {}


print(json.dumps({"make": make, "left": left, "show": show, "remove": remove}[action]()))
