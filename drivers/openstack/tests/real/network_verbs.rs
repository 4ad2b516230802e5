//! Everything that can be done to what Neutron has, done in a project of its own on a real cloud.

#[path = "network_verbs/project.rs"]
mod project;
#[path = "network_verbs/worker.rs"]
mod worker;

use gateway_core::driver::Known;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};
use tokio::task::{LocalSet, spawn_local};

use self::project::Project;
use self::worker::Worker;
use crate::api::Api;
use crate::auth_url;

/// Does a test's work in a project, which ends whatever comes of it.
pub(crate) async fn in_project<W: Future<Output = ()>>(
    test: &str,
    work: impl FnOnce(String, String) -> W + 'static,
) {
    let Some(url) = auth_url() else { return };
    let project = Project::open(&url, test).await;
    let name = project.name.clone();
    // A task of its own, so that its panic ends here.
    let tasks = LocalSet::new();
    let outcome =
        tasks.run_until(async move { spawn_local(async move { work(url, name).await }).await }).await;
    project.close().await;
    outcome.unwrap();
}

fn code(kind: ErrorKind, code: &str) -> (ErrorKind, String) {
    (kind, code.to_owned())
}

async fn field(worker: &Worker, known: &Known, name: &str) -> Value {
    let seen = worker.get(known.kind.as_str(), &known.native_key).await.unwrap();
    seen.document()[name].clone()
}

async fn outside(worker: &Worker) -> Known {
    let networks = worker.all("network").await;
    let public = networks.iter().find(|network| network.name == "public").unwrap();
    worker.known("network", &public.native_key).await
}

/// A network with a subnet; tells both.
async fn network(worker: &Worker, name: &str, cidr: &str) -> (Known, Known) {
    let network = worker.make("network", json!({ "name": name, "description": "of a test" })).await;
    let subnet = json!({ "name": name, "network": network.id, "cidr": cidr, "dns_servers": ["192.0.2.1"],
        "dhcp": false, "description": "of a test" });
    let subnet = worker.make("subnet", subnet).await;
    (network, subnet)
}

/// A router between a subnet and the outside.
async fn router(worker: &Worker, subnet: &Known) -> Known {
    let outside = outside(worker).await;
    let router = json!({ "name": "verbs", "external_network": outside.id });
    let router = worker.make("router", router).await;
    let end = json!({ "subnet": subnet.id });
    worker.on(&router, Verb::AddInterface, end).watched().await;
    router
}

#[tokio::test]
async fn what_an_owner_writes_is_changed_and_the_marker_stays() {
    in_project("written", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let (net, subnet) = network(worker, "one", "10.70.0.0/24").await;
        assert_eq!(field(worker, &net, "description").await, "of a test");
        let seen = worker.get("subnet", &subnet.native_key).await.unwrap().document();
        assert_eq!((&seen["cidr"], &seen["dhcp"]), (&json!("10.70.0.0/24"), &json!(false)));
        assert_eq!(seen["dns_servers"], json!(["192.0.2.1"]));
        let router = worker.make("router", json!({ "name": "one", "tags": { "blue": "" } })).await;
        assert_eq!(field(worker, &router, "tags").await, json!({ "blue": "" }));
        let group = worker.make("security_group", json!({ "name": "one" })).await;
        let port = json!({ "name": "one", "network": net.id,
            "addresses": [{ "subnet": subnet.id, "ip_address": "10.70.0.9" }] });
        let port = worker.make("network_interface", port).await;
        let address = json!({ "network": outside(worker).await.id });
        let address = worker.make("ip_address", address).await;
        for known in [&net, &subnet, &router, &group, &port, &address] {
            let (kind, key) = (known.kind.as_str(), known.native_key.as_str());
            let before = worker.get(kind, key).await.unwrap().marker;
            let has_name = kind != "ip_address";
            let mut change = json!({ "description": "other words", "tags": { "red": "", "a/b c": "" } });
            if has_name {
                change["name"] = json!("two");
            }
            let change = worker.on(known, Verb::Update, change);
            change.watched().await;
            change.act().await.unwrap();
            let seen = worker.get(kind, key).await.unwrap();
            assert_eq!(seen.marker, before, "{kind}");
            assert_eq!(seen.name, if has_name { "two" } else { "" });
            assert_eq!(seen.document()["description"], "other words", "{kind}");
            assert_eq!(seen.document()["tags"], json!({ "red": "", "a/b c": "" }), "{kind}");
            worker.on(known, Verb::Update, json!({ "description": "", "tags": {} })).watched().await;
            let seen = worker.get(kind, key).await.unwrap();
            assert_eq!((seen.marker, &seen.document()["description"]), (before, &Value::Null), "{kind}");
            assert_eq!(seen.document()["tags"], json!({}), "{kind}");
        }
        let groups = async |groups: Value| {
            let change = json!({ "security_groups": groups });
            worker.on(&port, Verb::Update, change).watched().await;
            field(worker, &port, "security_groups").await
        };
        assert_eq!(groups(json!([])).await, json!([]));
        assert_eq!(groups(json!([group.id])).await[0]["external_id"], json!(group.external_id));
        let used = worker.on(&group, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "SecurityGroupInUse"));
        let used = worker.on(&net, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "NetworkInUse"));
        for known in [&address, &port, &group, &router, &net] {
            let end = worker.on(known, Verb::Delete, Value::Null);
            end.watched().await;
            assert_eq!(end.refusal().await.0, ErrorKind::NotFound, "{}", known.kind);
            let update = worker.on(known, Verb::Update, json!({ "description": "late" }));
            assert_eq!(update.refused().await.kind(), ErrorKind::NotFound);
        }
        assert!(worker.get("subnet", &subnet.native_key).await.is_none(), "it ends with its network");
    })
    .await;
}

#[tokio::test]
async fn a_router_is_connected_and_disconnected_however_often_it_is_told() {
    in_project("router", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let (_, subnet) = network(worker, "one", "10.71.0.0/24").await;
        let router = worker.make("router", json!({ "name": "one" })).await;
        let outside = outside(worker).await;
        let lead = worker.on(&router, Verb::SetGateway, json!({ "external_network": outside.id }));
        lead.watched().await;
        lead.watched().await;
        assert_eq!(
            field(worker, &router, "external_network").await["external_id"],
            json!(outside.external_id)
        );
        let add = worker.on(&router, Verb::AddInterface, json!({ "subnet": subnet.id }));
        let first = add.watched().await.touched;
        assert_eq!(add.watched().await.touched, first, "the second time as the first");
        let ends = field(worker, &router, "interfaces").await;
        assert_eq!(ends.as_array().unwrap().len(), 1);
        assert_eq!(ends[0]["subnet"]["external_id"], json!(subnet.external_id));
        assert_eq!(ends[0]["network_interface"]["external_id"], json!(first[1].native_key));
        let (_, inner) = network(worker, "two", "10.71.0.0/25").await;
        let overlap = worker.on(&router, Verb::AddInterface, json!({ "subnet": inner.id })).refusal().await;
        assert_eq!(overlap, code(ErrorKind::Invalid, "BadRequest"));
        let used = worker.on(&router, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "RouterInUse"));
        let end = worker.known("network_interface", &first[1].native_key).await;
        let end = worker.on(&end, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(end, code(ErrorKind::Conflict, "ServicePortInUse"));
        let used = worker.on(&subnet, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "SubnetInUse"));
        let router = worker.known("router", &router.native_key).await;
        let remove = worker.on(&router, Verb::RemoveInterface, json!({ "subnet": subnet.id }));
        assert_eq!(remove.watched().await.touched, first);
        assert_eq!(remove.watched().await.touched, first, "the second time as the first");
        assert_eq!(field(worker, &router, "interfaces").await, json!([]));
        let clear = worker.on(&router, Verb::ClearGateway, Value::Null);
        clear.watched().await;
        clear.watched().await;
        assert_eq!(field(worker, &router, "external_network").await, Value::Null);
        worker.on(&router, Verb::Delete, Value::Null).watched().await;
        assert_eq!(clear.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        assert_eq!(remove.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        assert_eq!(add.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        worker.on(&subnet, Verb::Delete, Value::Null).watched().await;
    })
    .await;
}

#[tokio::test]
async fn an_address_is_led_to_a_port_and_to_nothing_else_unasked() {
    in_project("binding", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let (net, subnet) = network(worker, "one", "10.72.0.0/24").await;
        let port = json!({ "network": net.id });
        let (port, other) = (
            worker.make("network_interface", port.clone()).await,
            worker.make("network_interface", port).await,
        );
        let outside = outside(worker).await;
        let address = json!({ "network": outside.id, "tags": { "front": "" } });
        let (address, spare) =
            (worker.make("ip_address", address.clone()).await, worker.make("ip_address", address).await);
        let bind = |address: &Known, port: &Known| {
            let command = json!({ "address": address.id, "network_interface": port.id });
            worker.command("ip_address_binding", Verb::Create, command)
        };
        let unreachable = bind(&address, &port);
        let nowhere = code(ErrorKind::Conflict, "ExternalGatewayForFloatingIPNotFound");
        assert_eq!(unreachable.refusal().await, nowhere);
        assert_eq!(unreachable.find().await.unwrap(), None);
        let router = router(worker, &subnet).await;

        let command = json!({ "address": address.id, "network_interface": port.id });
        let binding = worker.make("ip_address_binding", command).await;
        assert_eq!(binding.native_key, format!("{}/{}", address.external_id, port.external_id));
        let again = bind(&address, &port);
        assert_eq!(again.watched().await.touched[0].native_key, binding.native_key, "it is there already");
        let elsewhere = bind(&address, &other).refused().await;
        assert_eq!((elsewhere.kind(), elsewhere.pointer()), (ErrorKind::Conflict, Some("/address")));
        assert_eq!(bind(&address, &other).find().await.unwrap(), None);
        let taken = bind(&spare, &port).refusal().await;
        assert_eq!(taken, code(ErrorKind::Conflict, "FloatingIPPortAlreadyAssociated"));
        let odd =
            json!({ "address": spare.id, "network_interface": other.id, "private_ip_address": "10.9.9.9" });
        let odd = worker.command("ip_address_binding", Verb::Create, odd).refusal().await;
        assert_eq!(odd, code(ErrorKind::Invalid, "BadRequest"));
        let clear = worker.on(&router, Verb::ClearGateway, Value::Null).refusal().await;
        assert_eq!(clear, code(ErrorKind::Conflict, "RouterExternalGatewayInUseByFloatingIp"));
        let remove =
            worker.on(&router, Verb::RemoveInterface, json!({ "subnet": subnet.id })).refusal().await;
        assert_eq!(remove, code(ErrorKind::Conflict, "RouterInterfaceInUseByFloatingIP"));

        let end = worker.on(&binding, Verb::Delete, Value::Null);
        assert_eq!(end.watched().await.touched[0].native_key, binding.native_key);
        let command = json!({ "address": address.id, "network_interface": other.id });
        let moved = worker.make("ip_address_binding", command).await;
        end.watched().await;
        assert!(worker.get("ip_address_binding", &moved.native_key).await.is_some(), "the later one stays");

        let led = worker.on(&other, Verb::Delete, Value::Null).watched().await;
        let keys: Vec<_> = led.touched.iter().map(|touched| touched.native_key.as_str()).collect();
        assert_eq!(keys, [other.native_key.as_str(), &address.native_key, &moved.native_key]);
        worker.on(&address, Verb::Delete, Value::Null).watched().await;
        assert_eq!(bind(&address, &port).refused().await.kind(), ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn an_address_is_led_to_the_first_port_of_an_instance_that_it_can_reach() {
    in_project("instance", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let (hidden, _) = network(worker, "hidden", "10.73.1.0/24").await;
        let (open, subnet) = network(worker, "open", "10.73.2.0/24").await;
        router(worker, &subnet).await;
        let api = Api::login_to(&url, "demo", &name).await;
        let image = api.get("image/images?name=cirros").await["images"][0]["id"].clone();
        let networks = json!([{ "uuid": hidden.external_id }, { "uuid": open.external_id }]);
        let server = json!({ "name": "verbs", "flavorRef": "1", "imageRef": image, "networks": networks });
        let server = api.make("compute/servers", "server", server).await["id"].as_str().unwrap().to_owned();
        let path = format!("compute/servers/{server}");
        api.settle(&path, "server", "ACTIVE").await;
        worker.disturbed();
        let instance = worker.known("instance", &server).await;
        let address = worker.make("ip_address", json!({ "network": outside(worker).await.id })).await;
        let command = json!({ "address": address.id, "instance": instance.id });
        let binding = worker.make("ip_address_binding", command.clone()).await;
        let port = binding.document["network_interface"]["external_id"].as_str().unwrap();
        let port = worker.known("network_interface", port).await;
        assert_eq!(port.document["network"]["external_id"], json!(open.external_id));
        assert_eq!(binding.document["instance"]["external_id"], json!(server));
        let again = worker.command("ip_address_binding", Verb::Create, command).watched().await;
        assert_eq!(again.touched[0].native_key, binding.native_key);
        let is_reached = |answer: &Value| answer["server"]["addresses"].to_string().contains(r#""floating""#);
        api.until("reached", &path, is_reached).await;
        // Its groups are told by Nova too.
        let group = worker.make("security_group", json!({ "name": "guard" })).await;
        let change = json!({ "security_groups": [group.id] });
        let done = worker.on(&port, Verb::Update, change).watched().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == server));
        let done = worker.on(&binding, Verb::Delete, Value::Null).watched().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == server));
        let inside =
            json!({ "address": address.id, "instance": instance.id, "private_ip_address": "10.9.9.9" });
        let none = worker.command("ip_address_binding", Verb::Create, inside).refused().await;
        assert_eq!(none.kind(), ErrorKind::Conflict);
    })
    .await;
}

#[tokio::test]
async fn groups_have_rules_and_no_rule_twice() {
    in_project("rules", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let made = worker.command("security_group", Verb::Create, json!({ "name": "web", "description": "of a test" }));
        let done = made.watched().await;
        let kinds: Vec<_> = done.touched.iter().map(|touched| touched.kind.as_str()).collect();
        assert_eq!(kinds, ["security_group", "security_group_rule", "security_group_rule"], "with its usual rules");
        let group = worker.known("security_group", &done.touched[0].native_key).await;
        let ssh = json!({ "security_group": group.id, "direction": "ingress", "protocol": "tcp", "first_port": 22,
            "remote_cidr": "10.0.0.0/8", "description": "of a test" });
        let rule = worker.make("security_group_rule", ssh.clone()).await;
        let seen = &rule.document;
        assert_eq!((&seen["first_port"], &seen["last_port"]), (&json!(22), &json!(22)));
        assert_eq!((&seen["remote_cidr"], &seen["description"]), (&json!("10.0.0.0/8"), &json!("of a test")));
        let equal = worker.command("security_group_rule", Verb::Create, ssh);
        assert_eq!(equal.refusal().await, code(ErrorKind::Conflict, "SecurityGroupRuleExists"));
        assert_eq!(equal.find().await.unwrap(), None, "another's rule is not what this order made");
        let ping = json!({ "security_group": group.id, "direction": "egress", "protocol": "icmp", "icmp_type": 8,
            "icmp_code": 0 });
        let ping = worker.make("security_group_rule", ping).await;
        assert_eq!((&ping.document["icmp_type"], &ping.document["icmp_code"]), (&json!(8), &json!(0)));
        let refused = async |more: Value| {
            let mut command = json!({ "security_group": group.id, "direction": "ingress" });
            command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            worker.command("security_group_rule", Verb::Create, command).refusal().await
        };
        let nonsense = refused(json!({ "protocol": "nonsense" })).await;
        assert_eq!(nonsense, code(ErrorKind::Invalid, "SecurityGroupRuleInvalidProtocol"));
        let six = refused(json!({ "remote_cidr": "fd00::/8" })).await;
        assert_eq!(six, code(ErrorKind::Invalid, "SecurityGroupRuleParameterConflict"));
        let second = worker.command("security_group", Verb::Create, json!({ "name": "default" })).refusal().await;
        assert_eq!(second, code(ErrorKind::Conflict, "SecurityGroupDefaultAlreadyExists"));
        let end = worker.on(&rule, Verb::Delete, Value::Null);
        end.watched().await;
        assert_eq!(end.refusal().await, code(ErrorKind::NotFound, "SecurityGroupRuleNotFound"));
        // A rule for the members of a group ends with that group.
        let members = worker.make("security_group", json!({ "name": "members" })).await;
        let of_members = json!({ "security_group": group.id, "direction": "ingress", "ip_version": 6,
            "remote_security_group": members.id });
        let of_members = worker.make("security_group_rule", of_members).await;
        let done = worker.on(&members, Verb::Delete, Value::Null).watched().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == of_members.native_key));
        worker.on(&group, Verb::Delete, Value::Null).watched().await;
    })
    .await;
}

#[tokio::test]
async fn a_create_that_came_half_way_is_brought_to_its_end_and_nothing_is_made_twice() {
    in_project("half", async |url, name| {
        let worker = &Worker::open(&url, &name).await;
        let api = Api::login_to(&url, "demo", &name).await;
        let command =
            json!({ "name": "half", "description": "of a test", "tags": { "blue": "", "red": "" } });
        for by_finding in [true, false] {
            let ordered = worker.command("network", Verb::Create, command.clone());
            assert_eq!(ordered.find().await.unwrap(), None);
            // As if the gateway had gone down between its two calls.
            let description = ordered.marker.append_to(Some("of a test"));
            let half = json!({ "name": "half", "description": description });
            let half = api.make("network/networks", "network", half).await["id"].as_str().unwrap().to_owned();
            let found = if by_finding {
                ordered.find().await.unwrap().unwrap().native_key
            } else {
                ordered.act().await.unwrap().touched[0].native_key.clone()
            };
            assert_eq!(found, half);
            let whole = worker.known("network", &half).await;
            assert_eq!(field(worker, &whole, "tags").await, json!({ "blue": "", "red": "" }));
            assert_eq!(ordered.act().await.unwrap().touched[0].native_key, half, "and once more");
            let made: Vec<_> = worker
                .all("network")
                .await
                .into_iter()
                .filter(|one| one.marker == Some(ordered.marker))
                .collect();
            assert_eq!(made.len(), 1);
            // Tags that somebody gave it since are left.
            worker.on(&whole, Verb::Update, json!({ "tags": { "later": "" } })).act().await.unwrap();
            assert_eq!(ordered.find().await.unwrap().unwrap().native_key, half);
            assert_eq!(field(worker, &whole, "tags").await, json!({ "later": "" }));
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_cloud_refuses_is_told_in_its_words() {
    let Some(url) = auth_url() else { return };
    let project = Project::open(&url, "refused").await;
    project.limit("router", 0).await;
    let name = project.name.clone();
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async move {
        spawn_local(async move {
            let worker = &Worker::open(&url, &name).await;
            let (net, _) = network(worker, "one", "10.74.0.0/24").await;
            let spent = worker.command("router", Verb::Create, json!({ "name": "two", "tags": { "a": "" } }));
            assert_eq!(spent.refusal().await, code(ErrorKind::Conflict, "OverQuota"));
            let overlap = json!({ "name": "two", "network": net.id, "cidr": "10.74.0.0/25" });
            let overlap = worker.command("subnet", Verb::Create, overlap).refusal().await;
            assert_eq!(overlap, code(ErrorKind::Invalid, "InvalidInput"));
            let options = json!({ "name": "two", "cloud_options": { "nonsense": 1 } });
            let odd = worker.command("network", Verb::Create, options).refusal().await;
            assert_eq!(odd, code(ErrorKind::Invalid, "HTTPBadRequest"));
            let shared = json!({ "name": "two", "cloud_options": { "shared": true } });
            let forbidden = worker.command("network", Verb::Create, shared).refusal().await;
            assert_eq!(forbidden, code(ErrorKind::Forbidden, "PolicyNotAuthorized"));
            let public = outside(worker).await;
            let foreign = worker.on(&public, Verb::Delete, Value::Null).refusal().await;
            assert_eq!(foreign, code(ErrorKind::Forbidden, "PolicyNotAuthorized"));
            let inner =
                worker.command("ip_address", Verb::Create, json!({ "network": net.id })).refusal().await;
            assert_eq!(inner, code(ErrorKind::Invalid, "BadRequest"));
            let taken = json!({ "network": net.id, "addresses": [{ "subnet": first_subnet(worker).await.id,
                "ip_address": "10.9.9.9" }] });
            let taken = worker.command("network_interface", Verb::Create, taken).refusal().await;
            assert_eq!(taken, code(ErrorKind::Invalid, "InvalidIpForSubnet"));
            let own = json!({ "name": "two", "cloud_options": { "project_id": "x", "mtu": 1400 } });
            let own = worker.command("network", Verb::Create, own).faults();
            assert_eq!(own[0].pointer, "/cloud_options/project_id");
        })
        .await
    });
    let outcome = outcome.await;
    project.close().await;
    outcome.unwrap();
}

async fn first_subnet(worker: &Worker) -> Known {
    let subnets = worker.all("subnet").await;
    let own = subnets.iter().find(|subnet| subnet.name == "one").unwrap();
    worker.known("subnet", &own.native_key).await
}
