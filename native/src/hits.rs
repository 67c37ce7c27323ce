//! Answers of Elasticsearch's to searches: where is each document, and what is handed on of it?
//!
//! `logboom/store/elastic/hits.py` does the same for any answer; here it is the usual one, without a
//! blank between its parts. Of a document all is handed on but our own object, which is its last member.

use crate::answer::{elements, members, skip};
use crate::out::Out;

/// Of each document: where its sort values begin and end in the answer, and where its text ends in `out`;
/// there are commas between them.
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
    let mut count = 0;
    let end = elements(text, at, |at| {
        let end = document(text, at, own, count, cut)?;
        count += 1;
        Some(end)
    })?;
    *cut.told = [count.try_into().ok()?, at.try_into().ok()?, end.try_into().ok()?];
    Some(end)
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
    let front = if number == 0 { &b"{\"_id\":"[..] } else { b",{\"_id\":" };
    for part in [front, &text[id], b",", &text[kept], b"}"] {
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
