//! The session: one access key at one cloud, driven by the descriptors of the kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    CloudSpec, Done, ListScope, Notice, Page, PageToken, Proof, Session, Step, Touched,
};
use gateway_core::id::Region;
use gateway_core::kind::FieldError;
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::account::Account;
use crate::actions;
use crate::client::{Client, next_token};
use crate::config::Options;
use crate::descriptor::Descriptor;
use crate::kind;
use crate::list_call::ListCall;
use crate::origin::Origin;
use crate::paging::Position;
use crate::sizes::Sizes;
use crate::tags;
use crate::xml::{Element, wrong_document};

/// A session with one access key.
pub(crate) struct Ec2Session {
    cloud: Arc<CloudSpec>,
    options: Options,
    client: Client,
    account: Account,
    sizes: Sizes,
}

impl Ec2Session {
    /// Creates a session without calling the cloud.
    pub(crate) fn new(cloud: Arc<CloudSpec>, options: Options, client: Client) -> Self {
        Self { cloud, options, client, account: Account::default(), sizes: Sizes::default() }
    }

    /// Returns the descriptor of a kind for calls in a region.
    ///
    /// A cloud with one endpoint for all regions answers requests for account attributes whatever the region is.
    /// Therefore they are requested only in the regions that the registration names, if it names any.
    fn descriptor(&self, region: &Region, kind: Kind) -> Result<&'static Descriptor> {
        let named = &self.cloud.regions;
        if kind == Kind::Quota && !named.is_empty() && !named.contains(region) {
            let message =
                format!("the registration of the cloud does not name the region `{}`", region.as_str());
            return Err(Error::invalid(message));
        }
        kind::descriptor(kind)
    }

    /// Maps the items of an answer.
    async fn observe(&self, region: &Region, call: &ListCall, answer: &Element) -> Result<Vec<Observed>> {
        let items = call.items(answer)?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let account = self.account.number(&self.client).await?;
        let sizes = match call.types {
            Some(types) => self.sizes.of(&self.client, region.as_str(), types(&items)?).await?,
            None => BTreeMap::new(),
        };
        let origin = Origin { cloud: &self.cloud, region, account, sizes: &sizes };
        let mut observed = call.mapping.items(&items, origin)?;
        observed.iter_mut().for_each(tags::take_marker);
        Ok(observed)
    }

    /// Looks for one resource by one call, through all its pages if it shows others too.
    async fn find_by(&self, region: &Region, call: &ListCall, key: &str) -> Result<Option<Observed>> {
        let mut token: Option<String> = None;
        while let Some(form) = call.single(key, token.as_deref(), &self.options) {
            let answer = match self.client.read(region.as_str(), form).await {
                Ok(answer) => answer,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let observed = self.observe(region, call, &answer).await?;
            if observed.iter().any(|one| call.excludes(key, &one.native_key)) {
                return Err(wrong_document("another resource than the requested one"));
            }
            if let Some(found) = observed.into_iter().find(|one| one.native_key == key) {
                return Ok(Some(found));
            }
            token = next_token(&answer, token.as_deref())?;
            if token.is_none() {
                break;
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Session for Ec2Session {
    async fn prove(&self) -> Result<Proof> {
        self.account.prove(&self.client, &self.cloud).await
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        for form in self.descriptor(region, kind)?.probes(&self.options) {
            self.client.read(region.as_str(), form).await?;
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
        let calls = self.descriptor(region, kind)?.calls(scope, &self.options);
        let position = match (page, calls.first()) {
            (Some(page), _) => Position::read(page, &calls)?,
            (None, Some(first)) => Position::start_of(first),
            (None, None) => return Ok(Page::default()),
        };
        let Some(form) = position.call.page(position.token.as_deref(), &self.options) else {
            return Ok(Page::default());
        };
        let answer = self.client.read(region.as_str(), form).await?;
        let items = self.observe(region, position.call, &answer).await?;
        let next = next_token(&answer, position.token.as_deref())?;
        let next = position.after(next.as_deref(), &calls).map(|next| next.to_token());
        Ok(Page { items, next })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        for call in self.descriptor(region, kind)?.calls {
            if let Some(found) = self.find_by(region, call, native_key).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        actions::validate(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        actions::act(&self.client, region.as_str(), step).await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        actions::find(self, region, step).await
    }

    fn notices(&self) -> Vec<Notice> {
        self.client.notices()
    }
}
