//! Sizes of instance types, which instances do not state themselves: read once per type, region and session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway_core::{ErrorKind, Result};

use crate::client::{Client, next_token};
use crate::form::Form;
use crate::xml::{Element, wrong_document};

/// Types in one call. EC2 accepts 200 values in a filter and answers with 100 types per page: this is one page.
const BATCH: usize = 100;

/// The size of an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u64,
}

impl Size {
    /// Reads the size in an item of `instanceTypeSet`.
    ///
    /// # Errors
    /// `WrongDocument`, when it is missing or not a number.
    pub(crate) fn read(element: &Element) -> Result<Self> {
        let missing = || wrong_document("an instance type without size");
        Ok(Self {
            vcpus: element.read_at(&["vCpuInfo", "defaultVCpus"])?.ok_or_else(missing)?,
            memory_mib: element.read_at(&["memoryInfo", "sizeInMiB"])?.ok_or_else(missing)?,
        })
    }
}

/// Sizes by region and type; `None` where the cloud shows none.
type Known = BTreeMap<(String, String), Option<Size>>;

/// A cache of sizes, which is never invalidated: the size of a type does not change.
#[derive(Debug, Default)]
pub(crate) struct Sizes(Mutex<Known>);

impl Sizes {
    /// Returns the sizes of the named types, as far as the cloud shows them.
    ///
    /// # Errors
    /// The cloud's error, except a refusal: instances are listed without sizes then.
    pub(crate) async fn of(
        &self,
        client: &Client,
        region: &str,
        names: BTreeSet<String>,
    ) -> Result<BTreeMap<String, Size>> {
        let key = |name: &String| (region.to_owned(), name.clone());
        let unknown: Vec<String> = {
            let known = self.lock();
            names.iter().filter(|name| !known.contains_key(&key(name))).cloned().collect()
        };
        for batch in unknown.chunks(BATCH) {
            let found = read(client, region, batch).await?;
            let mut known = self.lock();
            for name in batch {
                known.insert(key(name), found.get(name).copied());
            }
        }
        let known = self.lock();
        let size = |name: &String| known.get(&key(name)).copied().flatten();
        Ok(names.into_iter().filter_map(|name| size(&name).map(|size| (name, size))).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads by filter, which skips types that the cloud no longer has; by name they would be an error.
async fn read(client: &Client, region: &str, names: &[String]) -> Result<BTreeMap<String, Size>> {
    let form =
        Form::new("DescribeInstanceTypes").with("MaxResults", BATCH).with_filter("instance-type", names);
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let answer = match client.read(region, form.clone().with_some("NextToken", token.as_ref())).await {
            Ok(answer) => answer,
            Err(error) if is_refusal(error.kind()) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        for element in answer.items(&["instanceTypeSet"]) {
            found.insert(element.required(&["instanceType"])?.to_owned(), Size::read(element)?);
        }
        token = next_token(&answer, token.as_deref())?;
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::Invalid)
}
