//! Servers with their keys, and volumes with what is made of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NAME, Stage, Who};

impl Stage {
    /// Two servers, one of which failed and is locked, and volumes of every origin; tells the one that runs.
    pub(super) async fn servers_and_volumes(&self, who: Who, network: &str) -> String {
        let image = self.of(who).get("image/images?name=cirros").await["images"][0]["id"].clone();
        let key = json!({ "name": NAME, "type": "ssh", "public_key": KEY });
        self.of(who).make("compute/os-keypairs", "keypair", key).await;
        let mut server = json!({ "name": NAME, "imageRef": image, "flavorRef": "1", "key_name": NAME,
            "description": "of a test", "metadata": { "use": "test" }, "tags": ["blue"],
            "networks": [{ "uuid": network }] });
        let running = self.make(who, "compute/servers", "server", server.clone()).await;
        server["metadata"] = json!({ "testcloud_fail": "spawn" });
        let failed = self.make(who, "compute/servers", "server", server).await;
        let shareable = self.volumes(who, &image).await;
        let api = self.of(who);
        api.settle(&format!("compute/servers/{running}"), "server", "ACTIVE").await;
        api.settle(&format!("compute/servers/{failed}"), "server", "ERROR").await;
        let lock = json!({ "lock": { "locked_reason": NAME } });
        api.call(Method::POST, &format!("compute/servers/{failed}/action"), Some(lock)).await;
        self.attach(who, &running, &shareable).await;
        running
    }

    /// Volumes of every origin; tells the one that several servers may share.
    async fn volumes(&self, who: Who, image: &Value) -> String {
        let text = json!({ "name": NAME, "description": "of a test", "metadata": { "use": "test" } });
        let with = |more: &[(&str, Value)]| {
            let mut all = text.clone();
            more.iter().for_each(|(name, value)| all[*name] = value.clone());
            all
        };
        let size = ("size", json!(1));
        let empty = self.volume(who, with(std::slice::from_ref(&size))).await;
        let shareable = self.volume(who, with(&[size.clone(), ("volume_type", json!("multiattach"))])).await;
        let of_image = self.volume(who, with(&[size.clone(), ("imageRef", image.clone())])).await;
        self.settle_volume(who, &empty, "available").await;
        let snapshot = with(&[("volume_id", json!(empty))]);
        let snapshot = self.make(who, "volume/snapshots", "snapshot", snapshot).await;
        self.of(who).settle(&format!("volume/snapshots/{snapshot}"), "snapshot", "available").await;
        let of_snapshot = self.volume(who, with(&[size, ("snapshot_id", json!(snapshot))])).await;
        for volume in [&shareable, &of_image, &of_snapshot] {
            self.settle_volume(who, volume, "available").await;
        }
        shareable
    }

    async fn volume(&self, who: Who, what: Value) -> String {
        self.make(who, "volume/volumes", "volume", what).await
    }

    async fn settle_volume(&self, who: Who, volume: &str, status: &str) {
        self.of(who).settle(&format!("volume/volumes/{volume}"), "volume", status).await;
    }

    async fn attach(&self, who: Who, server: &str, volume: &str) {
        let path = format!("compute/servers/{server}/os-volume_attachments");
        let attach = json!({ "volumeAttachment": { "volumeId": volume } });
        self.of(who).call(Method::POST, &path, Some(attach)).await;
        self.settle_volume(who, volume, "in-use").await;
    }
}

/// Anybody's: made for this test and used nowhere.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";
