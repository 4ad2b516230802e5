//! The election of the credential that a target is listed with.

use diesel::prelude::*;
use gateway_core::Kind;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, Holder, Scope};

use crate::access::{Access, CredentialRow, SealedCredential};
use crate::db::schema::{credentials, grants};
use crate::db::{Session, database};
use crate::target::Target;

/// Consecutive failures after which published resources are listed with the credential of another account. With fewer, a
/// short outage of the cloud changes the credential; with more, one account that hangs keeps them old for longer.
const FAILURES: i32 = 5;

/// Grants in one query of an election. Most often the first may list the kind; a larger page reads rows in vain.
const CANDIDATES: i64 = 50;

impl Session<'_> {
    /// Elects the credential to list a target with.
    ///
    /// The credential of the last election stays while it may list the target, because absence counts only against
    /// its own listings. Otherwise the most recently verified credential that may list the target is elected, and also
    /// when the listings of published resources fail again and again: a single account may be the cause.
    pub(super) fn elect(
        &mut self,
        target: &Target,
        before: Option<Vec<u8>>,
    ) -> Result<Option<SealedCredential>> {
        let Target { scope, kind, .. } = target;
        let before = match before {
            Some(before) => self.reelect(scope, *kind, before)?,
            None => None,
        };
        let Some(before) = before else { return self.elect_anew(scope, *kind, None) };
        if scope.holder != Holder::Global || target.failures < FAILURES {
            return Ok(Some(before));
        }
        let other = self.elect_anew(scope, *kind, Some(before.account))?;
        Ok(Some(other.unwrap_or(before)))
    }

    /// Elects the most recently verified credential that may list a target, of another account than one.
    fn elect_anew(
        &mut self,
        scope: &Scope,
        kind: Kind,
        except: Option<AccountId>,
    ) -> Result<Option<SealedCredential>> {
        for page in 0.. {
            let mut query = grants::table
                .inner_join(credentials::table.on(credentials::id.eq(grants::credential_id)))
                .order((grants::refusals, grants::verified_at.desc()))
                .limit(CANDIDATES)
                .offset(page * CANDIDATES)
                .select((CredentialRow::as_select(), grants::access))
                .into_boxed();
            query = match scope.holder {
                Holder::Account(account) => query.filter(grants::account_id.eq(account.to_bytes())),
                Holder::Global => query.filter(grants::cloud_id.eq(scope.cloud.to_bytes())),
            };
            if let Some(except) = except {
                query = query.filter(grants::account_id.ne(except.to_bytes()));
            }
            let found = query.load(self.connection).map_err(database)?;
            let last = (found.len() as i64) < CANDIDATES;
            let able = first_able(found, scope, kind)?;
            if last || able.is_some() {
                return Ok(able);
            }
        }
        Ok(None)
    }

    /// Returns a credential if its grant lives and it may list the target.
    fn reelect(
        &mut self,
        scope: &Scope,
        kind: Kind,
        credential: Vec<u8>,
    ) -> Result<Option<SealedCredential>> {
        let found = credentials::table
            .inner_join(
                grants::table.on(grants::principal_id
                    .eq(credentials::principal_id)
                    .and(grants::account_id.eq(credentials::account_id))
                    .and(grants::credential_id.eq(credentials::id))),
            )
            .filter(credentials::id.eq(credential))
            .select((CredentialRow::as_select(), grants::access))
            .load(self.connection);
        first_able(found.map_err(database)?, scope, kind)
    }
}

fn first_able(
    found: Vec<(CredentialRow, String)>,
    scope: &Scope,
    kind: Kind,
) -> Result<Option<SealedCredential>> {
    for (row, access) in found {
        if Access::parse(&access)?.allows(&scope.region, kind) {
            return row.into_credential().map(Some);
        }
    }
    Ok(None)
}
