//! Answers of Elasticsearch's to searches: where is each document, and what is handed on of it?
//!
//! `logboom/store/elastic/hits.py` does the same for any answer; here it is the usual one, without a
//! blank between its parts. Of a document all is handed on but our own object, which is its last member.

use crate::out::Out;
use crate::scan::string;

const ESCAPES_OF_ALL: &[u8] = b"\"\\/bfnrtu";

/// Of each document: where its sort values begin and end in the answer, and where its text ends in `out`.
pub const PLACES: usize = 3;

pub struct Cut<'a> {
    pub places: &'a mut [u32],
    pub out: Out<'a>,
    /// How many documents there are, and where their list begins and ends in the answer.
    pub told: &'a mut [u32; 3],
}

/// Returns how many bytes of `out` are used; None for an answer that is left to Python.
pub fn hits(text: &[u8], own: &[u8], mut cut: Cut) -> Option<usize> {
    let mut lists = 0;
    let end = members(text, 0, |name, _, at| {
        if name != b"hits" {
            return skip(text, at);
        }
        members(text, at, |name, _, at| {
            if name != b"hits" {
                return skip(text, at);
            }
            lists += 1;
            list(text, at, own, &mut cut)
        })
    })?;
    (lists == 1 && end == text.len()).then_some(cut.out.used)
}

fn list(text: &[u8], at: usize, own: &[u8], cut: &mut Cut) -> Option<usize> {
    if *text.get(at)? != b'[' {
        return None;
    }
    let mut place = at + 1;
    let mut count = 0;
    if *text.get(place)? == b']' {
        place += 1;
    } else {
        loop {
            place = document(text, place, own, count, cut)?;
            count += 1;
            place += 1;
            match text[place - 1..].first()? {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
    }
    *cut.told = [count.try_into().ok()?, at.try_into().ok()?, place.try_into().ok()?];
    Some(place)
}

fn document(text: &[u8], at: usize, own: &[u8], number: usize, cut: &mut Cut) -> Option<usize> {
    let (mut id, mut kept, mut sort) = (0..0, 0..0, 0..0);
    let end = members(text, at, |name, _, at| {
        if name == b"_source" {
            let (is_kept, end) = source(text, at, own)?;
            kept = is_kept;
            return Some(end);
        }
        let end = skip(text, at)?;
        match name {
            b"_id" => id = at..end,
            b"sort" => sort = at..end,
            _ => {}
        }
        Some(end)
    })?;
    if id.is_empty() || kept.is_empty() || sort.is_empty() {
        return None;
    }
    for part in [&b"{\"_id\":"[..], &text[id], b",", &text[kept], b"}"] {
        cut.out.put(part)?;
    }
    let places = cut.places.get_mut(number * PLACES..(number + 1) * PLACES)?;
    for (place, is_at) in places.iter_mut().zip([sort.start, sort.end, cut.out.used]) {
        *place = is_at.try_into().ok()?;
    }
    Some(end)
}

/// What is kept of a document, without its braces, and where it ends.
fn source(text: &[u8], at: usize, own: &[u8]) -> Option<(std::ops::Range<usize>, usize)> {
    let mut own_at = 0;
    let end = members(text, at, |name, name_at, at| {
        if name == b"_id" || own_at != 0 {
            return None;
        }
        if name == own {
            own_at = name_at - 1;
        }
        skip(text, at)
    })?;
    let kept_end = if own_at == 0 { end - 1 } else { own_at };
    Some((at + 1..kept_end, end))
}

/// Goes through an object; `take` is given a name, where that begins, and where its value does, and says
/// where the value ends.
fn members(
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
        place = take(&text[place + 1..behind - 1], place, behind + 1)? + 1;
        match *text.get(place - 1)? {
            b',' => {}
            b'}' => return Some(place),
            _ => return None,
        }
    }
}

/// The place behind a value. Elasticsearch has read what it answers: only its parts are told apart here.
fn skip(text: &[u8], at: usize) -> Option<usize> {
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

fn behind_string(text: &[u8], at: usize) -> Option<usize> {
    string(text, at, ESCAPES_OF_ALL)
}
