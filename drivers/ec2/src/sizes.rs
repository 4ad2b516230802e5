//! What instances take over from their types: asked for once per type, region and session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use gateway_core::{ErrorKind, Result};

use crate::api::Api;
use crate::form::Form;
use crate::kinds::instance_type::{self, Size};
use crate::xml::odd;

/// EC2 takes 200 values in a filter and answers with 100 types a page: one page per call.
const BATCH: usize = 100;

/// Sizes by region and type; `None` where the cloud told none. A type's size never changes.
#[derive(Debug, Default)]
pub(crate) struct Sizes(Mutex<BTreeMap<(String, String), Option<Size>>>);

impl Sizes {
    /// The sizes of the named types, as far as the cloud tells.
    ///
    /// # Errors
    /// When the cloud could not be asked. A refusal is no error: sizes are worth less than the instances.
    pub(crate) async fn of(
        &self,
        api: &Api,
        region: &str,
        names: BTreeSet<String>,
    ) -> Result<BTreeMap<String, Size>> {
        let unknown: Vec<String> = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            names
                .iter()
                .filter(|name| !known.contains_key(&(region.to_owned(), (*name).clone())))
                .cloned()
                .collect()
        };
        for batch in unknown.chunks(BATCH) {
            let found = ask(api, region, batch).await?;
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for name in batch {
                known.insert((region.to_owned(), name.clone()), found.get(name).copied());
            }
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |name: &String| known.get(&(region.to_owned(), name.clone())).copied().flatten();
        Ok(names.into_iter().filter_map(|name| size(&name).map(|size| (name, size))).collect())
    }
}

/// By filter, which passes over types that the cloud no longer knows; by name they would be an error.
async fn ask(api: &Api, region: &str, names: &[String]) -> Result<BTreeMap<String, Size>> {
    let form =
        Form::new("DescribeInstanceTypes").with("MaxResults", BATCH).with_filter("instance-type", names);
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let form = token.iter().fold(form.clone(), |form, token| form.with("NextToken", token));
        let answer = match api.ec2(region, form).await {
            Ok(answer) => answer,
            Err(error) if is_refusal(error.kind()) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        for element in answer.items(&["instanceTypeSet"]) {
            found.insert(element.required(&["instanceType"])?.to_owned(), instance_type::size(element)?);
        }
        match answer.text_at(&["nextToken"]) {
            None => return Ok(found),
            Some(next) if token.as_deref() == Some(next) => return Err(odd("the same page token again")),
            Some(next) => token = Some(next.to_owned()),
        }
    }
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::Invalid)
}
