//! One key at one cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    CloudSpec, Done, ListScope, Notice, Page, PageToken, Proof, Session, Step, Touched,
};
use gateway_core::id::Region;
use gateway_core::kind::{Canonical as _, FieldError, Quota};
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::account::Account;
use crate::act::{self, Act};
use crate::api::Api;
use crate::kinds::Origin;
use crate::listing::Description;
use crate::options::Options;
use crate::part::Part;
use crate::position::Position;
use crate::sizes::Sizes;
use crate::xml::{Element, odd};

pub(crate) struct Ec2Session {
    cloud: Arc<CloudSpec>,
    options: Options,
    api: Api,
    account: Account,
    sizes: Sizes,
}

impl Ec2Session {
    pub(crate) fn new(cloud: Arc<CloudSpec>, options: Options, api: Api) -> Self {
        Self { cloud, options, api, account: Account::default(), sizes: Sizes::default() }
    }

    /// How a kind is asked for in a region. A cloud with one endpoint for all regions answers for attributes of the
    /// account whatever the region is: where the registration names regions, no other is asked for them.
    fn description(&self, region: &Region, kind: Kind) -> Result<&'static Description> {
        let named = &self.cloud.regions;
        if kind == Quota::KIND && !named.is_empty() && !named.contains(region) {
            let message =
                format!("the registration of the cloud does not name the region {:?}", region.as_str());
            return Err(Error::invalid(message));
        }
        Description::of(kind)
    }

    /// Maps the items of an answer's list.
    async fn observe(&self, region: &Region, part: &Part, answer: &Element) -> Result<Vec<Observed>> {
        let items = part.items(answer)?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let account = self.account.number(&self.api).await?;
        let sizes = match part.types {
            Some(types) => self.sizes.of(&self.api, region.as_str(), types(&items)?).await?,
            None => BTreeMap::new(),
        };
        let origin = Origin { cloud: &self.cloud, region, account, sizes: &sizes };
        let mut seen = part.map.items(&items, origin)?;
        seen.iter_mut().for_each(act::take_marker);
        Ok(seen)
    }

    /// Looks for one resource in one part, through its pages where it comes among others.
    async fn find_in(&self, region: &Region, part: &Part, key: &str) -> Result<Option<Observed>> {
        let mut token: Option<String> = None;
        while let Some(form) = part.single(key, token.as_deref(), &self.options) {
            let answer = match self.api.ec2(region.as_str(), form).await {
                Ok(answer) => answer,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let seen = self.observe(region, part, &answer).await?;
            if seen.iter().any(|one| part.is_stray(key, &one.native_key)) {
                return Err(odd("another resource than the one asked for"));
            }
            if let Some(found) = seen.into_iter().find(|one| one.native_key == key) {
                return Ok(Some(found));
            }
            match answer.text_at(&["nextToken"]) {
                None => break,
                next if next == token.as_deref() => return Err(odd("the same page token again")),
                next => token = next.map(ToOwned::to_owned),
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Session for Ec2Session {
    async fn prove(&self) -> Result<Proof> {
        self.account.prove(&self.api, &self.cloud).await
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        for form in self.description(region, kind)?.probes(&self.options) {
            self.api.ec2(region.as_str(), form).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        let parts = self.description(region, kind)?.parts(scope, &self.options);
        let position = match (page, parts.first()) {
            (Some(page), _) => Position::read(page, &parts)?,
            (None, Some(first)) => Position::at(first),
            (None, None) => return Ok(Page::default()),
        };
        let Some(form) = position.part.page(position.token.as_deref(), &self.options) else {
            return Ok(Page::default());
        };
        let answer = self.api.ec2(region.as_str(), form).await?;
        let items = self.observe(region, position.part, &answer).await?;
        let next = position.after(answer.text_at(&["nextToken"]), &parts).map(|next| next.to_token());
        // Following it would go round for ever.
        if next.as_ref() == Some(&position.to_token()) {
            return Err(odd("the same page token again"));
        }
        Ok(Page { items, next })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        for part in self.description(region, kind)?.parts {
            if let Some(found) = self.find_in(region, part, native_key).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        act::faults(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        Act::new(&self.api, region.as_str(), step).run().await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        act::find(self, region, step).await
    }

    fn notices(&self) -> Vec<Notice> {
        self.api.notices()
    }
}
