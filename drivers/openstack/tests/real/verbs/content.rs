//! The content of an image goes where the driver says, and Glance takes it, refuses it, or is left without it.

use std::time::Duration;

use bytes::Bytes;
use driver_kit::send_content;
use futures_util::stream;
use gateway_core::driver::{Forward, Forwarded};
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use gateway_core::secret::Secret;
use serde_json::json;

use super::{Hand, NAME, made, marker, with_hands};

const MIB: usize = 1 << 20;

/// A proxy between us and Glance takes it in before Glance refuses it; of more it would say that the way is broken.
const SMALL: &[usize] = &[64];

/// How a content ends.
#[derive(PartialEq)]
enum End {
    Whole,
    BreaksOff,
}

/// Sends chunks of these sizes.
async fn send(forward: &Forward, sizes: &[usize], end: End) -> gateway_core::Result<Forwarded> {
    let chunks = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])));
    let break_off = (end == End::BreaksOff).then(|| Err(std::io::Error::other("the client is gone")));
    let chunks: Vec<_> = chunks.chain(break_off).collect();
    // Not every Glance takes content of unknown length.
    let length = sizes.iter().sum::<usize>() as u64 + u64::from(end == End::BreaksOff);
    send_content(forward, stream::iter(chunks), Some(length)).await
}

#[tokio::test]
async fn an_image_is_filled_once_and_only_whole() {
    with_hands(["demo"], async |[demo]: [Hand; 1]| {
        let command = json!({ "name": NAME, "disk_format": "raw" });
        let key = made(&demo.create("image", marker(), command).await.unwrap());
        let image = demo.get("image", &key).await.unwrap();
        assert_eq!(image.state, Some("queued"));
        assert!(image.actions.contains(&Verb::Upload), "{:?}", image.actions);

        let known = demo.known("image", &key).await;
        let forward = || demo.session.upload(&demo.region, &known);
        assert!(!format!("{:?}", forward().await.unwrap()).contains("gAAAA"), "tokens of Fernet begin so");

        // Half of it leaves the image as empty as it was, after a moment.
        send(&forward().await.unwrap(), &[MIB; 2], End::BreaksOff).await.unwrap_err();
        let mut looks = 0;
        while demo.get("image", &key).await.unwrap().state != Some("queued") {
            looks += 1;
            assert!(looks < 20, "{:?}", demo.get("image", &key).await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let mut foreign = forward().await.unwrap();
        foreign.headers[0].1 = Secret::new("no-token");
        let refused = demo.session.upload_refused(&send(&foreign, SMALL, End::Whole).await.unwrap());
        assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{refused:?}");
        assert!(!format!("{refused:?}").contains("no-token"));

        let taken = send(&forward().await.unwrap(), &[MIB; 3], End::Whole).await.unwrap();
        assert_eq!(taken.status, 204, "{taken:?}");
        let image = demo.get("image", &key).await.unwrap();
        assert_eq!((image.state, &image.fields["size_bytes"]), (Some("available"), &json!(3 * MIB)));
        assert!(image.fields["checksum"].is_string() && !image.actions.contains(&Verb::Upload));

        // Full is full, and Glance says so.
        let refused =
            demo.session.upload_refused(&send(&forward().await.unwrap(), SMALL, End::Whole).await.unwrap());
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused:?}");
        let words = refused.cloud().unwrap();
        assert!(!words.message.is_empty() && words.request_id.is_some(), "{refused:?}");
        demo.end("image", &key).await;
        let gone = forward().await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone:?}");
        assert!(gone.changed_nothing());
    })
    .await;
}
