//! Uploads of the content of empty images, which is counted and not stored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use gateway_core::Kind;

use crate::cloud::http::accepted::accepted;
use crate::cloud::http::account::Account;
use crate::cloud::http::shared::Cloud;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::Body as RecordBody;
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

/// An image during its upload. Dropped before the end, it becomes empty again.
struct Upload {
    cloud: Arc<Cloud>,
    table: TableKey,
    number: u64,
}

pub(crate) async fn fill(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
    content: Body,
) -> Result<Response, Refusal> {
    let table = cloud.table(&region, &collection, Owner::Account(account.0))?;
    if table.kind != Kind::Image {
        return Err(Refusal::invalid("only images have content"));
    }
    let number = table.kind.number(&id).ok_or_else(Refusal::no_resource)?;
    let upload = Upload::begin(&cloud, table, number)?;
    let mut content = content.into_data_stream();
    let mut bytes = 0;
    while let Some(chunk) = content.next().await {
        bytes += chunk.map_err(|_| Refusal::invalid("the content is incomplete"))?.len() as u64;
    }
    upload.finish(bytes)
}

impl Upload {
    fn begin(cloud: &Arc<Cloud>, table: TableKey, number: u64) -> Result<Self, Refusal> {
        cloud.with_tables(|tables, now| {
            let record = tables.records(table).get(number).ok_or_else(Refusal::no_resource)?;
            if record.status != Status::Empty {
                return Err(Refusal::wrong_status(record.status));
            }
            tables.change(table, number, Status::Filling, now);
            Ok(())
        })?;
        Ok(Self { cloud: Arc::clone(cloud), table, number })
    }

    fn finish(self, bytes: u64) -> Result<Response, Refusal> {
        self.cloud.with_tables(|tables, now| {
            let record =
                tables.records_mut(self.table).get_mut(self.number).ok_or_else(Refusal::no_resource)?;
            if let RecordBody::Image(image) = &mut record.body {
                image.bytes = bytes;
            }
            tables.change(self.table, self.number, Status::Ready, now);
            Ok(accepted(&self.cloud, tables, self.table, self.number))
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.cloud.with_tables(|tables, now| {
            let status = tables.records(self.table).get(self.number).map(|record| record.status);
            if status == Some(Status::Filling) {
                tables.change(self.table, self.number, Status::Empty, now);
            }
        });
    }
}
