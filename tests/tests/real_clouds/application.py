"""The life cycle of a small application at one cloud, through the gateway: URL TOKEN CLOUD [ACCOUNT].

The same steps for every cloud. Optional fields are left out where the cloud does not have them. Optional verbs are
used where `GET /v1/clouds` lists them. Prints one line a step and removes all resources.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL, TOKEN, CLOUD = sys.argv[1:4]
ACCOUNT = sys.argv[4] if len(sys.argv) > 4 else None
NAME = "application-" + uuid.uuid4().hex[:8]
TIMEOUT = 180
RULES = [{"direction": "ingress", "protocol": "tcp", "first_port": 22, "remote_cidr": "0.0.0.0/0"},
         {"direction": "ingress", "protocol": "icmp", "remote_cidr": "10.60.0.0/16"}]


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {json.dumps(body)}")
        self.status, self.body = status, body


def call(method, path, body=None):
    """Sends a request. A body of bytes is sent as content, any other body as JSON.

    A command that outlasts its request is asked for again by its key, as at any client.
    """
    is_content = isinstance(body, bytes)
    data = body if is_content or body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, method=method, data=data)
    request.add_header("Authorization", "Bearer " + TOKEN)
    request.add_header("Content-Type", "application/octet-stream" if is_content else "application/json")
    if method != "GET":
        request.add_header("Idempotency-Key", str(uuid.uuid4()))
    end = time.time() + TIMEOUT
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.load(error)
            if body.get("type") != "/problems/still-running" or time.time() > end:
                raise Refused(error.code, body) from None


def log(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def plural(kind):
    return {"ip_address": "ip_addresses"}.get(kind, kind + "s")


def create(kind, command, optional=()):
    """Creates a resource. Fields in `optional` are left out if the cloud does not have them."""
    command = {"cloud": CLOUD, **({"account": ACCOUNT} if ACCOUNT else {}), **command}
    try:
        made = call("POST", f"/v1/{plural(kind)}", command)
    except Refused as refused:
        pointers = [error["pointer"].lstrip("/") for error in refused.body.get("errors", [])]
        if not pointers or not all(pointer in optional for pointer in pointers):
            raise
        return create(kind, {name: value for name, value in command.items() if name not in pointers})
    first = made["resources"][0]
    assert first["kind"] == kind and made["operation"]["state"] == "succeeded", made
    assert get(kind, first["id"])["id"] == first["id"], "the resource is visible at once"
    log(f"{kind} {first['name'] or first['external_id']}: {first['state']}")
    return made


def made(kind, command, optional=()):
    return create(kind, command, optional)["resources"][0]["id"]


def get(kind, id):
    return call("GET", f"/v1/{plural(kind)}/{id}")


def act(kind, id, action, command=None):
    outcome = call("POST", f"/v1/{plural(kind)}/{id}/actions/{action}", command or {})
    log(f"{kind} {action}: {[one['state'] for one in outcome['resources']]}")
    return outcome


def update(kind, id, change):
    changed = call("PATCH", f"/v1/{plural(kind)}/{id}", change)["resources"][0]
    for name, value in change.items():
        # Some clouds keep the name in the tags.
        seen = {tag: changed[name].get(tag) for tag in value} if name == "tags" else changed[name]
        assert seen == value, (name, changed[name], value)
    log(f"{kind} {changed['name']}: changed")


def until(what, look):
    end, last = time.time() + TIMEOUT, None
    while time.time() < end:
        last = look()
        if last is True:
            return
        time.sleep(0.4)
    raise SystemExit(f"waited {TIMEOUT} s for {what}; last: {last}")


def until_state(kind, id, *states):
    until(f"{kind} {states}", lambda: get(kind, id)["state"] in states or get(kind, id)["state"])


def delete(kind, id):
    """Deletes a resource as soon as it is unused, and waits until it is gone."""
    def try_delete():
        try:
            call("DELETE", f"/v1/{plural(kind)}/{id}")
        except Refused as refused:
            # Gone, or already terminating.
            ending = ("terminating", "terminated", "deleting", "deleted")
            if refused.status == 404 or refused.body.get("state") in ending:
                return True
            if refused.status == 409:
                return str(refused)
            raise
        return True

    def gone():
        try:
            return get(kind, id)["state"] in ("terminated", "deleted") or get(kind, id)["state"]
        except Refused as refused:
            return refused.status == 404 or str(refused)

    until(f"the end of {kind} {id}", try_delete)
    until(f"{kind} {id} to be gone", gone)
    log(f"{kind}: gone")


def choose(kind, *names):
    """Returns the first resource with one of these names, or the first of all."""
    found = []
    for name in names:
        found = found or call("GET", f"/v1/{plural(kind)}?cloud={CLOUD}&name={name}&limit=1")["items"]
    return (found or call("GET", f"/v1/{plural(kind)}?cloud={CLOUD}&limit=1")["items"])[0]


def upload_image(name):
    """Creates an image with uploaded content. Returns its id."""
    image, content = made("image", {"name": name, "disk_format": "raw"}), os.urandom(5 << 20)
    until_state("image", image, "queued")
    call("PUT", f"/v1/images/{image}/content", content)
    until_state("image", image, "available")
    seen = get("image", image)
    assert seen["size_bytes"] == len(content), seen
    assert seen["checksum"] == "sha512:" + hashlib.sha512(content).hexdigest(), seen
    log(f"image {name}: filled with {len(content)} bytes")
    return image


def run_application(can):
    image = choose("image", "cirros", "amzn2-ami-hvm-2.0.20190508-x86_64-gp2")
    small, larger = choose("instance_type", "m1.nano", "t3.micro"), choose("instance_type", "m1.tiny", "t3.small")
    outside = [one for one in call("GET", f"/v1/networks?cloud={CLOUD}&limit=500")["items"] if one.get("external")]
    outside = {"external_network": outside[0]["id"]} if outside else {}

    key = create("ssh_key", {"name": NAME})
    assert "PRIVATE KEY" in key["private_key"], "the private key is returned once"
    key = key["resources"][0]["id"]
    network = made("network", {"name": NAME, "cidr": "10.60.0.0/16"}, optional=["cidr"])
    subnet = made("subnet", {"name": NAME, "network": network, "cidr": "10.60.1.0/24"})
    router = made("router", {"name": NAME, "network": network}, optional=["network"])
    act("router", router, "set_gateway", outside)
    act("router", router, "add_interface", {"subnet": subnet})
    group = made("security_group", {"name": NAME, "description": "of a test", "network": network}, optional=["network"])
    for rule in RULES:
        made("security_group_rule", {"security_group": group, **rule})

    command = {"image": image["id"], "instance_type": small["id"], "networks": [network], "security_groups": [group],
             "ssh_key": key, "tags": {"application": NAME}, "user_data": "#!/bin/sh\necho hello\n"}
    servers = create("instance", {"name": NAME, "count": 2, **command})["resources"]
    assert [one["name"] for one in servers] == [NAME + "-1", NAME + "-2"], servers
    first, second = (one["id"] for one in servers)
    for server in (first, second):
        until_state("instance", server, "running")
    zone = {"datacenter": get("instance", first)["datacenter"]}
    volume = made("volume", {"name": NAME, "size_gib": 1, **zone})
    until_state("volume", volume, "available")
    attachment = made("volume_attachment", {"volume": volume, "instance": first})
    until_state("volume", volume, "in_use")
    snapshot = made("volume_snapshot", {"name": NAME, "volume": volume})
    until_state("volume_snapshot", snapshot, "available")
    address = made("ip_address", {"network": outside.get("external_network")} if outside else {})
    binding = made("ip_address_binding", {"address": address, "instance": first})
    public = get("ip_address", address)["ip_address"]
    until("the instance to have its address", lambda: public in get("instance", first)["public_ip_addresses"])

    update("instance", first, {"name": NAME + "-renamed", "tags": {"application": NAME, "tier": "front"}})
    for action, inverse, state in [("pause", "unpause", "paused"), ("suspend", "resume", "suspended")]:
        if action in can["instance"]:
            act("instance", second, action)
            until_state("instance", second, state)
            act("instance", second, inverse)
            until_state("instance", second, "running")
    act("instance", first, "reboot", {"hard": True})
    until_state("instance", first, "running")
    act("instance", first, "stop")
    until_state("instance", first, "stopped")
    act("instance", first, "resize", {"instance_type": larger["id"]})
    until("the new type", lambda: get("instance", first)["state"] in ("resized", "stopped"))
    if "confirm_resize" in get("instance", first)["actions"]:
        act("instance", first, "confirm_resize")
    until("the new type", lambda: get("instance", first)["instance_type"]["name"] == larger["name"])
    until_state("instance", first, "stopped", "running")
    if get("instance", first)["state"] == "stopped":
        act("instance", first, "start")
    until_state("instance", first, "running")
    copy = act("instance", second, "create_image", {"name": NAME})["resources"][0]
    assert copy["kind"] == "image", copy
    until_state("image", copy["id"], "available")

    if "upload" in can["image"]:
        delete("image", upload_image(NAME + "-filled"))

    try:
        call("DELETE", f"/v1/networks/{network}")
        raise SystemExit("a network in use was deleted")
    except Refused as refused:
        body = refused.body
        assert refused.status == 409 and body["cloud"]["code"] and body["cloud"]["message"], body
        assert {"subnet", "network_interface"} & {user["kind"] for user in body["users"]}, body
        log(f"network in use: {body['cloud']['code']}: {body['cloud']['message']}")

    delete("ip_address_binding", binding)
    delete("ip_address", address)
    delete("volume_attachment", attachment)
    until_state("volume", volume, "available")
    delete("volume_snapshot", snapshot)
    delete("volume", volume)
    query = f"cloud={CLOUD}&tag.application={NAME}" + (f"&account={ACCOUNT}" if ACCOUNT else "")
    ended = call("POST", f"/v1/instances/actions/delete?{query}", {"expect": 2})
    assert ended["failed"] == 0, ended
    for server in (first, second):
        delete("instance", server)
    delete("image", copy["id"])
    # Some clouds create images from snapshots. These remain, and name the image.
    call("POST", f"/v1/refresh?cloud={CLOUD}&kind=volume_snapshot")
    for one in call("GET", f"/v1/volume_snapshots?cloud={CLOUD}&sort=-created_at&limit=100")["items"]:
        if copy["external_id"] in (one.get("description") or ""):
            delete("volume_snapshot", one["id"])
    act("router", router, "remove_interface", {"subnet": subnet})
    act("router", router, "clear_gateway")
    delete("router", router)
    delete("subnet", subnet)
    delete("security_group", group)
    delete("network", network)
    delete("ssh_key", key)


clouds = {cloud["name"]: cloud for cloud in call("GET", "/v1/clouds")["items"]}
run_application(clouds[CLOUD]["verbs"])
log("done")
