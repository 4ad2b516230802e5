//! Everything of a stage is found by its name, so that also what an interrupted run left is cleared.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NAME, Stage, Who};

/// What has a name, each after all that holds it. The project's and the user's ids are put into paths.
const OF_EVERYBODY: [Sort; 14] = [
    // Addresses have no names: their descriptions tell.
    Sort("network/floatingips", "description=gateway-test&project_id={project}", "floatingips"),
    Sort("compute/servers", "name=gateway-test", "servers"),
    Sort("network/ports", NAMED, "ports"),
    Sort("network/routers", NAMED, "routers"),
    Sort("network/subnets", NAMED, "subnets"),
    Sort("network/networks", NAMED, "networks"),
    // With the rules, whoever made them.
    Sort("network/security-groups", NAMED, "security_groups"),
    Sort("network/address-groups", NAMED, "address_groups"),
    Sort("compute/os-keypairs", "", "keypairs"),
    Sort("volume/snapshots", "name=gateway-test", "snapshots"),
    Sort("volume/volumes", "name=gateway-test", "volumes"),
    Sort("image/images", "visibility=all&owner={project}", "images"),
    Sort("image/images", "visibility=all&owner={project}&os_hidden=true", "images"),
    Sort("identity/users/{user}/application_credentials", "", "application_credentials"),
];
const NAMED: &str = "name=gateway-test&name=gateway-test-shared&project_id={project}";

/// What only an administrator makes.
const OF_THE_CLOUD: [Sort; 2] = [
    Sort("volume/types", "is_public=None", "volume_types"),
    Sort("compute/flavors", "is_public=None", "flavors"),
];

/// Where things are, what to ask there so that these are among them, and the key of the list.
struct Sort(&'static str, &'static str, &'static str);

impl Stage {
    /// Deletes everything that bears a stage's name, and tells what could not be deleted.
    pub(super) async fn sweep(&self) -> Vec<String> {
        let mut left = Vec::new();
        for path in self.limits() {
            // Deleted means that they are the cloud's again; only Neutron says that they were.
            let (status, _) = self.admin.try_call(Method::DELETE, &path, None).await;
            if status >= 300 && status != 404 {
                left.push(path);
            }
        }
        let of_everybody =
            OF_EVERYBODY.iter().flat_map(|sort| Who::ALL.into_iter().map(move |who| (who, sort)));
        for (who, sort) in of_everybody.chain(OF_THE_CLOUD.iter().map(|sort| (Who::Admin, sort))) {
            for path in self.named(who, sort).await {
                self.free(who, &path).await;
                if !self.of(who).remove(&path).await {
                    left.push(path);
                }
            }
        }
        left
    }

    /// The paths of those that bear the name.
    async fn named(&self, who: Who, Sort(path, query, key): &Sort) -> Vec<String> {
        let api = self.of(who);
        let filled = |text: &str| text.replace("{project}", &api.project).replace("{user}", &api.user);
        let (path, query) = (filled(path), filled(query));
        let answer = api.get(&format!("{path}?{query}")).await;
        let all = answer[*key].as_array().unwrap_or_else(|| panic!("no list of {key}: {answer}")).iter();
        let all = all.map(|one| one.get("keypair").unwrap_or(one));
        let name = |one: &Value| one["name"].as_str().or(one["description"].as_str()).map(str::to_owned);
        let id = |one: &Value| one["id"].as_str().or(one["name"].as_str()).unwrap().to_owned();
        let named = all.filter(|one| name(one).is_some_and(|name| name.starts_with(NAME)));
        named.map(|one| format!("{path}/{}", id(one))).collect()
    }

    /// Undoes what keeps a thing from being deleted by who has it.
    async fn free(&self, who: Who, path: &str) {
        let api = self.of(who);
        let (sort, id) = path.rsplit_once('/').unwrap();
        match sort {
            "compute/servers" => {
                // Its owner cannot undo an administrator's lock.
                let unlock = json!({ "unlock": null });
                self.admin.try_call(Method::POST, &format!("{path}/action"), Some(unlock)).await;
            }
            "network/routers" => {
                let routes = json!({ "router": { "routes": [] } });
                api.try_call(Method::PUT, path, Some(routes)).await;
                let ports = api.get(&format!("network/ports?device_id={id}")).await;
                for port in ports["ports"].as_array().unwrap() {
                    let end = json!({ "port_id": port["id"] });
                    api.try_call(Method::PUT, &format!("{path}/remove_router_interface"), Some(end)).await;
                }
            }
            "image/images" => {
                let open = json!([{ "op": "replace", "path": "/protected", "value": false }]);
                api.try_call(Method::PATCH, path, Some(open)).await;
            }
            _ => {}
        }
    }
}
