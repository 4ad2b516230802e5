//! The time limits of the work under way, for the calls that it makes to the database.
//!
//! A handler sets them for each request, by its work class. Work without a request, such as a poll, has [`TimeLimit::WORK`].

use std::time::Duration;

use tokio::time::Instant;

/// The time limits of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    /// The longest time of one statement in the database; zero is no limit.
    pub statement: Duration,
    /// The time after which nobody waits for the work.
    pub deadline: Option<Instant>,
}

tokio::task_local! {
    static CURRENT: TimeLimit;
}

impl TimeLimit {
    /// The limits of work without a request. A longer limit tolerates larger batches on a slower database; a shorter one
    /// ends a statement that blocks others sooner.
    pub const WORK: Self = Self { statement: Duration::from_secs(30), deadline: None };

    /// No limits, for a change of the schema.
    pub const NONE: Self = Self { statement: Duration::ZERO, deadline: None };

    /// Returns the limits of the current task, as [`within`] set them. A task that it spawns has [`TimeLimit::WORK`].
    pub fn current() -> Self {
        CURRENT.try_with(|limit| *limit).unwrap_or(Self::WORK)
    }

    /// Returns the time until the deadline; `None` without one.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Runs work under limits.
pub async fn within<T>(limit: TimeLimit, work: impl Future<Output = T>) -> T {
    CURRENT.scope(limit, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn limits_cover_the_task_alone() {
        let limit = TimeLimit { statement: Duration::from_secs(5), deadline: Some(Instant::now()) };
        within(limit, async {
            assert_eq!(TimeLimit::current(), limit);
            assert_eq!(TimeLimit::current().left(), Some(Duration::ZERO));
            assert_eq!(tokio::spawn(async { TimeLimit::current() }).await.unwrap(), TimeLimit::WORK);
        })
        .await;
        assert_eq!(TimeLimit::current(), TimeLimit::WORK);
    }
}
