//! What a cloud offers: types, images and how much of it; public, or granted to the member's project.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NAME, SHARED, Stage, Who};

impl Stage {
    pub(super) async fn offers(&self) {
        let demo = self.demo.project.clone();
        let flavor = json!({ "name": NAME, "description": "of a test", "vcpus": 2, "ram": 128, "disk": 3,
            "OS-FLV-EXT-DATA:ephemeral": 4, "swap": 64 });
        let flavor = self.make(Who::Admin, "compute/flavors", "flavor", flavor).await;
        let asks = json!({ "extra_specs": { "trait:HW_ARCH_X86_64": "required", "resources:VGPU": "1" } });
        self.admin.call(Method::POST, &format!("compute/flavors/{flavor}/os-extra_specs"), Some(asks)).await;
        let private =
            json!({ "name": SHARED, "vcpus": 1, "ram": 64, "disk": 0, "os-flavor-access:is_public": false });
        let private = self.make(Who::Admin, "compute/flavors", "flavor", private).await;
        let grant = json!({ "addTenantAccess": { "tenant": demo } });
        self.admin.call(Method::POST, &format!("compute/flavors/{private}/action"), Some(grant)).await;
        let private =
            json!({ "name": NAME, "description": "of a test", "os-volume-type-access:is_public": false });
        let private = self.make(Who::Admin, "volume/types", "volume_type", private).await;
        let grant = json!({ "addProjectAccess": { "project": demo } });
        self.admin.call(Method::POST, &format!("volume/types/{private}/action"), Some(grant)).await;
        self.images(&demo).await;
    }

    async fn images(&self, demo: &str) {
        let full = json!({ "name": NAME, "description": "of a test", "min_disk": 2, "min_ram": 32,
            "disk_format": "qcow2", "container_format": "bare", "architecture": "x86_64", "os_distro": "debian",
            "os_version": "12", "protected": true, "tags": ["blue"], "visibility": "community" });
        self.image(Who::Demo, full).await;
        let hidden =
            json!({ "name": NAME, "os_type": "linux", "hw_architecture": "aarch64", "os_hidden": true });
        self.image(Who::Demo, hidden).await;
        let shared = self.image(Who::Rival, json!({ "name": SHARED, "visibility": "shared" })).await;
        let members = format!("image/images/{shared}/members");
        self.rival.call(Method::POST, &members, Some(json!({ "member": demo }))).await;
        let accept = json!({ "status": "accepted" });
        self.demo.call(Method::PUT, &format!("{members}/{demo}"), Some(accept)).await;
    }

    async fn image(&self, who: Who, what: Value) -> String {
        let made = self.of(who).call(Method::POST, "image/images", Some(what)).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Limits for the member's project, where the cloud has none.
    pub(super) async fn quotas(&self) {
        let limits = [
            ("quota_set", json!({ "instances": 50, "cores": 51 })),
            ("quota_set", json!({ "gigabytes": 52, "volumes_fake1": 53 })),
            ("quota", json!({ "network": 54, "floatingip": 55 })),
        ];
        for (path, (around, limits)) in self.limits().into_iter().zip(limits) {
            self.admin.call(Method::PUT, &path, Some(json!({ around: limits }))).await;
        }
    }

    /// Where Nova, Cinder and Neutron keep the member's limits.
    pub(super) fn limits(&self) -> [String; 3] {
        ["compute/os-quota-sets", "volume/os-quota-sets", "network/quotas"]
            .map(|path| format!("{path}/{}", self.demo.project))
    }
}
