//! The session: the port's questions and orders, put to the services.

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

use crate::act::{self, Act};
use crate::auth;
use crate::catalog::Service;
use crate::config::{self, Config};
use crate::connection::{Connection, Login};
use crate::flavor_ids::{self, FlavorIds};
use crate::listing::Asker;
use crate::paging::Place;
use crate::refusal;
use crate::resources::{self, Pass, Resource};
use crate::router_ports;
use crate::wire::{View, belongs_to};

/// One credential at one OpenStack.
pub(crate) struct OpenStackSession {
    connection: Connection,
    flavor_ids: FlavorIds,
}

impl OpenStackSession {
    pub(crate) fn new(cloud: Arc<CloudSpec>, credential: Credential, link: SessionContext) -> Result<Self> {
        auth::request_body(&credential)?;
        let config = Config::read(&cloud)?;
        let keystone = config::keystone(&cloud.endpoint)?;
        let http = CloudHttp::new(cloud, link)?;
        let connection = Connection::new(http, keystone, config, credential);
        Ok(Self { connection, flavor_ids: FlavorIds::default() })
    }

    /// Maps the documents that are of the kind, each with what other listings tell of it.
    async fn map(
        &self,
        asker: Asker<'_>,
        resource: &Resource,
        service: Service,
        mut items: Vec<Value>,
    ) -> Result<Vec<Observed>> {
        items.retain(resource.is_one);
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|name, _| !resource.left_out.contains(&name.as_str()));
        }
        let flavor_ids = self.flavor_ids.with(asker, &flavor_ids::wanted(resource.kind, &items)).await?;
        let router_ports = router_ports::of(asker, resource.kind, &items).await?;
        let Asker { region, account, .. } = asker;
        let cloud = self.connection.http().cloud();
        let view =
            View { cloud, region, account, service, flavor_ids: &flavor_ids, router_ports: &router_ports };
        items.into_iter().map(|item| (resource.map)(&view, item)).collect()
    }
}

#[async_trait]
impl Session for OpenStackSession {
    async fn prove(&self) -> Result<Proof> {
        let login = self.connection.login_afresh().await?;
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
        let resource = resources::of(kind)?;
        let login = self.connection.login().await?;
        let asker = Asker { connection: &self.connection, region, account: &login.account };
        let passes = resource.any_passes();
        first_there(passes, 0, &login, region)?;
        let mut asked = BTreeSet::new();
        for pass in passes.iter().filter(|pass| login.catalog.has(pass.service, region)) {
            // The further passes at the same service ask for the same with other words.
            if asked.insert(pass.service) {
                asker.page(pass, &Place::start(), 1).await?;
            }
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
        let resource = resources::of(kind)?;
        let passes = resource.passes(scope)?;
        let login = self.connection.login().await?;
        let asker = Asker { connection: &self.connection, region, account: &login.account };
        let place = match page {
            Some(_) => Place::from_token(page)?,
            None => Place::start_of(first_there(passes, 0, &login, region)?),
        };
        let pass = passes.get(place.pass).ok_or_else(|| Error::invalid("not a page of this listing"))?;
        let mut raw = asker.page(pass, &place, self.connection.config().page_size).await?;
        raw.items.retain(|item| !(pass.others_only && belongs_to(item, &login.account)));
        let mut items = self.map(asker, resource, pass.service, raw.items).await?;
        items.retain(|item| belongs(item, scope));
        let mut last = None;
        if resource.has_twins {
            last = items.last().map(|item| item.native_key.clone()).or_else(|| place.last.clone());
            items.dedup_by(|next, before| next.native_key == before.native_key);
            items.retain(|item| place.last.as_ref() != Some(&item.native_key));
        }
        let next = match raw.marker {
            Some(marker) => Some(place.then(marker)?.after(last)),
            None => first_there(passes, place.pass + 1, &login, region).ok().map(Place::start_of),
        };
        Ok(Page { items, next: next.map(|place| place.to_token()).transpose()? })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let resource = resources::of(kind)?;
        let login = self.connection.login().await?;
        let asker = Asker { connection: &self.connection, region, account: &login.account };
        let Some(found) = asker.look_up(resource, native_key).await? else { return Ok(None) };
        let asker = Asker { account: &found.account, ..asker };
        let items = self.map(asker, resource, found.service, found.items).await?;
        Ok(items.into_iter().find(|item| item.native_key == native_key))
    }

    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        act::faults(step)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        let login = self.connection.login().await.map_err(Error::untouched)?;
        let account = &login.account;
        act::act(&Act { asker: Asker { connection: &self.connection, region, account }, step }).await
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let login = self.connection.login().await?;
        let account = &login.account;
        let act = Act { asker: Asker { connection: &self.connection, region, account }, step };
        act::find(&act, self).await
    }

    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        self.connection.forward(region, &target.external_id).await
    }

    fn upload_refused(&self, answer: &Forwarded) -> Error {
        let response = Response::from(answer);
        refusal::explain(&response).unwrap_or_else(|| status_error(&response))
    }

    fn notices(&self) -> Vec<Notice> {
        self.connection.http().notices()
    }
}

/// The first pass, from one on, whose service the region has.
///
/// # Errors
/// Unsupported when there is none.
fn first_there(passes: &[Pass], from: usize, login: &Login, region: &Region) -> Result<usize> {
    let mut rest = passes.iter().enumerate().skip(from);
    match rest.find(|(_, pass)| login.catalog.has(pass.service, region)) {
        Some((index, _)) => Ok(index),
        None => Err(match login.catalog.address(passes[0].service, region) {
            Err(missing) => missing,
            Ok(_) => Error::internal("no further pass"),
        }),
    }
}

/// Whether an item is of the asked part of its kind: the public is published, all else is somebody's own.
fn belongs(item: &Observed, scope: ListScope) -> bool {
    (item.visibility == Visibility::Public) == (scope == ListScope::Published)
}
