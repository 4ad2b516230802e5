//! Validation of a command before its operation is accepted: by its form, the store, the driver and the quota.

use gateway_core::Kind;
use gateway_core::document::terms::Term;
use gateway_core::driver::Step;
use gateway_core::id::{OperationId, PrincipalId};
use gateway_core::kind::{Canonical as _, Command, FieldError, Quota, Verb, VerbSpec};
use gateway_core::marker::Marker;
use gateway_sessions::OpenSession;
use gateway_store::{ResourceFilter, ResourceQuery};
use serde_json::{Map, Value};

use super::target::Target;
use crate::app::operation::{AccountScope, named_resources};
use crate::app::visibility::Authority;
use crate::app::{App, Error, Result};

/// Most quotas that are read for one command.
const MOST_QUOTAS: usize = 4;

/// Refuses a body that does not have the documented form.
pub(super) fn expect_form(spec: &VerbSpec, body: &Value) -> Result<Command> {
    Command::read(spec, body.clone()).map_err(|errors| Error::InvalidCommand { errors })
}

/// Refuses a body with a list that is too long, before anything is read for it.
pub(super) fn expect_bounded(spec: &VerbSpec, body: &Value) -> Result<()> {
    let errors = spec.overlong_lists(body);
    if errors.is_empty() { Ok(()) } else { Err(Error::InvalidCommand { errors }) }
}

/// A command that is to be validated.
pub(super) struct Validation<'a> {
    pub(super) app: &'a App,
    pub(super) principal: PrincipalId,
    pub(super) authority: &'a Authority,
    pub(super) kind: Kind,
    pub(super) spec: &'static VerbSpec,
    pub(super) target: &'a Target,
    pub(super) body: &'a Value,
    pub(super) operation: OperationId,
}

impl Validation<'_> {
    /// Refuses a command that has no chance to succeed. Nothing is sent to the cloud but questions.
    pub(super) async fn run(&self) -> Result<()> {
        self.target.expect(self.app, self.kind, self.spec)?;
        let command = expect_form(self.spec, self.body)?;
        let errors = self.errors(&command).await?;
        if errors.is_empty() { Ok(()) } else { Err(Error::InvalidCommand { errors }) }
    }

    async fn errors(&self, command: &Command) -> Result<Vec<FieldError>> {
        let Self { app, kind, spec, target, body, .. } = *self;
        let scope =
            AccountScope::load(&app.store, target.cloud, target.region.clone(), target.account).await?;
        let scope = scope.visible_to(&self.authority.visibility);
        let (named, mut errors) = named_resources(&app.store, &scope, spec, body).await?;
        let known = match &target.resource {
            Some(resource) => scope.known(&app.store, kind, resource.id).await?,
            None => None,
        };
        errors.extend(named.check(command, known.as_ref()));
        if !errors.is_empty() {
            return Ok(errors);
        }
        let opened = app.operations.open(self.principal, target.account, target.cloud).await?;
        let marker = Marker { operation: self.operation, ordinal: 1 };
        let step = Step { kind, verb: spec.verb, command, target: known.as_ref(), named: &named, marker };
        errors = opened.session.validate(&step);
        if errors.is_empty() && spec.verb == Verb::Create {
            errors.extend(self.exceeded_quota(&scope, &opened).await?);
        }
        Ok(errors)
    }

    /// Returns the error of a create that exceeds a quota. The stored quota may be old, so the cloud is asked too.
    async fn exceeded_quota(&self, scope: &AccountScope, opened: &OpenSession) -> Result<Option<FieldError>> {
        let limited = self.kind.spec();
        let count = self.body.get("count").and_then(Value::as_u64).unwrap_or(1);
        let Some(target) = scope.own_target(Quota::KIND) else { return Ok(None) };
        let (field, value) = Quota::filter(limited);
        let query = ResourceQuery {
            targets: vec![target],
            filter: ResourceFilter { terms: vec![Term::field(field, value)], ..ResourceFilter::default() },
            limit: MOST_QUOTAS,
            ..ResourceQuery::default()
        };
        for row in self.app.store.resource_list(query).await?.rows {
            let quota: Map<String, Value> =
                serde_json::from_str(&row.document).map_err(gateway_core::Error::internal)?;
            if Quota::excess(&quota, limited, count).is_some() {
                let current = opened.session.get(&self.target.region, Quota::KIND, &row.native_key);
                // Without an answer the cloud itself refuses what exceeds the quota.
                let current = self.app.operations.ask_now(scope, current).await;
                let current = current.and_then(Result::ok).flatten();
                return Ok(current.and_then(|quota| Quota::excess(&quota.fields, limited, count)));
            }
        }
        Ok(None)
    }
}
