//! Images that are shared.

use std::sync::Arc;

use driver_simulator::SimulatorDriver;
use driver_simulator::cloud::AccountOption;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver as _, ListScope, SessionContext};
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::fixtures;
use crate::runner::{Runner, known, marker, north};

#[tokio::test]
async fn shared_image_is_visible_to_the_other_account() {
    let runner = Runner::new().await;
    let cloud = Arc::new(fixtures::registration(&runner.simulator));
    let credential = gateway_core::access::credential::Credential::AccessKey {
        access_key_id: "other".to_owned(),
        secret_access_key: gateway_core::secret::Secret::new("other-secret"),
        session_token: None,
    };
    let other =
        SimulatorDriver.open(cloud, credential, SessionContext::unpaced(Arc::new(SystemClock))).unwrap();
    let page = runner.session.list(&north(), Kind::Image, ListScope::Own, None).await.unwrap();
    let image = known(&page.items[0]);
    let sees = async || {
        let listed = other.list(&north(), Kind::Image, ListScope::Own, None).await.unwrap().items;
        let read = other.get(&north(), Kind::Image, &image.native_key).await.unwrap();
        let listed = listed.into_iter().find(|item| item.native_key == image.native_key);
        assert_eq!(listed.as_ref().map(Observed::content_hash), read.as_ref().map(Observed::content_hash));
        read
    };
    assert!(sees().await.is_none());
    let with = json!({ "external_account": AccountOption::new("other", "other-secret").id() });
    runner.act(marker(), Kind::Image, Verb::Share, with.clone(), Some(&image)).await.unwrap();
    let shared = sees().await.unwrap();
    assert_eq!(shared.visibility, gateway_core::document::observation::Visibility::Shared);
    assert_eq!(shared.owner.as_deref(), runner.reread(&image).await.owner.as_deref());
    runner.act(marker(), Kind::Image, Verb::Unshare, with, Some(&image)).await.unwrap();
    assert!(sees().await.is_none());
    let nobody = json!({ "external_account": "acct-nobody" });
    let refused = runner.refuses(Kind::Image, Verb::Share, nobody, Some(&image)).await;
    assert_eq!(refused, (ErrorKind::Invalid, "unknown_reference".to_owned()));
    runner.simulator.stop().await;
}
