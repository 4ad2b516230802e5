//! Grants whose verification is due.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::CloudId;
use gateway_core::shares::Endpoint;

use crate::db::schema::{clouds, grants};
use crate::db::{Session, corrupt, database};
use crate::due::{DueWork, Holders, Part};

/// The grants whose verification is due. Their endpoints are the identity services of the clouds.
pub(super) struct DueGrants;

/// A grant: principal, account, cloud, refusals.
pub(super) type GrantRow = (Vec<u8>, Vec<u8>, Vec<u8>, i32);

impl DueWork for DueGrants {
    type Row = GrantRow;

    fn first_by_endpoint(session: &mut Session<'_>) -> Result<Vec<(Endpoint, i64)>> {
        let first = grants::table
            .filter(grants::cloud_id.eq(clouds::id))
            .order(grants::verify_at)
            .select(grants::verify_at);
        let rows = clouds::table
            .select((clouds::id, first.single_value()))
            .load::<(Vec<u8>, Option<i64>)>(session.connection)
            .map_err(database)?;
        let endpoint = |(cloud, first): (Vec<u8>, Option<i64>)| {
            let first = first?;
            let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"));
            Some(cloud.map(|cloud| (Endpoint::of_identity(cloud), first)))
        };
        rows.into_iter().filter_map(endpoint).collect()
    }

    fn due_before(
        session: &mut Session<'_>,
        time: i64,
        limit: usize,
        part: Option<Part<'_>>,
    ) -> Result<Vec<(i64, GrantRow)>> {
        let row = (grants::principal_id, grants::account_id, grants::cloud_id, grants::refusals);
        let mut query = grants::table
            .filter(grants::verify_at.lt(time))
            .order(grants::verify_at)
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((grants::verify_at, row))
            .into_boxed();
        if let Some(part) = part {
            query = query.filter(grants::cloud_id.eq(part.endpoint.cloud.to_bytes()));
            query = match part.holders {
                Holders::Only(holder) => query.filter(grants::account_id.eq(holder)),
                Holders::AllBut(holders) => query.filter(grants::account_id.ne_all(holders)),
            };
        }
        query.load(session.connection).map_err(database)
    }
}
