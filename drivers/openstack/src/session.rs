//! The session of one credential: lists, reads and changes resources by the descriptors of their kinds.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use driver_kit::{CloudHttp, Response, status_error};
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{
    CloudSpec, Done, Forward, Forwarded, Known, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext, Step, Touched,
};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::{FieldError, Kind};
use serde_json::Value;

use crate::actions::{self, Action};
use crate::client::{Client, Login};
use crate::config::{self, Config};
use crate::descriptor::Descriptor;
use crate::document::{View, belongs_to};
use crate::listing::{Pass, ScopeClient};
use crate::paging::Cursor;
use crate::related::RelatedReader;
use crate::service::Service;
use crate::{auth, error, kind};

/// The session of one credential at one OpenStack.
pub(crate) struct OpenStackSession {
    client: Client,
    related: RelatedReader,
}

impl OpenStackSession {
    /// Opens a session; it makes no call yet.
    pub(crate) fn new(
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Self> {
        auth::request_body(&credential)?;
        let config = Config::read(&cloud)?;
        let keystone = config::keystone_url(&cloud.endpoint)?;
        let http = CloudHttp::new(cloud, context)?;
        let client = Client::new(http, keystone, config, credential);
        Ok(Self { client, related: RelatedReader::default() })
    }

    fn scope<'a>(&'a self, region: &'a Region, login: &'a Login) -> ScopeClient<'a> {
        ScopeClient { client: &self.client, region, account: &login.account }
    }

    /// Maps the documents of the kind, each with its related documents.
    async fn observe(
        &self,
        scope: ScopeClient<'_>,
        descriptor: &Descriptor,
        service: Service,
        mut items: Vec<Value>,
    ) -> Result<Vec<Observed>> {
        items.retain(descriptor.is_kind);
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|name, _| !descriptor.omitted.contains(&name.as_str()));
        }
        let related = self.related.read(scope, descriptor.related, &items).await?;
        let ScopeClient { region, account, .. } = scope;
        let view = View { cloud: self.client.http().cloud(), region, account, service, related: &related };
        items.into_iter().map(|item| (descriptor.observe)(&view, item)).collect()
    }
}

#[async_trait]
impl Session for OpenStackSession {
    async fn prove(&self) -> Result<Proof> {
        let login = self.client.login_anew().await?;
        let regions = login.catalog.regions();
        if regions.is_empty() {
            let message = "Keystone's catalog has no compute, image, block-storage or network service in the \
                           regions of the cloud's registration";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let external_id = login.account.project_id.clone();
        Ok(Proof { external_id, name: login.project_name.clone(), regions })
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        let passes = kind::descriptor(kind)?.any_passes();
        let login = self.client.login().await?;
        let scope = self.scope(region, &login);
        next_pass(passes, 0, &login, region)?;
        let mut asked = BTreeSet::new();
        for pass in passes.iter().filter(|pass| login.catalog.has(pass.service, region)) {
            // Further passes at the same service call the same path with other parameters.
            if asked.insert(pass.service) {
                scope.page(pass, &Cursor::start(), 1).await?;
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        list_scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        let descriptor = kind::descriptor(kind)?;
        let passes = descriptor.passes(list_scope)?;
        let login = self.client.login().await?;
        let scope = self.scope(region, &login);
        let cursor = match page {
            Some(_) => Cursor::from_token(page)?,
            None => Cursor::start_of(next_pass(passes, 0, &login, region)?),
        };
        let pass = passes
            .get(cursor.pass)
            .ok_or_else(|| Error::invalid("the page token is from another listing"))?;
        let mut raw = scope.page(pass, &cursor, self.client.config().page_size).await?;
        raw.items.retain(|item| !(pass.foreign_only && belongs_to(item, &login.account)));
        let mut items = self.observe(scope, descriptor, pass.service, raw.items).await?;
        items.retain(|item| is_in_scope(item, list_scope));
        let mut last = None;
        if descriptor.has_duplicates {
            last = items.last().map(|item| item.native_key.clone()).or_else(|| cursor.last.clone());
            items.dedup_by(|next, before| next.native_key == before.native_key);
            items.retain(|item| cursor.last.as_ref() != Some(&item.native_key));
        }
        let next = match raw.marker {
            Some(marker) => Some(cursor.then(marker)?.after(last)),
            None => next_pass(passes, cursor.pass + 1, &login, region).ok().map(Cursor::start_of),
        };
        Ok(Page { items, next: next.map(|cursor| cursor.to_token()).transpose()? })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let descriptor = kind::descriptor(kind)?;
        let login = self.client.login().await?;
        let scope = self.scope(region, &login);
        let Some(found) = scope.look_up(descriptor, native_key).await? else { return Ok(None) };
        let scope = ScopeClient { account: &found.account, ..scope };
        let items = self.observe(scope, descriptor, found.service, found.items).await?;
        Ok(items.into_iter().find(|item| item.native_key == native_key))
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        actions::validate(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        let login = self.client.login().await.map_err(Error::untouched)?;
        actions::act(&Action { scope: self.scope(region, &login), session: self, step }).await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let login = self.client.login().await?;
        actions::find(&Action { scope: self.scope(region, &login), session: self, step }).await
    }

    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        self.client.upload(region, &target.external_id).await
    }

    fn upload_refused(&self, answer: &Forwarded) -> Error {
        let response = Response::from(answer);
        error::explain_write(&response).unwrap_or_else(|| status_error(&response))
    }

    fn notices(&self) -> Vec<Notice> {
        self.client.http().notices()
    }
}

/// Returns the index of the first pass, from `from` on, whose service the region has.
///
/// # Errors
/// `Unsupported` if there is none.
fn next_pass(passes: &[Pass], from: usize, login: &Login, region: &Region) -> Result<usize> {
    let mut rest = passes.iter().enumerate().skip(from);
    match rest.find(|(_, pass)| login.catalog.has(pass.service, region)) {
        Some((index, _)) => Ok(index),
        None => Err(match login.catalog.address(passes[0].service, region) {
            Err(missing) => missing,
            Ok(_) => Error::internal("no further pass"),
        }),
    }
}

/// Tells whether an item is in that part of its kind: public items are published, all others are an account's own.
fn is_in_scope(item: &Observed, scope: ListScope) -> bool {
    (item.visibility == Visibility::Public) == (scope == ListScope::Published)
}
