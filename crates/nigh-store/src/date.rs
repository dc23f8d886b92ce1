//! Calendar dates as day counts, and instants for headers and locks.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A day of the proleptic Gregorian calendar, as days since 1970-01-01.
///
/// ```
/// use nigh_store::Date;
/// let date = Date::parse("2012-02-29").unwrap();
/// assert_eq!(date.to_string(), "2012-02-29");
/// assert_eq!(Date::parse("2013-02-29"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(pub i32);

impl Date {
    /// Reads `YYYY-MM-DD`, with years 0000 to 9999. Anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (
            digits(&bytes[..4])?,
            digits(&bytes[5..7])?,
            digits(&bytes[8..])?,
        );
        let date = Self::from_civil(year, month, day);
        // A day that does not exist comes back as another one.
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// The day in UTC of an instant; one before 1970 counts as 1970-01-01.
    #[must_use]
    pub fn of(instant: SystemTime) -> Self {
        let seconds = instant
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| age.as_secs());
        Self(i32::try_from(seconds / DAY_SECONDS).unwrap_or(i32::MAX))
    }

    /// The date of a year, month (1 to 12) and day (1 to 31). Days past the month's end run over.
    ///
    /// The day count is the era method of Howard Hinnant, "chrono-compatible low-level date
    /// algorithms": years start in March, so that the leap day is the last of its year.
    #[must_use]
    pub fn from_civil(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month (1 to 12) and day (1 to 31).
    #[must_use]
    pub fn civil(self) -> (i32, i32, i32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        (year as i32, month as i32, day as i32)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

const DAY_SECONDS: u64 = 86_400;

/// The present instant as RFC 3339 in UTC, to the second.
pub(crate) fn now_rfc3339() -> String {
    let now = SystemTime::now();
    let seconds = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_secs());
    let (date, rest) = (Date::of(now), seconds % DAY_SECONDS);
    format!(
        "{date}T{:02}:{:02}:{:02}Z",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

fn digits(bytes: &[u8]) -> Option<i32> {
    bytes.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i32::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        let rows = [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("2012-12-31", Some(15_705)),
            ("0000-03-01", Some(-719_468)),
            ("9999-12-31", Some(2_932_896)),
            ("1900-02-29", None),
            ("2012-13-01", None),
            ("2012-00-10", None),
            ("2012-01-00", None),
            ("2012-1-1", None),
            ("2012/01/01", None),
            ("+201-01-01", None),
            ("", None),
        ];
        let wrong: Vec<_> = rows
            .iter()
            .filter(|(text, days)| Date::parse(text).map(|d| d.0) != *days)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for days in -150_000..150_000 {
            let date = Date(days);
            let (y, m, d) = date.civil();
            assert_eq!(Date::from_civil(y, m, d), date);
            if y >= 0 {
                assert_eq!(Date::parse(&date.to_string()), Some(date), "{date}");
            }
        }
    }
}
