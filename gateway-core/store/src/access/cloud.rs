//! Registered clouds.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::CloudId;

use crate::db::schema::clouds;
use crate::db::{Store, corrupt, database};

/// A registered cloud.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Specification that drivers get.
    pub spec: CloudSpec,
    /// Name of the driver.
    pub driver: String,
    /// Time of the registration.
    pub created_at: Timestamp,
}

/// A registration.
#[derive(Clone, Debug)]
pub struct NewCloud {
    /// Name of the driver.
    pub driver: String,
    /// Specification, with the id to use.
    pub spec: CloudSpec,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = clouds)]
struct Row {
    id: Vec<u8>,
    name: String,
    driver: String,
    endpoint: String,
    regions: String,
    allowed_hosts: String,
    options: String,
    allow_plaintext: bool,
    require_date: bool,
    calls_per_second: f64,
    timeout_ms: i64,
    created_at: i64,
}

impl Row {
    fn into_cloud(self) -> Result<Cloud> {
        let json = |_| corrupt("registration of a cloud");
        let spec = CloudSpec {
            id: CloudId::from_bytes(&self.id).ok_or_else(|| corrupt("cloud id"))?,
            name: self.name,
            endpoint: self.endpoint,
            regions: serde_json::from_str(&self.regions).map_err(json)?,
            allowed_hosts: serde_json::from_str(&self.allowed_hosts).map_err(json)?,
            allow_plaintext: self.allow_plaintext,
            require_date: self.require_date,
            calls_per_second: self.calls_per_second,
            timeout: Duration::from_millis(self.timeout_ms.unsigned_abs()),
            options: serde_json::from_str(&self.options).map_err(json)?,
        };
        Ok(Cloud { spec, driver: self.driver, created_at: Timestamp(self.created_at) })
    }
}

impl Store {
    /// Registers a cloud.
    ///
    /// # Errors
    /// `Conflict` if the name is taken.
    pub async fn cloud_add(&self, new: NewCloud) -> Result<()> {
        self.write(move |session| {
            let spec = &new.spec;
            let taken = clouds::table
                .filter(clouds::name.eq(&spec.name))
                .count()
                .get_result::<i64>(session.connection);
            if taken.map_err(database)? > 0 {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("cloud `{}` already exists; choose another name", spec.name),
                ));
            }
            let json = |value: serde_json::Result<String>| value.map_err(Error::internal);
            let row = Row {
                id: spec.id.to_bytes(),
                name: spec.name.clone(),
                driver: new.driver.clone(),
                endpoint: spec.endpoint.clone(),
                regions: json(serde_json::to_string(&spec.regions))?,
                allowed_hosts: json(serde_json::to_string(&spec.allowed_hosts))?,
                options: json(serde_json::to_string(&spec.options))?,
                allow_plaintext: spec.allow_plaintext,
                require_date: spec.require_date,
                calls_per_second: spec.calls_per_second,
                timeout_ms: i64::try_from(spec.timeout.as_millis()).unwrap_or(i64::MAX),
                created_at: session.now()?.0,
            };
            diesel::insert_into(clouds::table).values(row).execute(session.connection).map_err(database)?;
            session.regions_seen(spec.id, &spec.regions)
        })
        .await
    }

    /// Returns every registered cloud, by name.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn cloud_list(&self) -> Result<Vec<Cloud>> {
        self.read(|session| {
            let rows = clouds::table.order(clouds::name).select(Row::as_select()).load(session.connection);
            rows.map_err(database)?.into_iter().map(Row::into_cloud).collect()
        })
        .await
    }

    /// Returns the cloud with a name.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn cloud_by_name(&self, name: &str) -> Result<Option<Cloud>> {
        let name = name.to_owned();
        self.read(move |session| {
            let row = clouds::table
                .filter(clouds::name.eq(&name))
                .select(Row::as_select())
                .first(session.connection);
            row.optional().map_err(database)?.map(Row::into_cloud).transpose()
        })
        .await
    }
}
