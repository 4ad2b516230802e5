//! Volumes: answers to their reads, and their extension.

use gateway_core::driver::ListScope;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, error, region};
use crate::steps::{act, keys, known, refusal};

#[tokio::test]
async fn wrong_document_is_never_an_empty_list() {
    for body in [
        document("DescribeVolumes", ""),
        document("DescribeVolumes", "<volumeSet><entry/></volumeSet>"),
        document("DescribeImages", "<volumeSet/>"),
        document("DescribeVolumes", "<volumeSet/>")[..60].to_owned(),
        "<html><body>Welcome</body></html>".to_owned(),
        String::new(),
    ] {
        let cloud = ScriptedCloud::start(json!({}), vec![(&[], 200, body.clone())]).await;
        let error = cloud.list(Kind::Volume, ListScope::Own).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{body}");
    }
    let empty = document("DescribeVolumes", "<volumeSet/>");
    let cloud = ScriptedCloud::start(json!({}), vec![(&[], 200, empty)]).await;
    assert_eq!(cloud.list(Kind::Volume, ListScope::Own).await.unwrap(), [Vec::<String>::new()]);
}

#[tokio::test]
async fn repeated_page_token_is_an_error() {
    let page = || document("DescribeVolumes", "<volumeSet/><nextToken>same</nextToken>");
    let cloud =
        ScriptedCloud::start(json!({}), vec![(&[], 200, page()), (&["NextToken=same"], 200, page())]).await;
    assert_eq!(cloud.list(Kind::Volume, ListScope::Own).await.unwrap_err().kind(), ErrorKind::WrongDocument);
}

#[tokio::test]
async fn absence_is_proven_by_ec2_documents_only() {
    let exchanges: Vec<Exchange> = vec![
        (&["Action=DescribeVolumes", "VolumeId.1=vol-1"], 400, error("InvalidVolume.NotFound")),
        (&["VolumeId.1=vol-1"], 200, document("DescribeVolumes", "<volumeSet/>")),
        (&["VolumeId.1=vol-1"], 404, "<html>not found</html>".to_owned()),
        (&["VolumeId.1=vol-1"], 403, error("UnauthorizedOperation")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let get = async || cloud.session.get(&region(), Kind::Volume, "vol-1").await;
    assert!(get().await.unwrap().is_none());
    assert!(get().await.unwrap().is_none());
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::WrongDocument, "a proxy's 404 proves nothing");
    assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn throttled_read_is_sent_again() {
    let slow = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
    let exchanges: Vec<Exchange> = vec![
        (&["MaxResults=5"], 503, slow.to_owned()),
        (&["MaxResults=5"], 200, document("DescribeVolumes", "<volumeSet/>")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    cloud.session.probe(&region(), Kind::Volume).await.unwrap();
}

#[tokio::test]
async fn extend_of_extending_volume_succeeds() {
    let volume = known(Kind::Volume, "vol-1", json!({}));
    let changes = |state: &str| {
        let item =
            format!("<item><modificationState>{state}</modificationState><targetSize>9</targetSize></item>");
        document(
            "DescribeVolumesModifications",
            &format!("<volumeModificationSet>{item}</volumeModificationSet>"),
        )
    };
    let refused: Exchange = (
        &["Action=ModifyVolume", "VolumeId=vol-1", "Size=9"],
        400,
        refusal("VolumeModificationRateExceeded", "wait"),
    );
    let cloud =
        ScriptedCloud::start(json!({}), vec![refused.clone(), (&[], 200, changes("optimizing"))]).await;
    let extend = || act(&cloud, Kind::Volume, Verb::Extend, json!({ "size_gib": 9 }), Some(&volume), &[]);
    assert_eq!(keys(&extend().await.unwrap()), ["vol-1"]);
    cloud.then(vec![refused, (&[], 200, changes("failed"))]);
    assert_eq!(extend().await.unwrap_err().kind(), ErrorKind::Conflict);
}
