//! Attachments of volumes: single reads, and detaching.

use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, error, identity};
use crate::steps::{act, keys, known, refusal};

#[tokio::test]
async fn attachment_is_read_from_its_volume_only() {
    let volume = |id: &str, instances: &[&str]| {
        let item = |instance: &&str| {
            format!("<item><instanceId>{instance}</instanceId><status>attached</status></item>")
        };
        let attachments: String = instances.iter().map(item).collect();
        let item =
            format!("<item><volumeId>{id}</volumeId><attachmentSet>{attachments}</attachmentSet></item>");
        document("DescribeVolumes", &format!("<volumeSet>{item}</volumeSet>"))
    };
    let exchanges: Vec<Exchange> = vec![
        (&["Action=DescribeVolumes", "VolumeId.1=vol-1"], 200, volume("vol-1", &["i-1", "i-2"])),
        identity(),
        (&["VolumeId.1=vol-1"], 200, volume("vol-1", &["i-1"])),
        (&["VolumeId.1=vol-1"], 200, volume("vol-1", &[])),
        (&["VolumeId.1=vol-1"], 400, error("InvalidVolume.NotFound")),
        (&["VolumeId.1=vol-1"], 200, volume("vol-2", &["i-2"])),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let get = async || cloud.get(Kind::VolumeAttachment, "vol-1/i-2").await;
    assert_eq!(get().await.unwrap().unwrap().native_key, "vol-1/i-2");
    assert!(get().await.unwrap().is_none(), "the volume is only in another instance");
    assert!(get().await.unwrap().is_none(), "the volume is in no instance");
    assert!(get().await.unwrap().is_none(), "the volume is gone");
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn detach_of_detached_volume_succeeds() {
    let attachment = known(Kind::VolumeAttachment, "vol-1/i-1", json!({ "device": "/dev/sdf" }));
    let volume = |inside: &str| {
        let item = format!("<item><volumeId>vol-1</volumeId><attachmentSet>{inside}</attachmentSet></item>");
        document("DescribeVolumes", &format!("<volumeSet>{item}</volumeSet>"))
    };
    let wrong: Exchange = (
        &["Action=DetachVolume", "Device=%2Fdev%2Fsdf"],
        400,
        refusal("IncorrectState", "vol-1 is available"),
    );
    let exchanges =
        vec![wrong.clone(), (&["Action=DescribeVolumes", "VolumeId.1=vol-1"][..], 200, volume(""))];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let delete = || act(&cloud, Kind::VolumeAttachment, Verb::Delete, Value::Null, Some(&attachment), &[]);
    assert_eq!(keys(&delete().await.unwrap()), ["vol-1/i-1", "vol-1", "i-1"]);
    let busy = "<item><instanceId>i-1</instanceId><status>busy</status></item>";
    cloud.then(vec![wrong, (&[], 200, volume(busy))]);
    let error = delete().await.unwrap_err();
    assert_eq!((error.kind(), error.cloud().unwrap().code.as_str()), (ErrorKind::Conflict, "IncorrectState"));
}
