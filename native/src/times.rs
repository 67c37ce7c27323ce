//! Times as we write them: `2026-11-21T06:24:28.566Z`.

use crate::out::Out;

pub const LENGTH: usize = 24;

/// Microseconds since the epoch; None for any other form, and for times that do not exist.
pub fn epoch_us(text: &[u8]) -> Option<i64> {
    const FORM: &[u8; LENGTH] = b"0000-00-00T00:00:00.000Z";
    let fits = |(sign, form): (&u8, &u8)| sign == form || (*form == b'0' && sign.is_ascii_digit());
    if text.len() != LENGTH || !text.iter().zip(FORM).all(fits) {
        return None;
    }
    let two = |at: usize| i64::from(text[at] - b'0') * 10 + i64::from(text[at + 1] - b'0');
    let year = two(0) * 100 + two(2);
    let (month, day) = (two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let exists = year > 0
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !exists {
        return None;
    }
    let seconds = ((day_number(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    let thousandths = i64::from(text[20] - b'0') * 100 + two(21);
    Some(seconds * 1_000_000 + thousandths * 1000)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that leap days are last.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let in_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + in_year - 719_468
}

/// Writes an instant, in us since the epoch, with ms, or us where needed; None beyond the years 1 to 9999.
pub fn put(epoch_us: i64, out: &mut Out) -> Option<()> {
    const DAY_US: i64 = 86_400_000_000;
    let (year, month, day) = date(epoch_us.div_euclid(DAY_US));
    if !(1..=9999).contains(&year) {
        return None;
    }
    let in_day = epoch_us.rem_euclid(DAY_US);
    let (ms, rest) = (in_day / 1000, in_day % 1000);
    let (seconds, minutes) = (ms / 1000, ms / 60_000);
    let mut text = *b"0000-00-00T00:00:00.000";
    let parts = [
        (3, year),
        (6, month),
        (9, day),
        (12, minutes / 60),
        (15, minutes % 60),
        (18, seconds % 60),
        (22, ms % 1000),
    ];
    for (last, number) in parts {
        put_digits(&mut text, last, number);
    }
    out.put(&text)?;
    if rest != 0 {
        let mut digits = *b"000";
        put_digits(&mut digits, 2, rest);
        out.put(&digits)?;
    }
    out.put(b"Z")
}

/// Writes a number over zeros, its last digit at a place.
fn put_digits(text: &mut [u8], last: usize, mut number: i64) {
    let mut at = last;
    while number > 0 {
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        at = at.wrapping_sub(1);
    }
}

/// The reverse of `day_number`.
fn date(number: i64) -> (i64, i64, i64) {
    let days = number + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let in_era_years = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * in_era_years + in_era_years / 4 - in_era_years / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + in_era_years + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(epoch_us: i64) -> Option<String> {
        let mut bytes = [0; 30];
        let mut out = Out { bytes: &mut bytes, used: 0 };
        put(epoch_us, &mut out)?;
        let used = out.used;
        Some(String::from_utf8_lossy(&bytes[..used]).into_owned())
    }

    #[test]
    fn what_is_written_is_read_again() {
        for step in -100_000..100_000 {
            let us = step * 599_983_001_000;
            let text = written(us).unwrap();
            assert_eq!(epoch_us(text.as_bytes()), Some(us), "{text}");
        }
        assert_eq!(written(1_709_208_000_001_000).unwrap(), "2024-02-29T12:00:00.001Z");
        assert_eq!(written(-1).unwrap(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(written(253_402_300_800_000_000), None);
        assert_eq!(written(-62_135_596_800_000_001), None);
        assert_eq!(written(-62_135_596_800_000_000).unwrap(), "0001-01-01T00:00:00.000Z");
    }

    #[test]
    fn times_are_counted_from_the_epoch() {
        assert_eq!(epoch_us(b"1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(epoch_us(b"1969-12-31T23:59:59.999Z"), Some(-1000));
        assert_eq!(epoch_us(b"2024-02-29T12:00:00.001Z"), Some(1_709_208_000_001_000));
        assert_eq!(epoch_us(b"2026-11-21T06:24:28.566Z"), Some(1_795_242_268_566_000));
    }

    #[test]
    fn other_forms_and_times_that_do_not_exist_are_none() {
        for text in ["2026-02-29T06:24:28.566Z", "2026-11-21T24:00:00.000Z", "2026-11-21", ""] {
            assert_eq!(epoch_us(text.as_bytes()), None, "{text}");
        }
    }
}
