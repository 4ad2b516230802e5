//! A project for one test, which is deleted with all its resources.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Api;

/// The prefix of the names of such projects.
const NAME: &str = "gateway-verbs";

pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) id: String,
    admin: Api,
}

impl Project {
    /// Creates a project with the member `demo`, and deletes leftovers of an interrupted run.
    pub(super) async fn open(auth_url: &str, test: &str) -> Self {
        driver_kit::install_crypto();
        let admin = Api::login(auth_url, "admin").await;
        let name = format!("{NAME}-{test}");
        let old = admin.get(&format!("identity/projects?name={name}")).await;
        for old in old["projects"].as_array().unwrap() {
            clear(&admin, &name, old["id"].as_str().unwrap()).await;
        }
        let made = admin.create("identity/projects", "project", json!({ "name": name })).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let role = admin.get("identity/roles?name=member").await["roles"][0]["id"].clone();
        let demo = admin.get("identity/users?name=demo").await["users"][0]["id"].clone();
        let grant = format!(
            "identity/projects/{id}/users/{}/roles/{}",
            demo.as_str().unwrap(),
            role.as_str().unwrap()
        );
        admin.try_call(Method::PUT, &grant, None).await;
        Self { name, id, admin }
    }

    /// Sets one limit of Neutron.
    pub(super) async fn limit(&self, document: &str, most: i64) {
        let quota = json!({ "quota": { document: most } });
        self.admin.call(Method::PUT, &format!("network/quotas/{}", self.id), Some(quota)).await;
    }

    pub(super) async fn close(self) {
        clear(&self.admin, &self.name, &self.id).await;
    }
}

/// Paths and keys of the collections, dependants first.
const COLLECTIONS: [(&str, &str); 9] = [
    ("network/floatingips", "floatingips"),
    ("network/ports", "ports"),
    ("network/routers", "routers"),
    ("network/subnets", "subnets"),
    ("network/networks", "networks"),
    ("network/security-groups", "security_groups"),
    ("volume/snapshots", "snapshots"),
    ("volume/volumes", "volumes"),
    ("image/images", "images"),
];

/// Returns the query that lists a project's own resources for an administrator.
fn own(service: &str, project: &str) -> String {
    match service {
        "image" => format!("owner={project}&visibility=all"),
        "volume" => format!("all_tenants=1&project_id={project}"),
        _ => format!("project_id={project}"),
    }
}

async fn clear(admin: &Api, name: &str, project: &str) {
    let servers = admin.get(&format!("compute/servers?all_tenants=1&project_id={project}")).await;
    for server in servers["servers"].as_array().unwrap() {
        assert!(admin.remove(&format!("compute/servers/{}", server["id"].as_str().unwrap())).await);
    }
    let routers = admin.get(&format!("network/routers?project_id={project}")).await;
    for router in routers["routers"].as_array().unwrap() {
        let router = router["id"].as_str().unwrap();
        let ports = admin.get(&format!("network/ports?device_id={router}")).await;
        for port in ports["ports"].as_array().unwrap() {
            let end = json!({ "port_id": port["id"] });
            let path = format!("network/routers/{router}/remove_router_interface");
            admin.try_call(Method::PUT, &path, Some(end)).await;
        }
    }
    for (path, list) in COLLECTIONS {
        let own = own(path.split('/').next().unwrap(), project);
        let found: Value = admin.get(&format!("{path}?{own}")).await;
        for item in found[list].as_array().unwrap() {
            let path = format!("{path}/{}", item["id"].as_str().unwrap());
            assert!(admin.remove(&path).await, "left behind: {path}");
        }
    }
    // Keys belong to the user; those of the test have the project's name as prefix.
    let demo = admin.get("identity/users?name=demo").await["users"][0]["id"].clone();
    let demo = demo.as_str().unwrap();
    let keys = admin.get(&format!("compute/os-keypairs?user_id={demo}")).await;
    let keys =
        keys["keypairs"].as_array().unwrap().iter().map(|key| key["keypair"]["name"].as_str().unwrap());
    for key in keys.filter(|key| key.starts_with(name)) {
        let path = format!("compute/os-keypairs/{key}?user_id={demo}");
        assert!(admin.remove(&path).await, "left behind: {path}");
    }
    admin.try_call(Method::DELETE, &format!("network/quotas/{project}"), None).await;
    let (status, _) = admin.try_call(Method::DELETE, &format!("identity/projects/{project}"), None).await;
    assert!(status < 300, "the project is left: {status}");
    // Neutron notices the deletion a moment later.
    tokio::time::sleep(Duration::from_millis(100)).await;
}
