//! Dates and moments by RFC 3339, as seconds since 1970.

use nigh_store::Date;

/// Reads `YYYY-MM-DD`, alone or followed by `T` or a blank, a time to the minute or finer, and a zone (UTC where there is
/// none). Fractions of a second are cut off.
pub(super) fn parse(cell: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(cell).ok()?;
    let (day, rest) = text.split_at_checked(10)?;
    let midnight = i64::from(Date::parse(day)?.0) * 86_400;
    let Some(clock) = rest.strip_prefix(['T', 't', ' ']) else {
        return rest.is_empty().then_some(midnight);
    };
    let (clock, zone) = split_zone(clock)?;
    Some(midnight + seconds(clock)? - zone)
}

/// The time of day, and how many seconds its zone is ahead of UTC.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, zone) = text.split_at(at);
    let ahead = seconds(&zone[1..])?;
    let ahead = if zone.starts_with('-') { -ahead } else { ahead };
    Some((clock, ahead))
}

fn seconds(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = match parts.next() {
        Some(second) => {
            let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
            let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
            two_digits(whole).filter(|_| digits)?
        }
        None => 0,
    };
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    valid.then_some(hour * 3600 + minute * 60 + second)
}

fn two_digits(text: &str) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_are_read_or_left_alone() {
        let table = [
            ("1970-01-01", Some(0)),
            ("2000-03-01", Some(951_868_800)),
            ("2000-03-01T00:00:01Z", Some(951_868_801)),
            ("2000-03-01 01:00:00.75+01:00", Some(951_868_800)),
            ("2000-02-29T19:30-04:30", Some(951_868_800)),
            ("1969-12-31", Some(-86_400)),
            ("2000-03-01T", None),
            ("2000-03-01T24:00", None),
            ("2000-03-01T1:00", None),
            ("2000-03-01T10:00:00.x", None),
            ("2000-13-01", None),
            ("yesterday", None),
            ("äöüäöüä", None),
        ];
        for (text, expected) in table {
            assert_eq!(super::parse(text.as_bytes()), expected, "{text}");
        }
    }
}
