//! Any JSON: where does a value end?
//!
//! Unlike `scan`, which knows only values as they are usually written, this walks over whatever is
//! valid. Texts that only few decoders take (unpaired surrogates) and great depth are refused.

use crate::bytes::{behind_plain, digits, word};

const DEEPEST: usize = 32;

/// What was seen on the way over values.
#[derive(Default)]
pub struct Seen {
    /// A string that begins like a date with its time.
    pub time: bool,
    /// A list that has more than scalars.
    pub deep_list: bool,
    /// Names of members on all levels, mixed into one number; 0 when they do not matter.
    pub names: u64,
    /// Kinds of values on all levels, mixed into one number.
    pub kinds: u64,
}

const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Seen {
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.names = (self.names ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn mix_kind(&mut self, kind: u8) {
        self.kinds = (self.kinds ^ u64::from(kind)).wrapping_mul(PRIME);
    }
}

/// The place behind a value that begins at `at`.
pub fn value(text: &[u8], at: usize, depth: usize, seen: &mut Seen) -> Option<usize> {
    match *text.get(at)? {
        b'"' => {
            let behind = string(text, at)?;
            seen.time |= looks_like_time(&text[at + 1..behind - 1]);
            seen.mix_kind(b's');
            Some(behind)
        }
        b'{' if depth < DEEPEST => object(text, at, depth, seen),
        b'[' if depth < DEEPEST => list(text, at, depth, seen),
        b't' | b'f' | b'n' => {
            seen.mix_kind(b'w');
            let known: [&[u8]; 3] = [b"true", b"false", b"null"];
            known.iter().find_map(|one| word(text, at, one))
        }
        _ => {
            seen.mix_kind(b'n');
            number(text, at)
        }
    }
}

pub fn object(text: &[u8], at: usize, depth: usize, seen: &mut Seen) -> Option<usize> {
    let mut place = at + 1;
    seen.mix(b"{");
    if text.get(place) == Some(&b'}') {
        seen.mix(b"}");
        return Some(place + 1);
    }
    loop {
        let behind = string(text, place)?;
        seen.mix(&text[place..behind]);
        place = value(text, word(text, behind, b":")?, depth + 1, seen)?;
        match *text.get(place)? {
            b',' => place += 1,
            b'}' => break,
            _ => return None,
        }
    }
    seen.mix(b"}");
    Some(place + 1)
}

fn list(text: &[u8], at: usize, depth: usize, seen: &mut Seen) -> Option<usize> {
    let mut place = at + 1;
    seen.mix_kind(b'[');
    if text.get(place) == Some(&b']') {
        seen.mix_kind(b']');
        return Some(place + 1);
    }
    loop {
        seen.deep_list |= matches!(text.get(place), Some(b'{' | b'['));
        place = value(text, place, depth + 1, seen)?;
        match *text.get(place)? {
            b',' => place += 1,
            b']' => {
                seen.mix_kind(b']');
                return Some(place + 1);
            }
            _ => return None,
        }
    }
}

/// The place behind a string.
pub fn string(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut place = at + 1;
    loop {
        place = behind_plain(text, place);
        match *text.get(place)? {
            b'"' => return Some(place + 1),
            b'\\' => match *text.get(place + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => place += 2,
                b'u' => {
                    let digits = text.get(place + 2..place + 6)?;
                    let is_surrogate = matches!(digits[0], b'd' | b'D') && digits[1] > b'7';
                    if is_surrogate || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    place += 6;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// A number of JSON whose whole part fits into 64 bits.
fn number(text: &[u8], at: usize) -> Option<usize> {
    let begin = at + usize::from(text.get(at) == Some(&b'-'));
    let mut place = begin + digits(text, begin);
    let is_whole = place - begin == 1 || text.get(begin) != Some(&b'0');
    if !(begin + 1..=begin + 18).contains(&place) || !is_whole {
        return None;
    }
    if text.get(place) == Some(&b'.') {
        let count = digits(text, place + 1);
        if count == 0 {
            return None;
        }
        place += 1 + count;
    }
    if matches!(text.get(place), Some(b'e' | b'E')) {
        return None;
    }
    Some(place)
}

/// As it would begin in RFC 3339.
pub fn looks_like_time(text: &[u8]) -> bool {
    text.len() >= 20 && text[4] == b'-' && text[..4].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(text: &str) -> Option<usize> {
        value(text.as_bytes(), 0, 0, &mut Seen::default())
    }

    #[test]
    fn values_end_where_they_end() {
        for text in [r#""a\u00e9\n""#, "[]", "{}", r#"{"a":[1,-2.5,null,{"b":true}]}"#, "0"] {
            assert_eq!(behind(&format!("{text},")), Some(text.len()), "{text}");
        }
        for text in ["", "{", r#"{"a"}"#, r#"{"a":1,}"#, "[1,]", r#""\ud800""#, "1e9", "01", "-"] {
            assert_eq!(behind(text), None, "{text}");
        }
        assert_eq!(behind(&"[".repeat(100)), None);
    }

    #[test]
    fn names_make_the_difference_and_values_do_not() {
        let names = |text: &str| {
            let mut seen = Seen { names: 1, ..Seen::default() };
            value(text.as_bytes(), 0, 0, &mut seen);
            seen.names
        };
        assert_eq!(names(r#"{"a":1,"b":{"c":2}}"#), names(r#"{"a":"x","b":{"c":[]}}"#));
        assert_ne!(names(r#"{"a":1,"b":{"c":2}}"#), names(r#"{"a":1,"b":1,"c":2}"#));
        assert_ne!(names(r#"{"a":{"b":1},"c":1}"#), names(r#"{"a":{"b":1,"c":1}}"#));
    }

    #[test]
    fn kinds_make_the_difference_and_values_do_not() {
        let kinds = |text: &str| {
            let mut seen = Seen::default();
            value(text.as_bytes(), 0, 0, &mut seen);
            seen.kinds
        };
        assert_eq!(kinds(r#"{"a":1,"b":"x"}"#), kinds(r#"{"a":2.5,"b":""}"#));
        for other in [r#"{"a":"1"}"#, r#"{"a":null}"#, r#"{"a":[1]}"#, r#"{"a":[]}"#] {
            assert_ne!(kinds(r#"{"a":1}"#), kinds(other), "{other}");
        }
        assert_ne!(kinds(r#"{"a":[1],"b":2}"#), kinds(r#"{"a":[1,2],"b":2}"#));
        assert_ne!(kinds(r#"{"a":true,"b":2}"#), kinds(r#"{"a":2,"b":true}"#));
    }
}
