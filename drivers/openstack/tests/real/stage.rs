//! One of everything, made in the test cloud for the time of a test.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::api::Api;

/// In the name of everything that is made.
const NAME: &str = "gateway-test";

/// The three users, and what to delete in the end, the last first.
pub(crate) struct Stage {
    pub(crate) auth_url: String,
    pub(crate) demo: Api,
    pub(crate) admin: Api,
    rival: Api,
    made: Vec<(Who, String)>,
}

#[derive(Clone, Copy)]
enum Who {
    Demo,
    Admin,
    Rival,
}

/// Does a test's work with everything in place; whatever comes of it, the cloud is left as it was.
pub(crate) async fn on_stage<W>(auth_url: &str, work: impl FnOnce(Arc<Mutex<Stage>>) -> W + Send + 'static)
where
    W: Future<Output = ()> + Send,
{
    let stage = Arc::new(Mutex::new(Stage::open(auth_url).await));
    let lent = Arc::clone(&stage);
    let outcome = tokio::spawn(async move {
        lent.lock().await.build().await;
        work(lent).await;
    });
    let outcome = outcome.await;
    stage.lock().await.clear().await;
    outcome.unwrap();
}

impl Stage {
    async fn open(auth_url: &str) -> Self {
        let login = async |user| Api::login(auth_url, user).await;
        let (demo, admin, rival) = (login("demo").await, login("admin").await, login("rival").await);
        Self { auth_url: auth_url.to_owned(), demo, admin, rival, made: Vec::new() }
    }

    fn of(&self, who: Who) -> &Api {
        match who {
            Who::Demo => &self.demo,
            Who::Admin => &self.admin,
            Who::Rival => &self.rival,
        }
    }

    /// Makes one thing that is deleted in the end, and tells its id.
    async fn make(&mut self, who: Who, path: &str, around: &str, what: Value) -> String {
        let made = self.of(who).make(path, around, what).await;
        let id = made["id"].as_str().unwrap().to_owned();
        self.made.push((who, format!("{path}/{id}")));
        id
    }

    async fn build(&mut self) {
        let server = self.servers_and_volumes().await;
        self.networks(&server).await;
        self.what_others_share().await;
    }

    async fn servers_and_volumes(&mut self) -> String {
        let demo = &self.demo;
        let network = demo.get("network/networks?name=demo-net").await["networks"][0]["id"].clone();
        let image = demo.get("image/images?name=cirros").await["images"][0]["id"].clone();
        demo.make(
            "compute/os-keypairs",
            "keypair",
            json!({ "name": NAME, "type": "ssh", "public_key": KEY }),
        )
        .await;
        self.made.push((Who::Demo, format!("compute/os-keypairs/{NAME}")));
        let server = json!({ "name": NAME, "imageRef": image, "flavorRef": "1", "key_name": NAME,
            "networks": [{ "uuid": network }] });
        let server = self.make(Who::Demo, "compute/servers", "server", server).await;
        self.demo.settle(&format!("compute/servers/{server}"), "server", "ACTIVE").await;
        let volume = json!({ "name": NAME, "size": 1, "metadata": { "use": "test" } });
        let volume = self.make(Who::Demo, "volume/volumes", "volume", volume).await;
        self.demo.settle(&format!("volume/volumes/{volume}"), "volume", "available").await;
        let snapshot = json!({ "name": NAME, "volume_id": volume, "description": "of a test" });
        let snapshot = self.make(Who::Demo, "volume/snapshots", "snapshot", snapshot).await;
        self.demo.settle(&format!("volume/snapshots/{snapshot}"), "snapshot", "available").await;
        let copies = [json!({ "snapshot_id": snapshot }), json!({ "imageRef": image })];
        for mut copy in copies {
            copy["name"] = json!(NAME);
            copy["size"] = json!(1);
            let copy = self.make(Who::Demo, "volume/volumes", "volume", copy).await;
            self.demo.settle(&format!("volume/volumes/{copy}"), "volume", "available").await;
        }
        let attach = json!({ "volumeAttachment": { "volumeId": volume } });
        let path = format!("compute/servers/{server}/os-volume_attachments");
        self.demo.call(Method::POST, &path, Some(attach)).await;
        self.demo.settle(&format!("volume/volumes/{volume}"), "volume", "in-use").await;
        self.made.push((Who::Demo, format!("{path}/{volume}")));
        server
    }

    async fn networks(&mut self, server: &str) {
        let public = self.demo.get("network/networks?name=public").await["networks"][0]["id"].clone();
        let network = json!({ "name": NAME, "description": "of a test" });
        let network = self.make(Who::Demo, "network/networks", "network", network).await;
        let subnet = json!({ "name": NAME, "network_id": network, "ip_version": 4, "cidr": "10.77.0.0/24",
            "dns_nameservers": ["192.0.2.1"], "host_routes": [{ "destination": "10.78.0.0/24", "nexthop": "10.77.0.9" }] });
        let subnet = self.make(Who::Demo, "network/subnets", "subnet", subnet).await;
        let router = json!({ "name": NAME, "external_gateway_info": { "network_id": public } });
        let router = self.make(Who::Demo, "network/routers", "router", router).await;
        let end = json!({ "subnet_id": subnet });
        self.demo
            .call(Method::PUT, &format!("network/routers/{router}/add_router_interface"), Some(end))
            .await;
        let ports = self.demo.get(&format!("network/ports?device_id={server}")).await;
        for port in [ports["ports"][0]["id"].clone(), Value::Null] {
            let address = json!({ "floating_network_id": public, "port_id": port, "description": NAME });
            self.make(Who::Demo, "network/floatingips", "floatingip", address).await;
        }
        let group =
            self.make(Who::Demo, "network/security-groups", "security_group", json!({ "name": NAME })).await;
        let ping = json!({ "protocol": "icmp", "port_range_min": 8, "port_range_max": 0 });
        let from_itself =
            json!({ "protocol": "tcp", "port_range_min": 1, "port_range_max": 9, "remote_group_id": group });
        // An administrator's rule is of the administrator's project, and lets traffic through to this one.
        for (who, mut rule) in
            [(Who::Demo, ping), (Who::Demo, from_itself), (Who::Admin, json!({ "protocol": "udp" }))]
        {
            rule["security_group_id"] = json!(group);
            rule["direction"] = json!("ingress");
            self.make(who, "network/security-group-rules", "security_group_rule", rule).await;
        }
    }

    /// What is granted to the project alone.
    async fn what_others_share(&mut self) {
        let demo = self.demo.project.clone();
        let network = self.make(Who::Rival, "network/networks", "network", json!({ "name": NAME })).await;
        let subnet = json!({ "name": NAME, "network_id": network, "ip_version": 4, "cidr": "10.79.0.0/24" });
        self.make(Who::Rival, "network/subnets", "subnet", subnet).await;
        let group =
            self.make(Who::Rival, "network/security-groups", "security_group", json!({ "name": NAME })).await;
        for (object, id) in [("network", network), ("security_group", group)] {
            let share = json!({ "object_type": object, "object_id": id, "action": "access_as_shared", "target_tenant": demo });
            self.make(Who::Rival, "network/rbac-policies", "rbac_policy", share).await;
        }
        let private = json!({ "name": NAME, "os-volume-type-access:is_public": false });
        let private = self.make(Who::Admin, "volume/types", "volume_type", private).await;
        let grant = json!({ "addProjectAccess": { "project": demo } });
        self.admin.call(Method::POST, &format!("volume/types/{private}/action"), Some(grant)).await;
    }

    async fn clear(&mut self) {
        while let Some((who, path)) = self.made.pop() {
            let api = self.of(who);
            if path.starts_with("network/routers/") {
                let router = path.rsplit('/').next().unwrap();
                let ports = api.get(&format!("network/ports?device_id={router}")).await;
                for port in ports["ports"].as_array().unwrap() {
                    let end = json!({ "port_id": port["id"] });
                    api.try_call(Method::PUT, &format!("{path}/remove_router_interface"), Some(end)).await;
                }
            }
            api.remove(&path).await;
        }
    }
}

/// Anybody's: made for this test and used nowhere.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";
