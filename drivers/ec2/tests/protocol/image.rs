//! Images: their listings, and their update.

use gateway_core::Kind;
use gateway_core::driver::ListScope;
use gateway_core::kind::Verb;
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, identity};
use crate::steps::{act, keys, known};

fn image(id: &str, owner: &str, public: bool) -> String {
    format!(
        "<item><imageId>{id}</imageId><imageState>available</imageState><imageOwnerId>{owner}</imageOwnerId>\
         <isPublic>{public}</isPublic></item>"
    )
}

fn images(items: &[String], next: &str) -> String {
    document(
        "DescribeImages",
        &format!("<imagesSet>{}</imagesSet><nextToken>{next}</nextToken>", items.concat()),
    )
}

#[tokio::test]
async fn own_images_are_listed_once_over_both_calls_and_all_pages() {
    let exchanges: Vec<Exchange> = vec![
        (&["Owner.1=self", "MaxResults=1000"], 200, images(&[image("a", "111", false)], "t1")),
        identity(),
        (&["Owner.1=self", "NextToken=t1"], 200, images(&[image("b", "111", true)], "")),
        (&["ExecutableBy.1=self"], 200, images(&[image("a", "111", false), image("p", "9", true)], "t2")),
        (&["ExecutableBy.1=self", "NextToken=t2"], 200, images(&[image("c", "222", false)], "")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let pages = cloud.list(Kind::Image, ListScope::Own).await.unwrap();
    assert_eq!(pages, [vec!["a"], vec!["b"], vec![], vec!["c"]]);
}

#[tokio::test]
async fn public_images_are_listed_for_configured_owners_only() {
    let cloud = ScriptedCloud::start(json!({}), vec![]).await;
    assert_eq!(cloud.list(Kind::Image, ListScope::Published).await.unwrap(), [Vec::<String>::new()]);
    let exchanges: Vec<Exchange> = vec![
        (
            &["Owner.1=amazon", "Filter.1.Name=is-public"],
            200,
            images(&[image("a", "9", true), image("b", "9", false)], ""),
        ),
        identity(),
    ];
    let cloud = ScriptedCloud::start(json!({"public_image_owners": ["amazon"]}), exchanges).await;
    assert_eq!(cloud.list(Kind::Image, ListScope::Published).await.unwrap(), [vec!["a"]]);
}

#[tokio::test]
async fn update_of_image_changes_its_description() {
    let image = known(Kind::Image, "ami-1", json!({}));
    let exchanges: Vec<Exchange> = vec![(
        &["Action=ModifyImageAttribute", "ImageId=ami-1", "Description.Value=new"],
        200,
        document("ModifyImageAttribute", ""),
    )];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let command = json!({ "description": "new" });
    let done = act(&cloud, Kind::Image, Verb::Update, command, Some(&image), &[]).await.unwrap();
    assert_eq!(keys(&done), ["ami-1"]);
}
