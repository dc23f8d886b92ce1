//! The dates of tables: two spellings, midnights, and instants that are more than a date.

use nigh_store::Date;

/// Nanoseconds.
const DAY: i128 = 86_400_000_000_000;

/// Reads `YYYY-MM-DD` or `YYYY/MM/DD`, alone or followed by a midnight such as `T00:00:00Z`.
pub(super) fn parse(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    let date = match day.as_bytes()[4] {
        b'-' => Date::parse(day),
        b'/' if !day.contains('-') => Date::parse(&day.replace('/', "-")),
        _ => None,
    };
    date.filter(|_| is_midnight(rest.as_bytes()))
}

/// The date, if the instant is its midnight.
pub(super) fn midnight(nanoseconds: i128) -> Option<Date> {
    let days = i32::try_from(nanoseconds / DAY).ok().map(Date);
    days.filter(|_| nanoseconds % DAY == 0)
}

/// ISO 8601 with as many decimals of a second as are needed, from nanoseconds since 1970.
pub(super) fn format_instant(nanoseconds: i128, utc: bool) -> String {
    let days = i32::try_from(nanoseconds.div_euclid(DAY)).unwrap_or(i32::MAX);
    let rest = nanoseconds.rem_euclid(DAY);
    let (seconds, fraction) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{}T{hour:02}:{minute:02}:{second:02}", Date(days));
    if fraction != 0 {
        text.push_str(format!(".{fraction:09}").trim_end_matches('0'));
    }
    if utc {
        text.push('Z');
    }
    text
}

fn is_midnight(rest: &[u8]) -> bool {
    let Some((b'T' | b' ', time)) = rest.split_first() else {
        return rest.is_empty();
    };
    let Some(tail) = time.strip_prefix(b"00:00") else {
        return false;
    };
    let tail = tail.strip_prefix(b":00").unwrap_or(tail);
    let zeros = match tail.strip_prefix(b".") {
        Some(fraction) => fraction.iter().take_while(|&&byte| byte == b'0').count() + 1,
        None => 0,
    };
    matches!(&tail[zeros..], b"" | b"Z" | b"+00:00" | b"+0000" | b" UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_or_left_alone() {
        let table = [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-03-01", Some(11_017)),
            ("2024/02/29", Some(19_782)),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("2024-1-1", None),
            ("2024-01/01", None),
            ("2024-01-01T00:00:00", Some(19_723)),
            ("2024-01-01 00:00:00.000Z", Some(19_723)),
            ("2024-01-01T00:00:00+00:00", Some(19_723)),
            ("2024-01-01T00:00:01", None),
            ("2024-01-01x", None),
            ("", None),
            ("äöüäöüä", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected.map(Date), "{text}");
        }
    }

    #[test]
    fn instants_show_what_they_hold() {
        assert_eq!(format_instant(0, true), "1970-01-01T00:00:00Z");
        assert_eq!(format_instant(-1, false), "1969-12-31T23:59:59.999999999");
        assert_eq!(
            format_instant(1_500_000_000, false),
            "1970-01-01T00:00:01.5"
        );
    }
}
