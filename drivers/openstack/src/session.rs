//! The session: the port's five questions, put to the services.

use std::sync::Arc;

use async_trait::async_trait;
use driver_kit::CloudHttp;
use gateway_core::credential::Credential;
use gateway_core::driver::{CloudSpec, Link, ListScope, Notice, Page, PageToken, Proof, Session};
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::kind::Kind;
use gateway_core::observation::{Observed, Visibility};
use gateway_core::scope::Region;
use serde_json::Value;

use crate::auth;
use crate::config::{self, Config};
use crate::connection::Connection;
use crate::flavor_ids::{self, FlavorIds};
use crate::paging::{self, Place};
use crate::resources::{self, Resource};
use crate::wire::View;

/// One credential at one OpenStack.
pub(crate) struct OpenStackSession {
    connection: Connection,
    flavor_ids: FlavorIds,
}

impl OpenStackSession {
    pub(crate) fn new(cloud: Arc<CloudSpec>, credential: Credential, link: Link) -> Result<Self> {
        auth::request_body(&credential)?;
        let config = Config::read(&cloud)?;
        let keystone = config::keystone(&cloud.endpoint)?;
        let http = CloudHttp::new(cloud, link)?;
        let connection = Connection::new(http, keystone, config, credential);
        Ok(Self { connection, flavor_ids: FlavorIds::default() })
    }

    async fn map(&self, region: &Region, resource: &Resource, items: Vec<Value>) -> Result<Vec<Observed>> {
        let wanted = flavor_ids::embedded_names(&items);
        let flavor_ids = self.flavor_ids.with(&self.connection, region, &wanted).await?;
        let view = View { cloud: self.connection.http().cloud(), region, flavor_ids: &flavor_ids };
        items.into_iter().map(|item| (resource.map)(&view, item)).collect()
    }
}

#[async_trait]
impl Session for OpenStackSession {
    async fn prove(&self) -> Result<Proof> {
        let login = self.connection.login_afresh().await?;
        let regions = login.catalog.regions();
        if regions.is_empty() {
            let message = "Keystone's catalog has no compute, image or block-storage service in the regions \
                           of the cloud's registration";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(Proof { external_id: login.project_id.clone(), name: login.project_name.clone(), regions })
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        let resource = resources::of(kind)?;
        let query = [("limit", "1")];
        let response = self.connection.read(region, resource.service, resource.list, &query).await;
        let response = response.map_err(|error| no_listing(error, resource, &Place::start()))?;
        paging::read(&response, resource.plural, 1, &Place::start()).map(drop)
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
        let place = Place::from_token(page)?;
        let filter = passes.get(place.pass).ok_or_else(|| Error::invalid("not a page of this listing"))?;
        let limit = self.connection.config().page_size;
        let size = limit.to_string();
        let mut query = vec![("limit", size.as_str())];
        query.extend_from_slice(filter);
        query.extend(place.marker.as_deref().map(|marker| ("marker", marker)));

        let response = self.connection.read(region, resource.service, resource.list, &query).await;
        let response = response.map_err(|error| no_listing(error, resource, &place))?;
        let raw = paging::read(&response, resource.plural, limit, &place)?;
        let mut items = self.map(region, resource, raw.items).await?;
        items.retain(|item| belongs(item, scope));
        let next = match raw.marker {
            Some(marker) => Some(place.then(marker)?),
            None => (place.pass + 1 < passes.len()).then(|| place.next_pass()),
        };
        Ok(Page { items, next: next.map(|place| place.to_token()).transpose()? })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let resource = resources::of(kind)?;
        // These would be taken for steps in the path; no id of OpenStack looks like that.
        if matches!(native_key, "" | "." | "..") || native_key.contains('/') {
            return Ok(None);
        }
        let path = [resource.plural, native_key];
        let response = match self.connection.read(region, resource.service, &path, &[]).await {
            Ok(response) => response,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut document: Value = response.json()?;
        let mut item = match resource.single {
            Some(key) => document.get_mut(key).map(Value::take).unwrap_or_default(),
            None => document,
        };
        if item["id"] != native_key {
            let message = format!("{} answered another thing than {kind} {native_key}", response.endpoint);
            return Err(Error::new(ErrorKind::WrongDocument, message));
        }
        if let Value::Object(fields) = &mut item {
            fields.retain(|name, _| !resource.only_in_single.contains(&name.as_str()));
        }
        Ok(self.map(region, resource, vec![item]).await?.pop())
    }

    fn notices(&self) -> Vec<Notice> {
        self.connection.http().notices()
    }
}

/// Whether an item is of the asked part of its kind: the public is published, all else is somebody's own.
fn belongs(item: &Observed, scope: ListScope) -> bool {
    (item.visibility == Visibility::Public) == (scope == ListScope::Published)
}

/// A listing that does not exist is no statement about its items, nor is a place in it that has gone.
fn no_listing(error: Error, resource: &Resource, place: &Place) -> Error {
    let message = match (error.kind(), &place.marker) {
        (ErrorKind::Invalid | ErrorKind::NotFound, Some(_)) => {
            format!("the place in the listing of {} has gone: {error}", resource.plural)
        }
        (ErrorKind::NotFound, None) => {
            let message = format!("no listing of {}: {error}", resource.kind().spec().plural);
            return Error::new(ErrorKind::WrongDocument, message).with_source(error);
        }
        _ => return error,
    };
    Error::unavailable(message).with_status(Status::Persistent).with_source(error)
}
