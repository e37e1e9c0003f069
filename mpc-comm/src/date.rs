//! A moment, for messages about certificates.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in UTC, to the second.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Date(pub i64);

impl Date {
    /// What this machine's clock says.
    pub fn now() -> Date {
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Date(i64::try_from(since(SystemTime::now())).unwrap_or(i64::MAX))
    }

    /// Whole days from here to `later`; negative when it is earlier.
    pub fn days_to(self, later: Date) -> i64 {
        later.0.saturating_sub(self.0).div_euclid(24 * 3600)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match time::OffsetDateTime::from_unix_timestamp(self.0) {
            Ok(at) => {
                let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
                write!(f, "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", at.hour(), at.minute(), at.second())
            }
            Err(_) => write!(f, "{} s after 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_people_read_it() {
        assert_eq!(Date(1_000_000_000).to_string(), "2001-09-09 01:46:40 UTC");
        assert_eq!(Date(i64::MAX).to_string(), format!("{} s after 1970", i64::MAX));
        assert_eq!((Date(0).days_to(Date(86_400)), Date(0).days_to(Date(-1))), (1, -1));
        assert!(Date::now() > Date(1_700_000_000));
    }
}
