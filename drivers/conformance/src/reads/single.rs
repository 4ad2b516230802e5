//! Single reads: a listed resource can be read and is equal; a resource that does not exist is absent.

use super::document;
use super::listings::list_all;
use super::target::{Target, check};
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// Items of each listing that are read one by one.
const SAMPLE: usize = 5;

/// Attempts to compare a listing with single reads; a real cloud may change a resource in between.
const TRIES: usize = 4;

pub(super) async fn run(target: &Target<'_>, report: &mut Report) {
    if !target.capability.get {
        report.add(target.label("a single resource can be read"), skipped("the driver has no single read"));
        return;
    }
    check(report, target.label("a single read equals the listing"), same(target)).await;
    check(report, target.label("a resource that does not exist is absent"), absent(target)).await;
}

async fn same(target: &Target<'_>) -> Verdict {
    let mut difference = String::new();
    for _ in 0..TRIES {
        match compare(target).await? {
            Some(found) => difference = found,
            None => return Ok(()),
        }
    }
    failed(difference)
}

/// Returns the first difference between the listing and the single reads.
async fn compare(target: &Target<'_>) -> Verdict<Option<String>> {
    let kind = target.capability.kind;
    let mut seen = 0;
    for scope in target.scopes() {
        let listed = list_all(target.session, target.region, kind, scope).await?;
        for item in listed.iter().take(SAMPLE) {
            seen += 1;
            let Some(read) = target.session.get(target.region, kind, &item.native_key).await? else {
                return Ok(Some(format!(
                    "`{}` was listed, but a single read does not find it",
                    item.native_key
                )));
            };
            document::inspect(&read, target.capability, Some(scope))?;
            if read.content_hash() != item.content_hash() {
                let (listed, read) = (differing(item), differing(&read));
                return Ok(Some(format!("listed {listed}\nread   {read}")));
            }
        }
    }
    if seen == 0 { skipped("the listing is empty") } else { Ok(None) }
}

fn differing(observed: &gateway_core::document::observation::Observed) -> String {
    format!("{} {}", serde_json::Value::Object(observed.document()), observed.raw)
}

async fn absent(target: &Target<'_>) -> Verdict {
    let key = (target.subject.absent_key)(target.capability.kind);
    let found = target.session.get(target.region, target.capability.kind, &key).await?;
    ensure(found.is_none(), || format!("`{key}` was found"))
}
