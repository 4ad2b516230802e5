//! Servers with their keys, and volumes with what is made of them.

use reqwest::Method;
use serde_json::json;

use super::{NAME, Stage, Who};

impl Stage {
    /// Two servers, one of which failed and is locked, and volumes of every origin; tells the one that runs.
    pub(super) async fn servers_and_volumes(&mut self, who: Who, network: &str) -> String {
        let image = self.of(who).get("image/images?name=cirros").await["images"][0]["id"].clone();
        let key = json!({ "name": NAME, "type": "ssh", "public_key": KEY });
        self.of(who).make("compute/os-keypairs", "keypair", key).await;
        self.made.push((who, format!("compute/os-keypairs/{NAME}")));
        let mut server = json!({ "name": NAME, "imageRef": image, "flavorRef": "1", "key_name": NAME,
            "description": "of a test", "metadata": { "use": "test" }, "tags": ["blue"],
            "networks": [{ "uuid": network }] });
        let running = self.make(who, "compute/servers", "server", server.clone()).await;
        server["metadata"] = json!({ "testcloud_fail": "spawn" });
        let failed = self.make(who, "compute/servers", "server", server).await;
        self.volumes(who, &image).await;
        let api = self.of(who);
        api.settle(&format!("compute/servers/{running}"), "server", "ACTIVE").await;
        api.settle(&format!("compute/servers/{failed}"), "server", "ERROR").await;
        let lock = json!({ "lock": { "locked_reason": NAME } });
        api.call(Method::POST, &format!("compute/servers/{failed}/action"), Some(lock)).await;
        // Its owner cannot delete what is locked.
        self.made.push((Who::Admin, format!("compute/servers/{failed}")));
        self.attach(who, &running).await;
        running
    }

    async fn volumes(&mut self, who: Who, image: &serde_json::Value) {
        let text =
            json!({ "name": NAME, "description": "of a test", "metadata": { "use": "test" }, "size": 1 });
        let volume = self.volume(who, &text).await;
        let mut snapshot = text.clone();
        snapshot.as_object_mut().unwrap().remove("size");
        snapshot["volume_id"] = json!(volume);
        let snapshot = self.make(who, "volume/snapshots", "snapshot", snapshot).await;
        self.of(who).settle(&format!("volume/snapshots/{snapshot}"), "snapshot", "available").await;
        for (origin, id) in [("snapshot_id", &json!(snapshot)), ("imageRef", image)] {
            let mut copy = json!({ "name": NAME, "size": 1 });
            copy[origin] = id.clone();
            self.volume(who, &copy).await;
        }
    }

    async fn volume(&mut self, who: Who, what: &serde_json::Value) -> String {
        let volume = self.make(who, "volume/volumes", "volume", what.clone()).await;
        self.of(who).settle(&format!("volume/volumes/{volume}"), "volume", "available").await;
        volume
    }

    /// Puts a volume that several servers may share into the server.
    async fn attach(&mut self, who: Who, server: &str) {
        let shareable = json!({ "name": NAME, "size": 1, "volume_type": "multiattach" });
        let volume = self.volume(who, &shareable).await;
        let path = format!("compute/servers/{server}/os-volume_attachments");
        let attach = json!({ "volumeAttachment": { "volumeId": volume } });
        self.of(who).call(Method::POST, &path, Some(attach)).await;
        self.of(who).settle(&format!("volume/volumes/{volume}"), "volume", "in-use").await;
        self.made.push((who, format!("{path}/{volume}")));
    }
}

/// Anybody's: made for this test and used nowhere.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";
