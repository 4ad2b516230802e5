//! Single resources: what is listed can be read, and reads the same; what is not there is not there.

use super::listings::whole;
use super::{Place, check, document};
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// Items of each listing that are read one by one.
const SAMPLE: usize = 5;

/// A real cloud may change a resource between listing and reading: so often it is tried again.
const TRIES: usize = 4;

pub(super) async fn run(place: &Place<'_>, report: &mut Report) {
    if !place.capability.get {
        report.add(place.label("single resources"), skipped("the driver cannot read them"));
        return;
    }
    check(report, place.label("a single read is the same as the listing"), same(place)).await;
    check(report, place.label("what the cloud does not have is certainly absent"), absent(place)).await;
}

async fn same(place: &Place<'_>) -> Verdict {
    let mut difference = String::new();
    for _ in 0..TRIES {
        match compare(place).await? {
            Some(found) => difference = found,
            None => return Ok(()),
        }
    }
    failed(difference)
}

/// The first difference between listing and reading, if there is one.
async fn compare(place: &Place<'_>) -> Verdict<Option<String>> {
    let kind = place.capability.kind;
    let mut seen = 0;
    for scope in place.scopes() {
        let listed = whole(place.session, place.region, kind, scope).await?;
        for item in listed.iter().take(SAMPLE) {
            seen += 1;
            let Some(read) = place.session.get(place.region, kind, &item.native_key).await? else {
                return Ok(Some(format!("{:?} was listed and is not there", item.native_key)));
            };
            document::inspect(&read, place.capability, Some(scope))?;
            if read.content_hash() != item.content_hash() {
                let (listed, read) = (differing(item), differing(&read));
                return Ok(Some(format!("listed {listed}\nread   {read}")));
            }
        }
    }
    if seen == 0 { skipped("nothing is listed") } else { Ok(None) }
}

fn differing(observed: &gateway_core::document::observation::Observed) -> String {
    format!("{} {}", serde_json::Value::Object(observed.document()), observed.raw)
}

async fn absent(place: &Place<'_>) -> Verdict {
    let key = (place.subject.absent_key)(place.capability.kind);
    let found = place.session.get(place.region, place.capability.kind, &key).await?;
    ensure(found.is_none(), || format!("{key:?} was found"))
}
