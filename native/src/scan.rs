//! JSON values as they are usually written: where does one end, and is it a usual one?
//!
//! Each function is given the text and the place where a value begins, and answers with the place
//! behind it, or None when the value is unusual. They accept what the patterns of
//! `shipper/events/splicing.py` accept, or less.

use crate::bytes::{behind_plain, digits, word};
use crate::times;

/// A string; `allowed` are the signs that may follow a backslash.
pub fn string(text: &[u8], at: usize, allowed: &[u8]) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut place = at + 1;
    loop {
        place = behind_plain(text, place);
        match *text.get(place)? {
            b'"' => return Some(place + 1),
            b'\\' if allowed.contains(text.get(place + 1)?) => place += 2,
            _ => return None,
        }
    }
}

pub const ESCAPES: &[u8] = b"\"\\/bfnrt";
pub const ESCAPES_OF_ONE_LINE: &[u8] = b"\"\\/bfrt";

/// A whole number that is not negative, of at most 18 digits.
pub fn whole_number(text: &[u8], at: usize) -> Option<usize> {
    let digits = digits(text, at);
    let first = *text.get(at)?;
    match digits {
        0 => None,
        1 => Some(at + 1),
        2..=18 if first != b'0' => Some(at + digits),
        _ => None,
    }
}

/// A number without an exponent.
pub fn number(text: &[u8], at: usize) -> Option<usize> {
    let begin = at + usize::from(text.get(at) == Some(&b'-'));
    let end = whole_number(text, begin)?;
    if text.get(end) != Some(&b'.') {
        return Some(end);
    }
    match digits(text, end + 1) {
        count @ 1..=20 => Some(end + 1 + count),
        _ => None,
    }
}

/// A string, a number, true, false or null.
pub fn scalar(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at)? {
        b'"' => string(text, at, ESCAPES),
        b't' => word(text, at, b"true"),
        b'f' => word(text, at, b"false"),
        b'n' => word(text, at, b"null"),
        _ => number(text, at),
    }
}

/// A scalar, or an object of such to a depth of two, written without spaces, each name once.
pub fn own(text: &[u8], at: usize, depth: usize) -> Option<usize> {
    if text.get(at) != Some(&b'{') {
        return scalar(text, at);
    }
    if depth == 0 {
        return None;
    }
    let mut place = at + 1;
    if text.get(place) == Some(&b'}') {
        return Some(place + 1);
    }
    let mut names: [&[u8]; MOST_NAMES] = [b""; MOST_NAMES];
    for known in 0..MOST_NAMES {
        let behind = string(text, place, b"")?;
        let name = &text[place..behind];
        if name.len() < 3 || name.len() > MOST_NAME_BYTES || names[..known].contains(&name) {
            return None;
        }
        names[known] = name;
        place = own(text, word(text, behind, b":")?, depth - 1)?;
        match *text.get(place)? {
            b',' => place += 1,
            b'}' => return Some(place + 1),
            _ => return None,
        }
    }
    None
}

const MOST_NAMES: usize = 16;
const MOST_NAME_BYTES: usize = 128;

/// `"2026-11-21T06:24:28.566Z"`, quotes included: a time as we write it, which really exists.
pub fn time(text: &[u8], at: usize) -> Option<usize> {
    let behind = word(text, at, b"\"")? + times::LENGTH;
    times::epoch_us(text.get(at + 1..behind)?)?;
    word(text, behind, b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_their_quote() {
        assert_eq!(string(br#""a\"b"c"#, 0, ESCAPES), Some(6));
        assert_eq!(string(br#""a\u0041""#, 0, ESCAPES), None);
        assert_eq!(string(br#""a\n""#, 0, ESCAPES_OF_ONE_LINE), None);
        assert_eq!(string(b"\"a\x01\"", 0, ESCAPES), None);
        assert_eq!(string(b"\"open", 0, ESCAPES), None);
        assert_eq!(string(b"\"open\\", 0, ESCAPES), None);
    }

    #[test]
    fn numbers_are_those_of_json_without_exponent() {
        for (text, end) in [("0,", Some(1)), ("17}", Some(2)), ("-1.50,", Some(5)), ("x", None)] {
            assert_eq!(number(text.as_bytes(), 0), end, "{text}");
        }
        assert_eq!(number(b"1.", 0), None);
        assert_eq!(number(b"", 0), None);
        assert_eq!(whole_number(b"1234567890123456789", 0), None);
        assert_eq!(whole_number(b"01", 0), None);
    }

    #[test]
    fn objects_have_each_name_once() {
        assert_eq!(own(br#"{"a":{"b":1},"c":null}"#, 0, 2), Some(22));
        assert_eq!(own(br#"{"a":1,"a":2}"#, 0, 2), None);
        assert_eq!(own(br#"{"a":{"b":{"c":1}}}"#, 0, 2), None);
        assert_eq!(own(br#"{"":1}"#, 0, 2), None);
        assert_eq!(own(b"{}", 0, 2), Some(2));
    }

    #[test]
    fn times_exist() {
        assert_eq!(time(b"\"2026-11-21T06:24:28.566Z\"", 0), Some(26));
        assert_eq!(time(b"\"2024-02-29T06:24:28.566Z\"", 0), Some(26));
        for odd in
            ["2026-02-29T06:24:28.566Z", "2026-11-21T24:00:00.000Z", "2026-11-21 06:24:28.566Z"]
        {
            assert_eq!(time(format!("\"{odd}\"").as_bytes(), 0), None, "{odd}");
        }
    }
}
