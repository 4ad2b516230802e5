//! Proofs of keys.

use gateway_core::ErrorKind;
use gateway_core::id::Region;
use serde_json::json;

use crate::scripted_cloud::{ScriptedCloud, document, identity};

#[tokio::test]
async fn proof_names_account_and_regions() {
    let regions = "<regionInfo><item><regionName>r2</regionName></item><item><regionName>r1</regionName></item></regionInfo>";
    let exchanges =
        vec![identity(), (&["Action=DescribeRegions"][..], 200, document("DescribeRegions", regions))];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let proof = cloud.session.prove().await.unwrap();
    assert_eq!((proof.external_id.as_str(), proof.name.as_str()), ("111", "111"));
    assert_eq!(proof.regions, [Region::new("r1"), Region::new("r2")]);

    let refused = "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>";
    let cloud = ScriptedCloud::start(json!({}), vec![identity(), (&[][..], 401, refused.to_owned())]).await;
    let error = cloud.session.prove().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "STS took the key");
    let unknown = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
    let cloud = ScriptedCloud::start(json!({}), vec![(&[][..], 403, unknown.to_owned())]).await;
    assert_eq!(cloud.session.prove().await.unwrap_err().kind(), ErrorKind::Unauthorized);

    let evil = regions.replace("r2", "evil.example/#");
    let exchanges = vec![identity(), (&[][..], 200, document("DescribeRegions", &evil))];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(cloud.session.prove().await.unwrap_err().kind(), ErrorKind::WrongDocument);
}
