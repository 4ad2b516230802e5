"""Creates or removes resources of each kind: ENDPOINT REGION create|remove.

`create` prints the canonical documents by kind and native key, with all fields, made of the answers to boto3.
References have only the cloud's id.
"""

import json
import sys
from datetime import datetime

import boto3
from botocore.exceptions import ClientError

endpoint, region, command = sys.argv[1:]
access = dict(endpoint_url=endpoint, region_name=region, aws_access_key_id="gateway", aws_secret_access_key="gateway")
ec2 = boto3.client("ec2", **access)
account = boto3.client("sts", **access).get_caller_identity()["Account"]
zone = region + "a"


def every(operation, key, **query):
    pages = ec2.get_paginator(operation).paginate(**query)
    return [item for page in pages for item in page[key]]


def instances():
    """All instances, with the owner of their reservations."""
    reservations = every("describe_instances", "Reservations")
    return [{"OwnerId": r["OwnerId"], **i} for r in reservations for i in r["Instances"]]


def tags(thing):
    return {t["Key"]: t["Value"] for t in thing.get("Tags", [])}


def name(thing):
    return tags(thing).get("Name", "")


def named(kind, text):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": text}, {"Key": "empty", "Value": ""}]}]


def ref(external_id, called=None):
    if not external_id:
        return None
    return {"external_id": external_id, **({"name": called} if called else {})}


def time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def document(thing, external_id, fields, states=None, word=None, **common):
    """The common fields, and then those of the kind."""
    owner = common.get("owner", thing.get("OwnerId", account))
    return {
        "external_id": external_id,
        "name": common.get("name", name(thing)),
        "state": common.get("state", states[word] if states else None),
        "cloud_state": word,
        "owner": owner,
        "visibility": common.get("visibility", "private" if owner in (account, None) else "shared"),
        "created_at": time(common.get("created_at")),
        "updated_at": None,
        "tags": common.get("tags", tags(thing)),
        **fields,
    }


def addresses_of(it):
    """Private and public addresses of the interfaces, and those in the instance's own fields."""
    private, public = [], []
    for nic in it["NetworkInterfaces"]:
        private += [a["PrivateIpAddress"] for a in nic["PrivateIpAddresses"]]
        private += [a["Ipv6Address"] for a in nic["Ipv6Addresses"]]
        public += [a["Association"]["PublicIp"] for a in nic["PrivateIpAddresses"] if a.get("Association")]
    private.append(it.get("PrivateIpAddress"))
    public.append(it.get("PublicIpAddress"))
    return [list(dict.fromkeys(filter(None, found))) for found in (private, public)]


def fault(reason):
    is_requested = "Initiated" in reason["Code"] or not reason["Code"].startswith(("Server.", "Client."))
    return None if is_requested else reason["Message"]


def instance(it, sizes):
    states = {"pending": "pending", "running": "running", "stopping": "stopping", "stopped": "stopped",
              "shutting-down": "terminating", "terminated": "terminated"}
    size, cores = sizes[it["InstanceType"]], it.get("CpuOptions")
    private, public = addresses_of(it)
    attached = [n["Attachment"]["AttachTime"] for n in it["NetworkInterfaces"] if n["Attachment"]["DeviceIndex"] == 0]
    return document(it, it["InstanceId"], {
        **dict.fromkeys(["description", "locked"]),
        "instance_type": ref(it["InstanceType"], it["InstanceType"]),
        "vcpus": cores["CoreCount"] * cores["ThreadsPerCore"] if cores else size["VCpuInfo"]["DefaultVCpus"],
        "memory_mib": size["MemoryInfo"]["SizeInMiB"], "disk_gib": 0 if it["RootDeviceType"] == "ebs" else None,
        "image": ref(it["ImageId"]), "datacenter": it["Placement"]["AvailabilityZone"],
        "private_ip_addresses": private, "public_ip_addresses": public, "ssh_key": it.get("KeyName"),
        "security_groups": [ref(g["GroupId"], g["GroupName"]) for g in it["SecurityGroups"]],
        "volumes": [ref(d["Ebs"]["VolumeId"]) for d in it["BlockDeviceMappings"]],
        "launched_at": time(it["LaunchTime"]), "fault": fault(it.get("StateReason", {"Code": ""})),
    }, states, it["State"]["Name"], created_at=next(iter(attached), it["LaunchTime"]))


def instance_type(it):
    lists = [("GpuInfo", "Gpus"), ("FpgaInfo", "Fpgas"), ("InferenceAcceleratorInfo", "Accelerators"),
             ("NeuronInfo", "NeuronDevices"), ("MediaAcceleratorInfo", "Accelerators")]
    counts = [a.get("Count", 1) for info, name in lists for a in it.get(info, {}).get(name, [])]
    return document(it, it["InstanceType"], {
        **dict.fromkeys(["description", "swap_mib", "disabled"]),
        "vcpus": it["VCpuInfo"]["DefaultVCpus"], "memory_mib": it["MemoryInfo"]["SizeInMiB"],
        "disk_gib": 0 if "ebs" in it["SupportedRootDeviceTypes"] else None,
        "ephemeral_disk_gib": it.get("InstanceStorageInfo", {}).get("TotalSizeInGB"),
        "architectures": it["ProcessorInfo"]["SupportedArchitectures"],
        "accelerators": sum(counts) if counts else None,
    }, name=it["InstanceType"], owner=None, visibility="public")


def image(it):
    root = [d["Ebs"]["VolumeSize"] for d in it["BlockDeviceMappings"] if d["DeviceName"] == it["RootDeviceName"]]
    protection = it.get("DeregistrationProtection")
    made = datetime.fromisoformat(it["CreationDate"].replace("Z", "+00:00"))
    return document(it, it["ImageId"], {
        **dict.fromkeys(["size_bytes", "min_memory_mib", "container_format", "checksum"]),
        "description": it.get("Description") or None, "min_disk_gib": next(iter(root), None),
        "disk_format": it["RootDeviceType"], "architecture": it["Architecture"],
        "os": it.get("PlatformDetails") or it.get("Platform"),
        "protected": protection and protection != "disabled",
    }, {"available": "available"}, it["State"], name=it["Name"], created_at=made,
        **({"visibility": "public"} if it["Public"] else {}))


def volume(it):
    ends = [a for a in it["Attachments"] if a["State"] != "detached"]
    return document(it, it["VolumeId"], {
        **dict.fromkeys(["description", "bootable", "image"]),
        "size_gib": it["Size"], "volume_type": it["VolumeType"], "datacenter": it["AvailabilityZone"],
        "encrypted": it["Encrypted"], "multiattach": it.get("MultiAttachEnabled"), "iops": it.get("Iops"),
        "throughput_mib_per_second": it.get("Throughput"), "snapshot": ref(it.get("SnapshotId")),
        "attachments": [{"instance": ref(a["InstanceId"]), "device": a["Device"]} for a in ends],
    }, {"available": "available", "in-use": "in_use"}, it["State"], created_at=it["CreateTime"])


def network(vpc):
    ranges = [(a["CidrBlock"], a["CidrBlockState"]) for a in vpc.get("CidrBlockAssociationSet", [])]
    ranges += [(a["Ipv6CidrBlock"], a["Ipv6CidrBlockState"]) for a in vpc.get("Ipv6CidrBlockAssociationSet", [])]
    nothing = ["description", "enabled", "mtu_bytes", "network_type", "segmentation_id", "port_security", "dns_domain"]
    return document(vpc, vpc["VpcId"], {
        **dict.fromkeys(nothing),
        "cidrs": [cidr for cidr, state in ranges if state["State"] == "associated"],
        "external": False, "default": vpc["IsDefault"], "datacenters": [],
    }, {"available": "available"}, vpc["State"])


def subnet(it):
    return document(it, it["SubnetId"], {
        **dict.fromkeys(["description", "gateway_ip_address", "dhcp"]),
        "network": ref(it["VpcId"]), "cidr": it["CidrBlock"], "ip_version": 4,
        "ipv6_cidrs": [a["Ipv6CidrBlock"] for a in it["Ipv6CidrBlockAssociationSet"]],
        "dns_servers": [], "allocation_pools": [], "host_routes": [], "datacenter": it["AvailabilityZone"],
        "free_ip_addresses": it["AvailableIpAddressCount"], "public_ip_on_launch": it["MapPublicIpOnLaunch"],
        "default": it["DefaultForAz"],
    })


def interface(it):
    attachment = it.get("Attachment", {})
    addresses = [a["PrivateIpAddress"] for a in it["PrivateIpAddresses"]]
    addresses += [a["Ipv6Address"] for a in it["Ipv6Addresses"]]
    return document(it | {"Tags": it["TagSet"]}, it["NetworkInterfaceId"], {
        "description": it.get("Description") or None, "network": ref(it["VpcId"]),
        "addresses": [{"ip_address": a, "subnet": ref(it["SubnetId"])} for a in addresses],
        "mac_address": it["MacAddress"], "enabled": None, "instance": ref(attachment.get("InstanceId")),
        "router": None, "device_owner": it["InterfaceType"], "device_index": attachment.get("DeviceIndex"),
        "security_groups": [ref(g["GroupId"], g["GroupName"]) for g in it["Groups"]],
        "port_security": bool(it["Groups"]) or it["SourceDestCheck"],
        "delete_on_termination": attachment.get("DeleteOnTermination"), "datacenter": it["AvailabilityZone"],
    }, {"available": "inactive", "in-use": "active"}, it["Status"])


def router(it, external_id, kind, state, **fields):
    nothing = ["description", "enabled", "external_network", "source_nat", "default", "distributed",
               "highly_available"]
    return document(it, external_id, {
        **dict.fromkeys(nothing), "router_type": kind, "external_addresses": [], "interfaces": [], "routes": [], **fields,
    }, state=state)


def route_table(it):
    hops = ["GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId"]
    routes = [(r.get("DestinationCidrBlock") or r.get("DestinationIpv6CidrBlock"),
               next((r[h] for h in hops if r.get(h)), None)) for r in it["Routes"]]
    ends = [a["SubnetId"] for a in it["Associations"] if "SubnetId" in a]
    return router(
        it, it["RouteTableId"], "route_table", "available", network=ref(it["VpcId"]),
        interfaces=[{"subnet": ref(s), "network_interface": None, "ip_address": None} for s in ends],
        routes=[{"destination": to, "next_hop": hop} for to, hop in routes if hop != "local"],
        default=any(a["Main"] for a in it["Associations"]))


def internet_gateway(it):
    vpc = next((a["VpcId"] for a in it["Attachments"]), None)
    return router(it, it["InternetGatewayId"], "internet_gateway", "available" if vpc else "down", network=ref(vpc))


def target(it):
    return {"network_interface": ref(it.get("NetworkInterfaceId")), "instance": ref(it.get("InstanceId")),
            "private_ip_address": it.get("PrivateIpAddress")}


def address(it):
    return document(it, it["AllocationId"], {
        **dict.fromkeys(["description", "network", "router", "dns_name"]), "ip_address": it["PublicIp"], **target(it),
    }, state="in_use" if "AssociationId" in it else "available")


def binding(it):
    return document(it, it["AssociationId"], {
        "address": ref(it["AllocationId"]), "ip_address": it["PublicIp"], **target(it)}, name="", tags={})


def rule(it):
    protocol = it["IpProtocol"]
    number = {key: value if value != -1 else None for key, value in
              [("first", it.get("FromPort")), ("last", it.get("ToPort"))]}
    ports, types = protocol in ("tcp", "udp"), protocol in ("icmp", "icmpv6")
    return document(it, it["SecurityGroupRuleId"], {
        "description": it.get("Description") or None, "security_group": ref(it["GroupId"]),
        "direction": "egress" if it["IsEgress"] else "ingress",
        "ip_version": 4 if it.get("CidrIpv4") else 6 if it.get("CidrIpv6") else None,
        "protocol": protocol if protocol != "-1" else None,
        "first_port": number["first"] if ports else None, "last_port": number["last"] if ports else None,
        "icmp_type": number["first"] if types else None, "icmp_code": number["last"] if types else None,
        "remote_cidr": it.get("CidrIpv4") or it.get("CidrIpv6"),
        "remote_security_group": ref(it.get("ReferencedGroupInfo", {}).get("GroupId")),
        "remote_address_list": it.get("PrefixListId"),
    }, owner=it.get("GroupOwnerId", account))


def snapshot(it):
    states = {"completed": "available", "pending": "pending"}
    return document(it, it["SnapshotId"], {
        "description": it.get("Description") or None, "size_gib": it["VolumeSize"], "volume": ref(it["VolumeId"]),
        "encrypted": it["Encrypted"], "progress_percent": int(it["Progress"].rstrip("%")),
    }, states, it["State"], created_at=it["StartTime"])


def attachment(it):
    return document(it, it["VolumeId"] + "/" + it["InstanceId"], {
        "volume": ref(it["VolumeId"]), "instance": ref(it["InstanceId"]), "device": it["Device"], "read_only": None,
        "delete_on_termination": it.get("DeleteOnTermination"), "attached_at": time(it["AttachTime"]),
    }, {"attached": "attached"}, it["State"], name="", tags={}, created_at=it["AttachTime"])


def group(it):
    return document(it, it["GroupId"], {
        "description": it["Description"], "network": ref(it["VpcId"]), "stateful": True,
        "default": it["GroupName"] == "default"}, name=it["GroupName"])


def key(it):
    return document(it, it["KeyPairId"], {
        "fingerprint": it["KeyFingerprint"], "public_key": it["PublicKey"].strip(), "key_type": it["KeyType"],
        "user": None}, name=it["KeyName"], created_at=it["CreateTime"])


def datacenter(it):
    return document(it, it["ZoneName"], {
        "service": None, "zone_type": it["ZoneType"], "zone_id": it["ZoneId"],
        "messages": [m["Message"] for m in it["Messages"]],
    }, {"available": "available"}, it["State"], name=it["ZoneName"], owner=None)


def quotas():
    for it in ec2.describe_account_attributes()["AccountAttributes"]:
        values = [v["AttributeValue"] for v in it["AttributeValues"]]
        if len(values) == 1 and values[0].isdigit():
            word = it["AttributeName"]
            yield account + "/" + word, document(it, word, {
                "service": "compute" if word == "max-instances" else "network",
                "measure": "ip_addresses" if word == "vpc-max-elastic-ips" else word,
                "limit": int(values[0]), "used": None, "reserved": None}, name=word)


def create_storage(running):
    for at in range(6):
        volume = ec2.create_volume(Size=at + 1, AvailabilityZone=zone, VolumeType="gp3",
                                   TagSpecifications=named("volume", f"disk {at}"))["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=running, Device="/dev/sdf")
    made = ec2.create_snapshot(VolumeId=volume, Description="nightly", TagSpecifications=named("snapshot", "before"))
    ec2.create_volume(SnapshotId=made["SnapshotId"], AvailabilityZone=zone)
    ec2.create_volume(Size=9, AvailabilityZone=zone, VolumeType="gp3", Iops=4000, Throughput=250)


def create_network(running):
    vpc = ec2.create_vpc(CidrBlock="10.66.0.0/16", AmazonProvidedIpv6CidrBlock=True,
                         TagSpecifications=named("vpc", "net"))["Vpc"]["VpcId"]
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.67.0.0/16")
    sub = ec2.create_subnet(VpcId=vpc, CidrBlock="10.66.1.0/24", AvailabilityZone=zone,
                            TagSpecifications=named("subnet", "front"))["Subnet"]["SubnetId"]
    group_id = ec2.create_security_group(GroupName="web", Description="of the web", VpcId=vpc,
                                      TagSpecifications=named("security-group", "x"))["GroupId"]
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 443}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[
        {**ports, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {**ports, "UserIdGroupPairs": [{"GroupId": group_id}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ])
    eni = ec2.create_network_interface(SubnetId=sub, Groups=[group_id], Description="second",
                                       SecondaryPrivateIpAddressCount=1,
                                       TagSpecifications=named("network-interface", "nic"))["NetworkInterface"]
    eni = eni["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=running, DeviceIndex=1)
    free = ec2.create_network_interface(SubnetId=sub)["NetworkInterface"]["NetworkInterfaceId"]
    igw = ec2.create_internet_gateway(TagSpecifications=named("internet-gateway", "out"))["InternetGateway"]
    igw = igw["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    ec2.create_internet_gateway()
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=named("route-table", "ways"))["RouteTable"]
    table = table["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", NetworkInterfaceId=free)
    ec2.associate_route_table(RouteTableId=table, SubnetId=sub)
    for bound in [{"NetworkInterfaceId": free}, {"InstanceId": running}, None]:
        it = ec2.allocate_address(Domain="vpc", TagSpecifications=named("elastic-ip", "front"))["AllocationId"]
        if bound:
            ec2.associate_address(AllocationId=it, **bound)


def create():
    base = every("describe_images", "Images", Owners=["amazon"])[0]["ImageId"]
    ec2.create_key_pair(KeyName="real", KeyType="ed25519", TagSpecifications=named("key-pair", "x"))
    default = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    # moto has pages of reservations, not of instances. One reservation has two instances.
    ids = []
    for count in [1, 1, 1, 1, 1, 2]:
        made = ec2.run_instances(ImageId=base, InstanceType="t3.micro", MinCount=count, MaxCount=count, KeyName="real",
                                 SecurityGroupIds=[default], TagSpecifications=named("instance", "a & b <ü>"))["Instances"]
        ids += [i["InstanceId"] for i in made]
    ec2.stop_instances(InstanceIds=ids[:2])
    ec2.terminate_instances(InstanceIds=ids[2:3])
    ec2.create_image(InstanceId=ids[3], Name="gateway-test")
    create_storage(ids[4])
    create_network(ids[4])
    return documents()


def keyed(items, read):
    mapped = [read(item) for item in items]
    return {it["external_id"]: it for it in mapped}


def documents():
    volumes = every("describe_volumes", "Volumes")
    addresses = ec2.describe_addresses()["Addresses"]
    images = every("describe_images", "Images", Owners=["self"])
    types = every("describe_instance_types", "InstanceTypes")
    sizes = {t["InstanceType"]: t for t in types}
    public = every("describe_images", "Images", Owners=["amazon"], Filters=[{"Name": "is-public", "Values": ["true"]}])
    return {
        "instance": keyed(instances(), lambda i: instance(i, sizes)),
        "instance_type": keyed(types, instance_type),
        "image": keyed(images, image),
        "public_image": keyed(public, image),
        "volume": keyed(volumes, volume),
        "volume_snapshot": keyed(every("describe_snapshots", "Snapshots", RestorableByUserIds=["self"]), snapshot),
        "volume_attachment": keyed([a for v in volumes for a in v["Attachments"]], attachment),
        "network": keyed(every("describe_vpcs", "Vpcs"), network),
        "subnet": keyed(every("describe_subnets", "Subnets"), subnet),
        "network_interface": keyed(every("describe_network_interfaces", "NetworkInterfaces"), interface),
        "router": keyed(every("describe_route_tables", "RouteTables"), route_table)
        | keyed(every("describe_internet_gateways", "InternetGateways"), internet_gateway),
        "ip_address": keyed(addresses, address),
        "ip_address_binding": keyed([a for a in addresses if "AssociationId" in a], binding),
        "security_group": keyed(every("describe_security_groups", "SecurityGroups"), group),
        "security_group_rule": keyed(every("describe_security_group_rules", "SecurityGroupRules"), rule),
        "ssh_key": keyed(ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"], key),
        "datacenter": keyed(ec2.describe_availability_zones()["AvailabilityZones"], datacenter),
        "quota": dict(quotas()),
    }


def try_to(call, **query):
    """Calls an operation that the cloud may refuse for resources of its own."""
    try:
        call(**query)
    except ClientError:
        pass


def remove():
    for image in every("describe_images", "Images", Owners=["self"]):
        ec2.deregister_image(ImageId=image["ImageId"])
    for it in ec2.describe_addresses()["Addresses"]:
        if "AssociationId" in it:
            ec2.disassociate_address(AssociationId=it["AssociationId"])
        ec2.release_address(AllocationId=it["AllocationId"])
    ids = [i["InstanceId"] for i in instances() if i["State"]["Name"] != "terminated"]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
    for volume in every("describe_volumes", "Volumes"):
        if volume["State"] == "available":
            ec2.delete_volume(VolumeId=volume["VolumeId"])
    for it in every("describe_snapshots", "Snapshots", RestorableByUserIds=["self"]):
        if it["OwnerId"] == account:
            ec2.delete_snapshot(SnapshotId=it["SnapshotId"])
    for it in ec2.describe_key_pairs()["KeyPairs"]:
        ec2.delete_key_pair(KeyName=it["KeyName"])
    for it in every("describe_network_interfaces", "NetworkInterfaces"):
        # moto fails on an instance without its first interface.
        if it.get("Attachment", {}).get("DeviceIndex"):
            try_to(ec2.detach_network_interface, AttachmentId=it["Attachment"]["AttachmentId"])
        try_to(ec2.delete_network_interface, NetworkInterfaceId=it["NetworkInterfaceId"])
    for it in every("describe_internet_gateways", "InternetGateways"):
        for attachment in it["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=it["InternetGatewayId"], VpcId=attachment["VpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=it["InternetGatewayId"])
    for it in every("describe_route_tables", "RouteTables"):
        if not any(a["Main"] for a in it["Associations"]):
            for association in it["Associations"]:
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
            ec2.delete_route_table(RouteTableId=it["RouteTableId"])
    for vpc in every("describe_vpcs", "Vpcs", Filters=[{"Name": "is-default", "Values": ["false"]}]):
        inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        for it in every("describe_subnets", "Subnets", Filters=inside):
            ec2.delete_subnet(SubnetId=it["SubnetId"])
        for it in every("describe_security_groups", "SecurityGroups", Filters=inside):
            if it["GroupName"] != "default":
                ec2.delete_security_group(GroupId=it["GroupId"])
        ec2.delete_vpc(VpcId=vpc["VpcId"])
    return {}


print(json.dumps(create() if command == "create" else remove()))
