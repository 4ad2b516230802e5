//! One key at one cloud.

use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::driver::{CloudSpec, ListScope, Notice, Page, PageToken, Proof, Session};
use gateway_core::kind::Canonical as _;
use gateway_core::kinds::{Instance, InstanceType, Volume};
use gateway_core::observation::Observed;
use gateway_core::scope::Region;
use gateway_core::{ErrorKind, Kind, Result};

use crate::account::Account;
use crate::api::Api;
use crate::kinds::{Origin, image, instance, instance_type, volume};
use crate::listing::{Description, Part, Position, parts};
use crate::options::Options;
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

    /// Maps the items of an answer's list; those that `part` shows but does not mean are left out.
    async fn observe(
        &self,
        region: &Region,
        description: &Description,
        part: Part,
        answer: &Element,
    ) -> Result<Vec<Observed>> {
        let set =
            answer.child(description.set).ok_or_else(|| odd("no list").with("list", description.set))?;
        if set.children.iter().any(|child| child.name != "item") {
            return Err(odd("a list with something else than items").with("list", description.set));
        }
        let items = &set.children;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        if description.kind == InstanceType::KIND {
            return items.iter().map(instance_type::observe).collect();
        }
        let account = self.account.number(&self.api).await?;
        let origin = Origin { cloud: &self.cloud, region, account };
        match description.kind {
            Instance::KIND => self.instances(items, origin).await,
            Volume::KIND => items.iter().map(|item| volume::observe(item, origin)).collect(),
            _ => images(items, part, origin),
        }
    }

    async fn instances(&self, reservations: &[Element], origin: Origin<'_>) -> Result<Vec<Observed>> {
        let reserved: Vec<_> = reservations.iter().flat_map(instance::in_reservation).collect();
        let names =
            reserved.iter().map(|one| one.type_name().map(ToOwned::to_owned)).collect::<Result<_>>()?;
        let sizes = self.sizes.of(&self.api, origin.region.as_str(), names).await?;
        reserved
            .into_iter()
            .map(|one| instance::observe(one, sizes.get(one.type_name()?).copied(), origin))
            .collect()
    }
}

fn images(items: &[Element], part: Part, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let mut seen = Vec::with_capacity(items.len());
    for item in items {
        let is_public = image::is_public(item)?;
        let is_meant = match part {
            Part::All | Part::Owned => true,
            // Own ones came with the part before, public ones are not shared individually.
            Part::Shared => !is_public && !image::is_own(item, origin),
            Part::Public => is_public,
        };
        if is_meant {
            seen.push(image::observe(item, origin)?);
        }
    }
    Ok(seen)
}

#[async_trait]
impl Session for Ec2Session {
    async fn prove(&self) -> Result<Proof> {
        self.account.prove(&self.api, &self.cloud).await
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        let form = Description::of(kind)?.probe(&self.options);
        self.api.ec2(region.as_str(), form).await.map(drop)
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        let description = Description::of(kind)?;
        let parts = parts(kind, scope, &self.options);
        let position = match (page, parts.first()) {
            (Some(page), _) => Position::read(page, parts)?,
            (None, Some(first)) => Position { part: *first, token: None },
            (None, None) => return Ok(Page::default()),
        };
        let answer = self.api.ec2(region.as_str(), description.page(&position, &self.options)).await?;
        let items = self.observe(region, description, position.part, &answer).await?;
        let next = position.after(answer.text_at(&["nextToken"]), parts);
        // Following it would go round for ever.
        if next.as_ref() == Some(&position) {
            return Err(odd("the same page token again"));
        }
        Ok(Page { items, next: next.map(|next| next.to_token()) })
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let description = Description::of(kind)?;
        let answer = match self.api.ec2(region.as_str(), description.single(native_key)).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let seen = self.observe(region, description, Part::All, &answer).await?;
        if seen.iter().any(|one| one.native_key != native_key) {
            return Err(odd("another resource than the one asked for"));
        }
        Ok(seen.into_iter().next())
    }

    fn notices(&self) -> Vec<Notice> {
        self.api.notices()
    }
}
