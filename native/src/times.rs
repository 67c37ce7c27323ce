//! Times as we write them: `2026-11-21T06:24:28.566Z`.

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

#[cfg(test)]
mod tests {
    use super::*;

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
