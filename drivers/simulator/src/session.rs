//! An access key at one simulated cloud.

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

use crate::actions;
use crate::client::Client;
use crate::document::{Context, PageDocument, RegionsDocument};
use crate::error::{refusal, wrong_document};
use crate::kind::{descriptor, observe};

/// Items of a page: the most that the cloud returns. Fewer means more calls; more, larger answers.
const PAGE_LIMIT: &str = "1000";

/// Session of one access key at one simulated cloud.
pub(crate) struct SimulatorSession {
    cloud: Arc<CloudSpec>,
    client: Client,
}

impl SimulatorSession {
    pub(crate) fn new(
        cloud: Arc<CloudSpec>,
        endpoint: Url,
        access_key_id: String,
        secret_access_key: Secret,
        context: SessionContext,
    ) -> Result<Self> {
        let client = Client::new(Arc::clone(&cloud), endpoint, access_key_id, secret_access_key, context)?;
        Ok(Self { cloud, client })
    }

    async fn page(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        limit: &str,
        marker: Option<&str>,
    ) -> Result<PageDocument> {
        descriptor(kind)?.check_scope(scope)?;
        let scope = match scope {
            ListScope::Own => "own",
            ListScope::Published => "published",
        };
        let collection = kind.spec().plural;
        let mut query = vec![("scope", scope), ("limit", limit)];
        query.extend(marker.map(|marker| ("marker", marker)));
        let response = self.client.get(&["v1", region.as_str(), collection], &query).await?;
        let page: PageDocument = response.json()?;
        if page.kind != collection {
            return Err(wrong_document(format!("the page is of {} instead of {collection}", page.kind)));
        }
        Ok(page)
    }
}

#[async_trait]
impl Session for SimulatorSession {
    async fn prove(&self) -> Result<Proof> {
        let login = self.client.log_in_again().await?;
        let document: RegionsDocument = self.client.get(&["regions"], &[]).await?.json()?;
        let regions = document.items.into_iter().map(Region::new);
        let wanted = |region: &Region| self.cloud.regions.is_empty() || self.cloud.regions.contains(region);
        Ok(Proof {
            external_id: login.account.id.clone(),
            name: login.account.name.clone(),
            regions: regions.filter(wanted).collect(),
        })
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        let scope = descriptor(kind)?.any_scope();
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
            let observed = observe(&context, kind, raw)?;
            if (observed.visibility == Visibility::Public) == (scope == ListScope::Published) {
                items.push(observed);
            }
        }
        Ok(Page { items, next: document.next.map(PageToken) })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let id = (descriptor(kind)?.external_id)(native_key);
        let path = ["v1", region.as_str(), kind.spec().plural, id];
        let raw: Value = match self.client.get(&path, &[]).await {
            Ok(response) => response.json()?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let observed = observe(&Context { cloud: &self.cloud, region }, kind, raw)?;
        match observed.native_key == native_key {
            true => Ok(Some(observed)),
            // The volume has moved to another instance, or the quota belongs to another account: the resource is absent.
            false if observed.external_id == id && id != native_key => Ok(None),
            false => Err(wrong_document(format!(
                "the document is of {} instead of {native_key}",
                observed.native_key
            ))),
        }
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        actions::validate(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        actions::act(&self.client, region, step).await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        actions::find(self, region, step).await
    }

    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        self.client.forward(&["v1", region.as_str(), target.kind.spec().plural, &target.external_id]).await
    }

    fn upload_refused(&self, answer: &Forwarded) -> Error {
        refusal(&answer.into())
    }

    fn notices(&self) -> Vec<Notice> {
        self.client.notices()
    }
}
