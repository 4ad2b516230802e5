//! Commands of Neutron's kinds, carried out by a real cloud in a project of the test.

mod project;
mod runner;

use gateway_core::driver::Known;
use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use serde_json::{Value, json};
use tokio::task::{LocalSet, spawn_local};

use self::project::Project;
use self::runner::NetworkRunner;
use crate::api::Api;
use crate::auth_url;

/// Runs a test in a new project, and deletes the project whatever the outcome.
pub(crate) async fn in_project<W: Future<Output = ()>>(
    test: &str,
    work: impl FnOnce(String, String) -> W + 'static,
) {
    let Some(url) = auth_url() else { return };
    let project = Project::open(&url, test).await;
    let name = project.name.clone();
    // In a task, a panic does not skip the cleanup.
    let tasks = LocalSet::new();
    let outcome =
        tasks.run_until(async move { spawn_local(async move { work(url, name).await }).await }).await;
    project.close().await;
    outcome.unwrap();
}

fn code(kind: ErrorKind, code: &str) -> (ErrorKind, String) {
    (kind, code.to_owned())
}

async fn field(runner: &NetworkRunner, known: &Known, name: &str) -> Value {
    let seen = runner.get(known.kind, &known.native_key).await.unwrap();
    seen.document()[name].clone()
}

async fn external_network(runner: &NetworkRunner) -> Known {
    let networks = runner.all(Kind::Network).await;
    let public = networks.iter().find(|network| network.name == "public").unwrap();
    runner.known(Kind::Network, &public.native_key).await
}

/// Creates a network with a subnet.
async fn network(runner: &NetworkRunner, name: &str, cidr: &str) -> (Known, Known) {
    let network = runner.create(Kind::Network, json!({ "name": name, "description": "of a test" })).await;
    let subnet = json!({ "name": name, "network": network.id, "cidr": cidr, "dns_servers": ["192.0.2.1"],
        "dhcp": false, "description": "of a test" });
    let subnet = runner.create(Kind::Subnet, subnet).await;
    (network, subnet)
}

/// Creates a router between a subnet and the external network.
async fn router(runner: &NetworkRunner, subnet: &Known) -> Known {
    let external_network = external_network(runner).await;
    let router = json!({ "name": "verbs", "external_network": external_network.id });
    let router = runner.create(Kind::Router, router).await;
    let end = json!({ "subnet": subnet.id });
    runner.command_on(&router, Verb::AddInterface, end).act_and_check().await;
    router
}

#[tokio::test]
async fn update_changes_every_field_and_keeps_the_marker() {
    in_project("written", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let (net, subnet) = network(runner, "one", "10.70.0.0/24").await;
        assert_eq!(field(runner, &net, "description").await, "of a test");
        let seen = runner.get(Kind::Subnet, &subnet.native_key).await.unwrap().document();
        assert_eq!((&seen["cidr"], &seen["dhcp"]), (&json!("10.70.0.0/24"), &json!(false)));
        assert_eq!(seen["dns_servers"], json!(["192.0.2.1"]));
        let router = runner.create(Kind::Router, json!({ "name": "one", "tags": { "blue": "" } })).await;
        assert_eq!(field(runner, &router, "tags").await, json!({ "blue": "" }));
        let group = runner.create(Kind::SecurityGroup, json!({ "name": "one" })).await;
        let port = json!({ "name": "one", "network": net.id,
            "addresses": [{ "subnet": subnet.id, "ip_address": "10.70.0.9" }] });
        let port = runner.create(Kind::NetworkInterface, port).await;
        let address = json!({ "network": external_network(runner).await.id });
        let address = runner.create(Kind::IpAddress, address).await;
        for known in [&net, &subnet, &router, &group, &port, &address] {
            let (kind, key) = (known.kind, known.native_key.as_str());
            let before = runner.get(kind, key).await.unwrap().marker;
            let has_name = kind != Kind::IpAddress;
            let mut change = json!({ "description": "other words", "tags": { "red": "", "a/b c": "" } });
            if has_name {
                change["name"] = json!("two");
            }
            let change = runner.command_on(known, Verb::Update, change);
            change.act_and_check().await;
            change.act().await.unwrap();
            let seen = runner.get(kind, key).await.unwrap();
            assert_eq!(seen.marker, before, "{kind}");
            assert_eq!(seen.name, if has_name { "two" } else { "" });
            assert_eq!(seen.document()["description"], "other words", "{kind}");
            assert_eq!(seen.document()["tags"], json!({ "red": "", "a/b c": "" }), "{kind}");
            runner
                .command_on(known, Verb::Update, json!({ "description": "", "tags": {} }))
                .act_and_check()
                .await;
            let seen = runner.get(kind, key).await.unwrap();
            assert_eq!((seen.marker, &seen.document()["description"]), (before, &Value::Null), "{kind}");
            assert_eq!(seen.document()["tags"], json!({}), "{kind}");
        }
        let groups = async |groups: Value| {
            let change = json!({ "security_groups": groups });
            runner.command_on(&port, Verb::Update, change).act_and_check().await;
            field(runner, &port, "security_groups").await
        };
        assert_eq!(groups(json!([])).await, json!([]));
        assert_eq!(groups(json!([group.id])).await[0]["external_id"], json!(group.external_id));
        let used = runner.command_on(&group, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "SecurityGroupInUse"));
        let used = runner.command_on(&net, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "NetworkInUse"));
        for known in [&address, &port, &group, &router, &net] {
            let end = runner.command_on(known, Verb::Delete, Value::Null);
            end.act_and_check().await;
            assert_eq!(end.refusal().await.0, ErrorKind::NotFound, "{}", known.kind);
            let update = runner.command_on(known, Verb::Update, json!({ "description": "late" }));
            assert_eq!(update.refused_act().await.kind(), ErrorKind::NotFound);
        }
        assert!(
            runner.get(Kind::Subnet, &subnet.native_key).await.is_none(),
            "it is deleted with its network"
        );
    })
    .await;
}

#[tokio::test]
async fn router_interface_and_gateway_can_be_set_repeatedly() {
    in_project("router", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let (_, subnet) = network(runner, "one", "10.71.0.0/24").await;
        let router = runner.create(Kind::Router, json!({ "name": "one" })).await;
        let external_network = external_network(runner).await;
        let set_gateway =
            runner.command_on(&router, Verb::SetGateway, json!({ "external_network": external_network.id }));
        set_gateway.act_and_check().await;
        set_gateway.act_and_check().await;
        assert_eq!(
            field(runner, &router, "external_network").await["external_id"],
            json!(external_network.external_id)
        );
        let add = runner.command_on(&router, Verb::AddInterface, json!({ "subnet": subnet.id }));
        let first = add.act_and_check().await.touched;
        assert_eq!(add.act_and_check().await.touched, first, "the second time as the first");
        let interfaces = field(runner, &router, "interfaces").await;
        assert_eq!(interfaces.as_array().unwrap().len(), 1);
        assert_eq!(interfaces[0]["subnet"]["external_id"], json!(subnet.external_id));
        assert_eq!(interfaces[0]["network_interface"]["external_id"], json!(first[1].native_key));
        let (_, inner) = network(runner, "two", "10.71.0.0/25").await;
        let overlap =
            runner.command_on(&router, Verb::AddInterface, json!({ "subnet": inner.id })).refusal().await;
        assert_eq!(overlap, code(ErrorKind::Invalid, "BadRequest"));
        let used = runner.command_on(&router, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "RouterInUse"));
        let end = runner.known(Kind::NetworkInterface, &first[1].native_key).await;
        let end = runner.command_on(&end, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(end, code(ErrorKind::Conflict, "ServicePortInUse"));
        let used = runner.command_on(&subnet, Verb::Delete, Value::Null).refusal().await;
        assert_eq!(used, code(ErrorKind::Conflict, "SubnetInUse"));
        let router = runner.known(Kind::Router, &router.native_key).await;
        let remove = runner.command_on(&router, Verb::RemoveInterface, json!({ "subnet": subnet.id }));
        assert_eq!(remove.act_and_check().await.touched, first);
        assert_eq!(remove.act_and_check().await.touched, first, "the second time as the first");
        assert_eq!(field(runner, &router, "interfaces").await, json!([]));
        let clear = runner.command_on(&router, Verb::ClearGateway, Value::Null);
        clear.act_and_check().await;
        clear.act_and_check().await;
        assert_eq!(field(runner, &router, "external_network").await, Value::Null);
        runner.command_on(&router, Verb::Delete, Value::Null).act_and_check().await;
        assert_eq!(clear.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        assert_eq!(remove.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        assert_eq!(add.refusal().await, code(ErrorKind::NotFound, "RouterNotFound"));
        runner.command_on(&subnet, Verb::Delete, Value::Null).act_and_check().await;
    })
    .await;
}

#[tokio::test]
async fn ip_address_is_bound_to_a_port_and_not_rebound() {
    in_project("binding", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let (net, subnet) = network(runner, "one", "10.72.0.0/24").await;
        let port = json!({ "network": net.id });
        let (port, other) = (
            runner.create(Kind::NetworkInterface, port.clone()).await,
            runner.create(Kind::NetworkInterface, port).await,
        );
        let external_network = external_network(runner).await;
        let address = json!({ "network": external_network.id, "tags": { "front": "" } });
        let (address, unbound) = (
            runner.create(Kind::IpAddress, address.clone()).await,
            runner.create(Kind::IpAddress, address).await,
        );
        let bind = |address: &Known, port: &Known| {
            let command = json!({ "address": address.id, "network_interface": port.id });
            runner.command(Kind::IpAddressBinding, Verb::Create, command)
        };
        let unreachable = bind(&address, &port);
        let unreachable_code = code(ErrorKind::Conflict, "ExternalGatewayForFloatingIPNotFound");
        assert_eq!(unreachable.refusal().await, unreachable_code);
        assert_eq!(unreachable.find().await.unwrap(), None);
        let router = router(runner, &subnet).await;

        let command = json!({ "address": address.id, "network_interface": port.id });
        let binding = runner.create(Kind::IpAddressBinding, command).await;
        assert_eq!(binding.native_key, format!("{}/{}", address.external_id, port.external_id));
        let again = bind(&address, &port);
        assert_eq!(
            again.act_and_check().await.touched[0].native_key,
            binding.native_key,
            "it exists already"
        );
        let other_port = bind(&address, &other).refused_act().await;
        assert_eq!((other_port.kind(), other_port.pointer()), (ErrorKind::Conflict, Some("/address")));
        assert_eq!(bind(&address, &other).find().await.unwrap(), None);
        let taken = bind(&unbound, &port).refusal().await;
        assert_eq!(taken, code(ErrorKind::Conflict, "FloatingIPPortAlreadyAssociated"));
        let faulty =
            json!({ "address": unbound.id, "network_interface": other.id, "private_ip_address": "10.9.9.9" });
        let faulty = runner.command(Kind::IpAddressBinding, Verb::Create, faulty).refusal().await;
        assert_eq!(faulty, code(ErrorKind::Invalid, "BadRequest"));
        let clear = runner.command_on(&router, Verb::ClearGateway, Value::Null).refusal().await;
        assert_eq!(clear, code(ErrorKind::Conflict, "RouterExternalGatewayInUseByFloatingIp"));
        let remove =
            runner.command_on(&router, Verb::RemoveInterface, json!({ "subnet": subnet.id })).refusal().await;
        assert_eq!(remove, code(ErrorKind::Conflict, "RouterInterfaceInUseByFloatingIP"));

        let end = runner.command_on(&binding, Verb::Delete, Value::Null);
        assert_eq!(end.act_and_check().await.touched[0].native_key, binding.native_key);
        let command = json!({ "address": address.id, "network_interface": other.id });
        let moved = runner.create(Kind::IpAddressBinding, command).await;
        end.act_and_check().await;
        assert!(runner.get(Kind::IpAddressBinding, &moved.native_key).await.is_some(), "the later one stays");

        let deleted = runner.command_on(&other, Verb::Delete, Value::Null).act_and_check().await;
        let keys: Vec<_> = deleted.touched.iter().map(|touched| touched.native_key.as_str()).collect();
        assert_eq!(keys, [other.native_key.as_str(), &address.native_key, &moved.native_key]);
        runner.command_on(&address, Verb::Delete, Value::Null).act_and_check().await;
        assert_eq!(bind(&address, &port).refused_act().await.kind(), ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn ip_address_is_bound_to_the_first_reachable_port_of_an_instance() {
    in_project("instance", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let (hidden, _) = network(runner, "hidden", "10.73.1.0/24").await;
        let (open, subnet) = network(runner, "open", "10.73.2.0/24").await;
        router(runner, &subnet).await;
        let api = Api::login_to(&url, "demo", &name).await;
        let image = api.get("image/images?name=cirros").await["images"][0]["id"].clone();
        let networks = json!([{ "uuid": hidden.external_id }, { "uuid": open.external_id }]);
        let server = json!({ "name": "verbs", "flavorRef": "1", "imageRef": image, "networks": networks });
        let server = api.create("compute/servers", "server", server).await["id"].as_str().unwrap().to_owned();
        let path = format!("compute/servers/{server}");
        api.settle(&path, "server", "ACTIVE").await;
        runner.invalidate();
        let instance = runner.known(Kind::Instance, &server).await;
        let address =
            runner.create(Kind::IpAddress, json!({ "network": external_network(runner).await.id })).await;
        let command = json!({ "address": address.id, "instance": instance.id });
        let binding = runner.create(Kind::IpAddressBinding, command.clone()).await;
        let port = binding.document["network_interface"]["external_id"].as_str().unwrap();
        let port = runner.known(Kind::NetworkInterface, port).await;
        assert_eq!(port.document["network"]["external_id"], json!(open.external_id));
        assert_eq!(binding.document["instance"]["external_id"], json!(server));
        let again = runner.command(Kind::IpAddressBinding, Verb::Create, command).act_and_check().await;
        assert_eq!(again.touched[0].native_key, binding.native_key);
        let is_reached = |answer: &Value| answer["server"]["addresses"].to_string().contains(r#""floating""#);
        api.until("reached", &path, is_reached).await;
        // Nova shows the groups too.
        let group = runner.create(Kind::SecurityGroup, json!({ "name": "web" })).await;
        let change = json!({ "security_groups": [group.id] });
        let done = runner.command_on(&port, Verb::Update, change).act_and_check().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == server));
        let done = runner.command_on(&binding, Verb::Delete, Value::Null).act_and_check().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == server));
        let inside =
            json!({ "address": address.id, "instance": instance.id, "private_ip_address": "10.9.9.9" });
        let none = runner.command(Kind::IpAddressBinding, Verb::Create, inside).refused_act().await;
        assert_eq!(none.kind(), ErrorKind::Conflict);
    })
    .await;
}

#[tokio::test]
async fn security_group_has_each_rule_once() {
    in_project("rules", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let made = runner.command(Kind::SecurityGroup, Verb::Create, json!({ "name": "web", "description": "of a test" }));
        let done = made.act_and_check().await;
        let kinds: Vec<_> = done.touched.iter().map(|touched| touched.kind).collect();
        assert_eq!(kinds, [Kind::SecurityGroup, Kind::SecurityGroupRule, Kind::SecurityGroupRule], "with its default rules");
        let group = runner.known(Kind::SecurityGroup, &done.touched[0].native_key).await;
        let ssh = json!({ "security_group": group.id, "direction": "ingress", "protocol": "tcp", "first_port": 22,
            "remote_cidr": "10.0.0.0/8", "description": "of a test" });
        let rule = runner.create(Kind::SecurityGroupRule, ssh.clone()).await;
        let seen = &rule.document;
        assert_eq!((&seen["first_port"], &seen["last_port"]), (&json!(22), &json!(22)));
        assert_eq!((&seen["remote_cidr"], &seen["description"]), (&json!("10.0.0.0/8"), &json!("of a test")));
        let equal = runner.command(Kind::SecurityGroupRule, Verb::Create, ssh);
        assert_eq!(equal.refusal().await, code(ErrorKind::Conflict, "SecurityGroupRuleExists"));
        assert_eq!(equal.find().await.unwrap(), None, "another rule was not created by this command");
        let ping = json!({ "security_group": group.id, "direction": "egress", "protocol": "icmp", "icmp_type": 8,
            "icmp_code": 0 });
        let ping = runner.create(Kind::SecurityGroupRule, ping).await;
        assert_eq!((&ping.document["icmp_type"], &ping.document["icmp_code"]), (&json!(8), &json!(0)));
        let refused_act = async |more: Value| {
            let mut command = json!({ "security_group": group.id, "direction": "ingress" });
            command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            runner.command(Kind::SecurityGroupRule, Verb::Create, command).refusal().await
        };
        let nonsense = refused_act(json!({ "protocol": "nonsense" })).await;
        assert_eq!(nonsense, code(ErrorKind::Invalid, "SecurityGroupRuleInvalidProtocol"));
        let six = refused_act(json!({ "remote_cidr": "fd00::/8" })).await;
        assert_eq!(six, code(ErrorKind::Invalid, "SecurityGroupRuleParameterConflict"));
        let second = runner.command(Kind::SecurityGroup, Verb::Create, json!({ "name": "default" })).refusal().await;
        assert_eq!(second, code(ErrorKind::Conflict, "SecurityGroupDefaultAlreadyExists"));
        let end = runner.command_on(&rule, Verb::Delete, Value::Null);
        end.act_and_check().await;
        assert_eq!(end.refusal().await, code(ErrorKind::NotFound, "SecurityGroupRuleNotFound"));
        // A rule for the members of a group is deleted with that group.
        let members = runner.create(Kind::SecurityGroup, json!({ "name": "members" })).await;
        let of_members = json!({ "security_group": group.id, "direction": "ingress", "ip_version": 6,
            "remote_security_group": members.id });
        let of_members = runner.create(Kind::SecurityGroupRule, of_members).await;
        let done = runner.command_on(&members, Verb::Delete, Value::Null).act_and_check().await;
        assert!(done.touched.iter().any(|touched| touched.native_key == of_members.native_key));
        runner.command_on(&group, Verb::Delete, Value::Null).act_and_check().await;
    })
    .await;
}

#[tokio::test]
async fn interrupted_create_of_a_network_is_completed_once() {
    in_project("half", async |url, name| {
        let runner = &NetworkRunner::open(&url, &name).await;
        let api = Api::login_to(&url, "demo", &name).await;
        let command =
            json!({ "name": "half", "description": "of a test", "tags": { "blue": "", "red": "" } });
        for by_finding in [true, false] {
            let attempt = runner.command(Kind::Network, Verb::Create, command.clone());
            assert_eq!(attempt.find().await.unwrap(), None);
            // As if the gateway had stopped between its two calls.
            let description = attempt.marker.append_to(Some("of a test"));
            let half = json!({ "name": "half", "description": description });
            let half =
                api.create("network/networks", "network", half).await["id"].as_str().unwrap().to_owned();
            let found = if by_finding {
                attempt.find().await.unwrap().unwrap().native_key
            } else {
                attempt.act().await.unwrap().touched[0].native_key.clone()
            };
            assert_eq!(found, half);
            let whole = runner.known(Kind::Network, &half).await;
            assert_eq!(field(runner, &whole, "tags").await, json!({ "blue": "", "red": "" }));
            assert_eq!(attempt.act().await.unwrap().touched[0].native_key, half, "a repetition finds it");
            let made: Vec<_> = runner
                .all(Kind::Network)
                .await
                .into_iter()
                .filter(|item| item.marker == Some(attempt.marker))
                .collect();
            assert_eq!(made.len(), 1);
            // Later tags stay.
            runner.command_on(&whole, Verb::Update, json!({ "tags": { "later": "" } })).act().await.unwrap();
            assert_eq!(attempt.find().await.unwrap().unwrap().native_key, half);
            assert_eq!(field(runner, &whole, "tags").await, json!({ "later": "" }));
        }
    })
    .await;
}

#[tokio::test]
async fn refusal_has_neutrons_code_and_message() {
    let Some(url) = auth_url() else { return };
    let project = Project::open(&url, "refused").await;
    project.limit("router", 0).await;
    let name = project.name.clone();
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async move {
        spawn_local(async move {
            let runner = &NetworkRunner::open(&url, &name).await;
            let (net, _) = network(runner, "one", "10.74.0.0/24").await;
            let over_quota =
                runner.command(Kind::Router, Verb::Create, json!({ "name": "two", "tags": { "a": "" } }));
            assert_eq!(over_quota.refusal().await, code(ErrorKind::Conflict, "OverQuota"));
            let overlap = json!({ "name": "two", "network": net.id, "cidr": "10.74.0.0/25" });
            let overlap = runner.command(Kind::Subnet, Verb::Create, overlap).refusal().await;
            assert_eq!(overlap, code(ErrorKind::Invalid, "InvalidInput"));
            let options = json!({ "name": "two", "cloud_options": { "nonsense": 1 } });
            let faulty = runner.command(Kind::Network, Verb::Create, options).refusal().await;
            assert_eq!(faulty, code(ErrorKind::Invalid, "HTTPBadRequest"));
            let shared = json!({ "name": "two", "cloud_options": { "shared": true } });
            let forbidden = runner.command(Kind::Network, Verb::Create, shared).refusal().await;
            assert_eq!(forbidden, code(ErrorKind::Forbidden, "PolicyNotAuthorized"));
            let public = external_network(runner).await;
            let foreign = runner.command_on(&public, Verb::Delete, Value::Null).refusal().await;
            assert_eq!(foreign, code(ErrorKind::Forbidden, "PolicyNotAuthorized"));
            let inner =
                runner.command(Kind::IpAddress, Verb::Create, json!({ "network": net.id })).refusal().await;
            assert_eq!(inner, code(ErrorKind::Invalid, "BadRequest"));
            let taken = json!({ "network": net.id, "addresses": [{ "subnet": first_subnet(runner).await.id,
                "ip_address": "10.9.9.9" }] });
            let taken = runner.command(Kind::NetworkInterface, Verb::Create, taken).refusal().await;
            assert_eq!(taken, code(ErrorKind::Invalid, "InvalidIpForSubnet"));
            let own = json!({ "name": "two", "cloud_options": { "project_id": "x", "mtu": 1400 } });
            let own = runner.command(Kind::Network, Verb::Create, own).faults();
            assert_eq!(own[0].pointer, "/cloud_options/project_id");
        })
        .await
    });
    let outcome = outcome.await;
    project.close().await;
    outcome.unwrap();
}

async fn first_subnet(runner: &NetworkRunner) -> Known {
    let subnets = runner.all(Kind::Subnet).await;
    let own = subnets.iter().find(|subnet| subnet.name == "one").unwrap();
    runner.known(Kind::Subnet, &own.native_key).await
}
