"""Makes, prints or removes what real.rs compares: ENDPOINT REGION make|remove."""

import json
import sys

import boto3

endpoint, region, order = sys.argv[1:]
ec2 = boto3.client("ec2", endpoint_url=endpoint, region_name=region,
                   aws_access_key_id="gateway", aws_secret_access_key="gateway")


def every(operation, key, **query):
    pages = ec2.get_paginator(operation).paginate(**query)
    return [item for page in pages for item in page[key]]


def instances():
    return [i for r in every("describe_instances", "Reservations") for i in r["Instances"]]


def name(thing):
    return next((t["Value"] for t in thing.get("Tags", []) if t["Key"] == "Name"), "")


def named(kind, text):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": text}]}]


def make():
    base = every("describe_images", "Images", Owners=["amazon"])[0]["ImageId"]
    # Several reservations, because moto counts those to a page and not instances; one of them with two.
    ids = []
    for count in [1, 1, 1, 1, 1, 2]:
        made = ec2.run_instances(ImageId=base, InstanceType="t3.micro", MinCount=count, MaxCount=count,
                                 TagSpecifications=named("instance", "a & b <ü>"))["Instances"]
        ids += [i["InstanceId"] for i in made]
    ec2.stop_instances(InstanceIds=ids[:2])
    ec2.terminate_instances(InstanceIds=ids[2:3])
    for at in range(6):
        ec2.create_volume(Size=at + 1, AvailabilityZone=region + "a", VolumeType="gp3",
                          TagSpecifications=named("volume", f"disk {at}"))
    ec2.create_image(InstanceId=ids[3], Name="gateway-test")
    return {
        "instance": {i["InstanceId"]: [name(i), i["State"]["Name"]] for i in instances()},
        "volume": {v["VolumeId"]: [name(v), v["State"]] for v in every("describe_volumes", "Volumes")},
        "image": {i["ImageId"]: [i["Name"], i["State"]]
                  for i in every("describe_images", "Images", Owners=["self"])},
        "public_image": {i["ImageId"]: [i["Name"], i["State"]]
                         for i in every("describe_images", "Images", Owners=["amazon"],
                                        Filters=[{"Name": "is-public", "Values": ["true"]}])},
        "instance_type": {t["InstanceType"]: [t["InstanceType"], None]
                          for t in every("describe_instance_types", "InstanceTypes")},
    }


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


print(json.dumps(make() if order == "make" else remove()))
