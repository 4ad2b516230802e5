//! Uploads of image contents: complete, interrupted and refused ones.

use std::time::Duration;

use bytes::Bytes;
use driver_kit::send_content;
use futures_util::stream;
use gateway_core::driver::{Forward, Forwarded};
use gateway_core::error::ErrorKind;
use gateway_core::kind::{Kind, Verb};
use gateway_core::secret::Secret;
use serde_json::json;

use super::{PREFIX, Runner, created_key, marker, with_runners};

const MIB: usize = 1 << 20;

/// A content that a proxy forwards before Glance refuses it; with a larger one, the connection breaks.
const SMALL: &[usize] = &[64];

/// The end of a content.
#[derive(PartialEq)]
enum End {
    Whole,
    Interrupted,
}

/// Sends chunks of these sizes.
async fn send(forward: &Forward, sizes: &[usize], delete_and_wait: End) -> gateway_core::Result<Forwarded> {
    let chunks = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])));
    let break_off =
        (delete_and_wait == End::Interrupted).then(|| Err(std::io::Error::other("the client is gone")));
    let chunks: Vec<_> = chunks.chain(break_off).collect();
    // Not every Glance accepts content of unknown length.
    let length = sizes.iter().sum::<usize>() as u64 + u64::from(delete_and_wait == End::Interrupted);
    send_content(forward, stream::iter(chunks), Some(length)).await
}

#[tokio::test]
async fn image_accepts_one_complete_upload() {
    with_runners(["demo"], async |[demo]: [Runner; 1]| {
        let command = json!({ "name": PREFIX, "disk_format": "raw" });
        let key = created_key(&demo.create(Kind::Image, marker(), command).await.unwrap());
        let image = demo.get(Kind::Image, &key).await.unwrap();
        assert_eq!(image.state, Some("queued"));
        assert!(image.actions.contains(&Verb::Upload), "{:?}", image.actions);

        let known = demo.known(Kind::Image, &key).await;
        let forward = || demo.session.upload(&demo.region, &known);
        assert!(
            !format!("{:?}", forward().await.unwrap()).contains("gAAAA"),
            "a Fernet token begins with it"
        );

        // An interrupted upload leaves the image queued, after a moment.
        send(&forward().await.unwrap(), &[MIB; 2], End::Interrupted).await.unwrap_err();
        let mut attempts = 0;
        while demo.get(Kind::Image, &key).await.unwrap().state != Some("queued") {
            attempts += 1;
            assert!(attempts < 20, "{:?}", demo.get(Kind::Image, &key).await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let mut foreign = forward().await.unwrap();
        foreign.headers[0].1 = Secret::new("no-token");
        let refused = demo.session.upload_refused(&send(&foreign, SMALL, End::Whole).await.unwrap());
        assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{refused:?}");
        assert!(!format!("{refused:?}").contains("no-token"));

        let accepted = send(&forward().await.unwrap(), &[MIB; 3], End::Whole).await.unwrap();
        assert_eq!(accepted.status, 204, "{accepted:?}");
        let image = demo.get(Kind::Image, &key).await.unwrap();
        assert_eq!((image.state, &image.fields["size_bytes"]), (Some("available"), &json!(3 * MIB)));
        assert!(image.fields["checksum"].is_string() && !image.actions.contains(&Verb::Upload));

        // A second upload is refused.
        let refused =
            demo.session.upload_refused(&send(&forward().await.unwrap(), SMALL, End::Whole).await.unwrap());
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused:?}");
        let cloud_error = refused.cloud().unwrap();
        assert!(!cloud_error.message.is_empty() && cloud_error.request_id.is_some(), "{refused:?}");
        demo.delete_and_wait(Kind::Image, &key).await;
        let wait_until_gone = forward().await.unwrap_err();
        assert_eq!(wait_until_gone.kind(), ErrorKind::NotFound, "{wait_until_gone:?}");
        assert!(wait_until_gone.changed_nothing());
    })
    .await;
}
