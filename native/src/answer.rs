//! The way through an answer of Elasticsearch's, as it usually writes one: without a blank between its parts.
//!
//! Each function is given the text and the place where something begins, and answers with the place
//! behind it, or None for what is left to Python.

use crate::scan::string;

const ESCAPES_OF_ALL: &[u8] = b"\"\\/bfnrtu";

/// Goes through an object; `take` is given a name, where that begins, and where its value does, and says
/// where the value ends. None also for a name that may be one that is looked for, in
/// another spelling.
pub fn members(
    text: &[u8],
    at: usize,
    mut take: impl FnMut(&[u8], usize, usize) -> Option<usize>,
) -> Option<usize> {
    if *text.get(at)? != b'{' {
        return None;
    }
    let mut place = at + 1;
    if *text.get(place)? == b'}' {
        return Some(place + 1);
    }
    loop {
        let behind = behind_string(text, place)?;
        if *text.get(behind)? != b':' {
            return None;
        }
        let name = &text[place + 1..behind - 1];
        if has_letters_as_numbers(name) {
            return None;
        }
        place = take(name, place, behind + 1)? + 1;
        match *text.get(place - 1)? {
            b',' => {}
            b'}' => return Some(place),
            _ => return None,
        }
    }
}

/// As in `\u0061`; control characters stand so in the names of others, which are let pass.
fn has_letters_as_numbers(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some(at) = rest.iter().position(|sign| *sign == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u00") && escape.get(3).is_some_and(|digit| *digit >= b'2') {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

/// Goes through a list; `take` is given where an element begins, and says where it ends.
pub fn elements(
    text: &[u8],
    at: usize,
    mut take: impl FnMut(usize) -> Option<usize>,
) -> Option<usize> {
    if *text.get(at)? != b'[' {
        return None;
    }
    let mut place = at + 1;
    if *text.get(place)? == b']' {
        return Some(place + 1);
    }
    loop {
        place = take(place)? + 1;
        match *text.get(place - 1)? {
            b',' => {}
            b']' => return Some(place),
            _ => return None,
        }
    }
}

/// The place behind a value. Elasticsearch has read what it answers: only its parts are told apart here.
pub fn skip(text: &[u8], at: usize) -> Option<usize> {
    let (mut place, mut depth) = (at, 0_usize);
    loop {
        match *text.get(place)? {
            b'"' => place = behind_string(text, place)?,
            b'{' | b'[' => {
                depth += 1;
                place += 1;
                continue;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                place += 1;
            }
            b',' | b':' if depth > 0 => {
                place += 1;
                continue;
            }
            sign if is_of_word(sign) => {
                place += text[place..].iter().take_while(|sign| is_of_word(**sign)).count();
            }
            _ => return None,
        }
        if depth == 0 {
            return Some(place);
        }
    }
}

/// Of a number, or of `true`, `false` and `null`; others have no words with capitals, such as `NaN`.
fn is_of_word(sign: u8) -> bool {
    matches!(sign, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E')
}

pub fn behind_string(text: &[u8], at: usize) -> Option<usize> {
    string(text, at, ESCAPES_OF_ALL)
}
