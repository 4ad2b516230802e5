//! The clock gate: compares the `Date` of every answer with the middle of its round trip.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::clock::Timestamp;
use gateway_core::driver::{CloudSpec, Notice, SkewWatch};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::CloudId;
use gateway_core::skew::Skew;
use http::HeaderMap;

use crate::retry_after;

/// The clock check of one session, with the notices about its endpoints.
#[derive(Debug)]
pub(crate) struct ClockGate {
    cloud: CloudId,
    require_date: bool,
    watch: Arc<dyn SkewWatch>,
    notices: Mutex<BTreeMap<Arc<str>, Notice>>,
}

impl ClockGate {
    pub(crate) fn new(cloud: &CloudSpec, watch: Arc<dyn SkewWatch>) -> Self {
        Self { cloud: cloud.id, require_date: cloud.require_date, watch, notices: Mutex::default() }
    }

    /// Checks the clock of one answer.
    ///
    /// # Errors
    /// `ClockSkew` beyond the limit; `WrongDocument` without `Date` if the registration requires one.
    pub(crate) fn check(
        &self,
        endpoint: &Arc<str>,
        headers: &HeaderMap,
        sent: Timestamp,
        received: Timestamp,
    ) -> Result<()> {
        let skew = retry_after::date(headers).map(|date| Skew::measure(date, sent, received));
        self.watch.observed(self.cloud, endpoint, skew);
        let verdict = match skew {
            None if self.require_date => Err(Error::new(
                ErrorKind::WrongDocument,
                format!("{endpoint} answers without Date, which the cloud's registration requires"),
            )),
            Some(skew) if skew.is_excessive() => Err(skew.to_error(endpoint)),
            _ => Ok(()),
        };
        let notice = match (&verdict, skew) {
            (Err(error), _) => Some(Notice(error.message().to_owned())),
            (Ok(()), None) => {
                Some(Notice(format!("{endpoint} answers without Date: its clock cannot be checked")))
            }
            (Ok(()), Some(_)) => None,
        };
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            Some(notice) => notices.insert(endpoint.clone(), notice),
            None => notices.remove(endpoint),
        };
        verdict
    }

    /// Returns the notices about the last answers of all endpoints.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
