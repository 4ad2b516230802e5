//! Key pairs.

use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::scripted_cloud::{ScriptedCloud, document};
use crate::steps::{act, known};

#[tokio::test]
async fn delete_of_key_pair_checks_its_id() {
    let key = known(Kind::SshKey, "key-1", json!({}));
    let shown = |id: &str| {
        let item = format!("<item><keyPairId>{id}</keyPairId><keyName>named</keyName></item>");
        document("DescribeKeyPairs", &format!("<keySet>{item}</keySet>"))
    };
    let cloud = ScriptedCloud::start(json!({}), vec![(&[][..], 200, shown("key-2"))]).await;
    let delete = || act(&cloud, Kind::SshKey, Verb::Delete, Value::Null, Some(&key), &[]);
    assert_eq!(delete().await.unwrap_err().kind(), ErrorKind::NotFound);
    cloud.then(vec![
        (&[], 200, shown("key-1")),
        (&["Action=DeleteKeyPair", "KeyName=named"], 200, document("DeleteKeyPair", "")),
    ]);
    delete().await.unwrap();
}
