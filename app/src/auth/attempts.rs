//! Delays a login after several wrong passwords. An unknown login is delayed in the same way, so that the delay does not reveal which logins exist.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{login_failure, user};

use base::error::{Error, ErrorCode, Result};
use store::{Tx, accounts};

/// Number of wrong passwords after which the login is delayed for the first time. Each further wrong password also delays the login.
const FIRST_DELAYING: i32 = 5;
/// Maximum delay of a login in seconds. With a longer delay, the owner of an attacked login could not log in.
const MAX_WAIT_SECONDS: i64 = 30;
/// Wrong passwords are forgotten this long after the last one. Without this limit, every counter of unknown logins would eventually reach the maximum
/// delay.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);

/// Wrong passwords since the last successful login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    count: i32,
    last_at: Option<DateTime<Utc>>,
}

impl Failures {
    pub(super) fn of_user(user: &user::Model) -> Self {
        Self { count: user.failed_logins, last_at: user.last_failed_at }
    }

    pub(super) fn of_nobody(row: Option<&login_failure::Model>) -> Self {
        row.map_or_else(Self::default, |row| Self { count: row.failures, last_at: Some(row.last_failed_at) })
    }

    /// Fails while the login is delayed.
    pub(super) fn check_wait(self, now: DateTime<Utc>) -> Result<()> {
        let Some(wait) = self.wait_seconds(now) else { return Ok(()) };
        Err(Error::user(
            ErrorCode::TryLater,
            base::message!("Too many wrong passwords. Try again in {wait} seconds.", wait),
        ))
    }

    fn remembered(self, now: DateTime<Utc>) -> i32 {
        if self.last_at.is_some_and(|last| now - last < FORGOTTEN_AFTER) { self.count } else { 0 }
    }

    /// Remaining delay in seconds, if any. The delay starts at one second and doubles with each wrong password, up to [`MAX_WAIT_SECONDS`].
    fn wait_seconds(self, now: DateTime<Utc>) -> Option<i64> {
        let over = self.remembered(now) - FIRST_DELAYING;
        let last = self.last_at.filter(|_| over >= 0)?;
        let wait = (1_i64 << over.min(10)).clamp(1, MAX_WAIT_SECONDS);
        let left = wait - (now - last).num_seconds();
        (left > 0).then_some(left)
    }

    fn one_more(self, now: DateTime<Utc>) -> i32 {
        self.remembered(now).saturating_add(1)
    }
}

/// Identifies a counter of wrong passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// An existing user's counter.
    User(uuid::Uuid),
    /// The counter of the bucket to which an unknown login belongs.
    Nobody(i64),
}

/// Counts a wrong password. Concurrent wrong passwords are counted one after another. Fails with `TRY_LATER` while earlier wrong passwords delay the
/// login.
pub(super) async fn note(tx: Tx, whose: Whose, now: DateTime<Utc>) -> Result<()> {
    match whose {
        Whose::User(id) => {
            let Some(user) = accounts::lock_user(tx.conn(), id).await? else { return Ok(()) };
            Failures::of_user(&user).check_wait(now)?;
            count(&tx, user, now).await?;
        }
        Whose::Nobody(bucket) => {
            let row = accounts::lock_login_failure(tx.conn(), bucket, now).await?;
            let failures = Failures::of_nobody(Some(&row));
            failures.check_wait(now)?;
            let row = login_failure::Model { bucket, failures: failures.one_more(now), last_failed_at: now };
            accounts::update_login_failure(tx.conn(), row).await?;
        }
    }
    Ok(())
}

/// Counts a wrong password or a wrong code of a user. The caller must have locked the row in this transaction, and must have checked that no delay is
/// in effect.
pub(super) async fn count(tx: &Tx, user: user::Model, now: DateTime<Utc>) -> Result<()> {
    let failed_logins = Failures::of_user(&user).one_more(now);
    let failed = user::Model { failed_logins, last_failed_at: Some(now), ..user };
    accounts::update_user(tx.conn(), failed).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_failures_are_forgotten() {
        let now = Utc::now();
        let failures = |count, ago| Failures { count, last_at: Some(now - TimeDelta::seconds(ago)) };
        assert_eq!(failures(4, 0).wait_seconds(now), None);
        assert_eq!(failures(5, 0).wait_seconds(now), Some(1));
        assert_eq!(failures(8, 2).wait_seconds(now), Some(6));
        assert_eq!(failures(i32::MAX, 0).wait_seconds(now), Some(30));
        assert_eq!(failures(i32::MAX, 0).one_more(now), i32::MAX);
        assert_eq!(failures(1000, 3600).wait_seconds(now), None);
        assert_eq!(failures(1000, 3600).one_more(now), 1);
        assert_eq!(Failures::of_nobody(None).wait_seconds(now), None);
    }
}
