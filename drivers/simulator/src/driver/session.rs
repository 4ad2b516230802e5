//! One access key at one simulated cloud.

use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{
    CloudSpec, Done, Forward, Forwarded, Known, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext, Step, Touched,
};
use gateway_core::id::Region;
use gateway_core::kind::FieldError;
use gateway_core::secret::Secret;
use gateway_core::{Error, ErrorKind, Kind, Result};
use serde_json::Value;
use url::Url;

use super::act;
use super::api::{self, Api};
use super::document::{Context, PageDocument, RegionsDocument, cloud_id, unsupported, wrong};

/// Items asked for on a page: the most that the cloud gives. Fewer means more calls; more, larger answers.
const PAGE_LIMIT: &str = "1000";

pub(super) struct SimulatorSession {
    cloud: Arc<CloudSpec>,
    api: Api,
}

impl SimulatorSession {
    pub(super) fn new(
        cloud: Arc<CloudSpec>,
        endpoint: Url,
        access_key_id: String,
        secret_access_key: Secret,
        link: SessionContext,
    ) -> Result<Self> {
        let api = Api::new(Arc::clone(&cloud), endpoint, access_key_id, secret_access_key, link)?;
        Ok(Self { cloud, api })
    }

    async fn page(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        limit: &str,
        marker: Option<&str>,
    ) -> Result<PageDocument> {
        let capability = super::CAPABILITY.of(kind).filter(|capability| match scope {
            ListScope::Own => capability.own,
            ListScope::Published => capability.published,
        });
        if capability.is_none() {
            return Err(unsupported(kind));
        }
        let scope = match scope {
            ListScope::Own => "own",
            ListScope::Published => "published",
        };
        let collection = kind.spec().plural;
        let mut query = vec![("scope", scope), ("limit", limit)];
        query.extend(marker.map(|marker| ("marker", marker)));
        let response = self.api.get(&["v1", region.as_str(), collection], &query).await?;
        let page: PageDocument = response.json()?;
        if page.kind != collection {
            return Err(wrong(format!("asked for {collection}, got {}", page.kind)));
        }
        Ok(page)
    }
}

#[async_trait]
impl Session for SimulatorSession {
    async fn prove(&self) -> Result<Proof> {
        let login = self.api.log_in_afresh().await?;
        let told: RegionsDocument = self.api.get(&["regions"], &[]).await?.json()?;
        let regions = told.items.into_iter().map(Region::new);
        let wanted = |region: &Region| self.cloud.regions.is_empty() || self.cloud.regions.contains(region);
        Ok(Proof {
            external_id: login.account.id.clone(),
            name: login.account.name.clone(),
            regions: regions.filter(wanted).collect(),
        })
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        let own = super::CAPABILITY.of(kind).is_some_and(|capability| capability.own);
        let scope = if own { ListScope::Own } else { ListScope::Published };
        self.page(region, kind, scope, "1", None).await.map(|_| ())
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        let marker = page.map(|token| token.0.as_str());
        let document = self.page(region, kind, scope, PAGE_LIMIT, marker).await?;
        let context = Context { cloud: &self.cloud, region };
        let mut items = Vec::with_capacity(document.items.len());
        for raw in document.items {
            let observed = context.observe(kind, raw)?;
            if (observed.visibility == Visibility::Public) == (scope == ListScope::Published) {
                items.push(observed);
            }
        }
        Ok(Page { items, next: document.next.map(PageToken) })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        if super::CAPABILITY.of(kind).is_none() {
            return Err(unsupported(kind));
        }
        let id = cloud_id(kind, native_key);
        let path = ["v1", region.as_str(), kind.spec().plural, id];
        let raw: Value = match self.api.get(&path, &[]).await {
            Ok(response) => response.json()?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let observed = Context { cloud: &self.cloud, region }.observe(kind, raw)?;
        match observed.native_key == native_key {
            true => Ok(Some(observed)),
            // The disk is in another machine by now, or the quota is another account's: what was asked for is not there.
            false if observed.external_id == id && id != native_key => Ok(None),
            false => Err(wrong(format!("asked for {native_key}, got {}", observed.native_key))),
        }
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        act::faults(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        act::act(&self.api, region, step).await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        act::find(self, region, step).await
    }

    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        self.api.forward(&["v1", region.as_str(), target.kind.spec().plural, &target.external_id]).await
    }

    fn upload_refused(&self, answer: &Forwarded) -> Error {
        api::refusal(&answer.into())
    }

    fn notices(&self) -> Vec<Notice> {
        self.api.notices()
    }
}
