//! Snapshots: their listing, and single reads by filter.

use gateway_core::driver::ListScope;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, identity};

fn snapshots(items: &[(&str, &str)], next: &str) -> String {
    let item = |(id, owner): &(&str, &str)| {
        format!(
            "<item><snapshotId>{id}</snapshotId><status>completed</status><volumeSize>1</volumeSize>\
             <ownerId>{owner}</ownerId></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    document("DescribeSnapshots", &format!("<snapshotSet>{items}</snapshotSet><nextToken>{next}</nextToken>"))
}

#[tokio::test]
async fn snapshots_are_listed_as_own_then_shared() {
    let exchanges: Vec<Exchange> = vec![
        (&["Owner.1=self", "MaxResults=1000"], 200, snapshots(&[("a", "111")], "")),
        identity(),
        // A cloud that ignores the parameter shows own snapshots again.
        (&["RestorableBy.1=self", "MaxResults=1000"], 200, snapshots(&[("a", "111"), ("b", "222")], "t")),
        (&["RestorableBy.1=self", "NextToken=t"], 200, snapshots(&[("c", "333")], "")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let pages = cloud.list(Kind::VolumeSnapshot, ListScope::Own).await.unwrap();
    assert_eq!(pages, [vec!["a"], vec!["b"], vec!["c"]]);
}

#[tokio::test]
async fn single_read_of_snapshot_goes_through_calls_and_pages() {
    let exchanges: Vec<Exchange> = vec![
        (&["Owner.1=self", "Filter.1.Name=snapshot-id", "Filter.1.Value.1=b"], 200, snapshots(&[], "")),
        // EC2 filters page by page: an empty page may not be the last.
        (&["RestorableBy.1=self", "Filter.1.Value.1=b"], 200, snapshots(&[], "t")),
        (&["RestorableBy.1=self", "Filter.1.Value.1=b", "NextToken=t"], 200, snapshots(&[("b", "222")], "")),
        identity(),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let found = cloud.get(Kind::VolumeSnapshot, "b").await.unwrap().unwrap();
    assert_eq!((found.native_key.as_str(), found.owner.as_deref()), ("b", Some("222")));

    let endless: Vec<Exchange> =
        vec![(&[], 200, snapshots(&[], "t")), (&["NextToken=t"], 200, snapshots(&[], "t"))];
    let cloud = ScriptedCloud::start(json!({}), endless).await;
    let error = cloud.get(Kind::VolumeSnapshot, "b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDocument, "it would never end");
}
