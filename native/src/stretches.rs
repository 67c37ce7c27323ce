//! Counts over time, split by the values of a field or not: how they are read out of Elasticsearch's
//! answer, and how they are written as ours.
//!
//! `logboom/store/elastic/over_time.py` reads any answer, `search_api/counting/histograms.py` writes any counts;
//! here it is the usual ones. Both have a column of counts in all, and behind it one for each value.

use std::ops::Range;

use crate::answer::{behind_string, elements, members, skip};
use crate::bytes::word;
use crate::out::Out;
use crate::scan::{number, whole_number};
use crate::times;

pub struct Found<'a> {
    /// When each stretch begins, in ms since the epoch, as the answer has them.
    pub starts: &'a mut [i64],
    /// As many columns of as many counts as there is room for.
    pub counts: &'a mut [u64],
    /// Where each value begins and ends in the answer, as JSON.
    pub values: &'a mut [u32],
    /// How many stretches and values there are, and where their list begins and ends in the answer.
    pub told: &'a mut [u32; 4],
}

/// Reads the buckets of an aggregation named `found`; those below each are named `by`.
///
/// Returns 0; None for an answer that is left to Python.
pub fn read(text: &[u8], found: Found) -> Option<usize> {
    let mut table = Table { text, rows: found.starts.len(), values: Vec::new(), found };
    let mut lists = 0;
    let end = members(text, 0, |name, _, at| {
        if name != b"aggregations" {
            return skip(text, at);
        }
        members(text, at, |name, _, at| {
            if name != b"found" {
                return skip(text, at);
            }
            members(text, at, |name, _, at| {
                if name != b"buckets" {
                    return skip(text, at);
                }
                lists += 1;
                table.stretches(at)
            })
        })
    })?;
    (lists == 1 && end == text.len()).then_some(0)
}

struct Table<'a> {
    text: &'a [u8],
    rows: usize,
    values: Vec<Range<usize>>,
    found: Found<'a>,
}

impl Table<'_> {
    fn stretches(&mut self, at: usize) -> Option<usize> {
        let mut row = 0;
        let end = elements(self.text, at, |at| {
            let end = self.stretch(at, row)?;
            row += 1;
            Some(end)
        })?;
        for (place, value) in self.found.values.chunks_exact_mut(2).zip(&self.values) {
            place.copy_from_slice(&[value.start.try_into().ok()?, value.end.try_into().ok()?]);
        }
        let told = [row, self.values.len(), at, end];
        for (place, number) in self.found.told.iter_mut().zip(told) {
            *place = number.try_into().ok()?;
        }
        Some(end)
    }

    fn stretch(&mut self, at: usize, row: usize) -> Option<usize> {
        let text = self.text;
        let (mut start, mut count, mut splits, mut lists) = (None, None, 0, 0);
        let end = members(text, at, |name, _, at| match name {
            b"key" => {
                let (value, end) = integer(text, at)?;
                start = Some(value);
                Some(end)
            }
            b"doc_count" => {
                let (value, end) = integer(text, at)?;
                count = Some(value);
                Some(end)
            }
            b"by" => {
                splits += 1;
                members(text, at, |name, _, at| {
                    if name != b"buckets" {
                        return skip(text, at);
                    }
                    lists += 1;
                    let mut number = 0;
                    elements(text, at, |at| {
                        let end = self.value(at, row, number)?;
                        number += 1;
                        Some(end)
                    })
                })
            }
            _ => skip(text, at),
        })?;
        if splits > 1 || lists > 1 {
            return None; // what stands twice counts once
        }
        *self.found.starts.get_mut(row)? = start?;
        self.found.counts[row] = count?.try_into().ok()?;
        Some(end)
    }

    /// One value of a stretch; `expected` is its number if the values stand as they did before.
    fn value(&mut self, at: usize, row: usize, expected: usize) -> Option<usize> {
        let (value, count, end) = usual(self.text, at).or_else(|| any(self.text, at))?;
        let column = 1 + self.number_of(value, expected)?;
        let place = self.found.counts.get_mut(column * self.rows + row)?;
        *place = place.checked_add(count.try_into().ok()?)?;
        Some(end)
    }

    fn number_of(&mut self, value: Range<usize>, expected: usize) -> Option<usize> {
        let written = self.text.get(value.clone()).filter(|written| !written.is_empty())?;
        let is_it = |known: &Range<usize>| &self.text[known.clone()] == written;
        if self.values.get(expected).is_some_and(is_it) {
            return Some(expected);
        }
        if let Some(number) = self.values.iter().position(is_it) {
            return Some(number);
        }
        self.values.push(value);
        (self.values.len() * 2 <= self.found.values.len()).then(|| self.values.len() - 1)
    }
}

/// A value as it nearly always stands, its count, and where it ends.
fn usual(text: &[u8], at: usize) -> Option<(Range<usize>, i64, usize)> {
    let begin = word(text, at, b"{\"key\":")?;
    let end = behind_string(text, begin)?;
    let (count, behind) = integer(text, word(text, end, b",\"doc_count\":")?)?;
    Some((begin..end, count, word(text, behind, b"}")?))
}

fn any(text: &[u8], at: usize) -> Option<(Range<usize>, i64, usize)> {
    let (mut key, mut shown, mut count) = (0..0, 0..0, None);
    let end = members(text, at, |name, _, at| match name {
        b"doc_count" => {
            let (value, end) = integer(text, at)?;
            count = Some(value);
            Some(end)
        }
        b"key" | b"key_as_string" => {
            let is_text = *text.get(at)? == b'"';
            let end = if is_text { behind_string(text, at)? } else { number(text, at)? };
            *(if name == b"key" { &mut key } else { &mut shown }) = at..end;
            Some(end)
        }
        _ => skip(text, at),
    })?;
    Some((if shown.is_empty() { key } else { shown }, count?, end))
}

fn integer(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let is_negative = *text.get(at)? == b'-';
    let begin = at + usize::from(is_negative);
    let end = whole_number(text, begin)?;
    let digits = text[begin..end].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((if is_negative { -digits } else { digits }, end))
}

pub struct Columns<'a> {
    /// When each stretch begins, in us since the epoch.
    pub starts: &'a [i64],
    /// As many columns as there are values, and one more.
    pub counts: &'a [u64],
    /// The values, each as JSON, one behind the other.
    pub values: &'a [u8],
    /// Where each of them ends.
    pub value_ends: &'a [u32],
}

/// Writes a list of stretches; values without an event in one are left out there.
///
/// Returns how many bytes of `out` are used; None for times that are left to Python.
pub fn write(columns: Columns, mut out: Out) -> Option<usize> {
    let rows = columns.starts.len();
    let begins = std::iter::once(&0).chain(columns.value_ends);
    let values: Option<Vec<&[u8]>> = begins
        .zip(columns.value_ends)
        .map(|(begin, end)| columns.values.get(*begin as usize..*end as usize))
        .collect();
    let values = values?;
    out.put(b"[")?;
    for (row, start) in columns.starts.iter().enumerate() {
        out.put(if row == 0 { b"{\"from\":\"" } else { b",{\"from\":\"" })?;
        times::put(*start, &mut out)?;
        out.put(b"\",\"count\":")?;
        out.put_number(*columns.counts.get(row)?)?;
        out.put(b",\"by\":{")?;
        let mut is_first = true;
        for (number, value) in values.iter().enumerate() {
            let count = *columns.counts.get((number + 1) * rows + row)?;
            if count != 0 {
                out.put(if is_first { b"" } else { b"," })?;
                out.put(value)?;
                out.put(b":")?;
                out.put_number(count)?;
                is_first = false;
            }
        }
        out.put(b"}}")?;
    }
    out.put(b"]")?;
    Some(out.used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, rows: usize, values: usize) -> Option<(Vec<i64>, Vec<u64>, Vec<String>)> {
        let (mut starts, mut counts) = (vec![0; rows], vec![0; rows * (values + 1)]);
        let (mut places, mut told) = (vec![0; values * 2], [0; 4]);
        let found = Found {
            starts: &mut starts,
            counts: &mut counts,
            values: &mut places,
            told: &mut told,
        };
        read(text.as_bytes(), found)?;
        let names = places.chunks(2).take(told[1] as usize);
        let names = names.map(|place| text[place[0] as usize..place[1] as usize].to_string());
        Some((starts, counts, names.collect()))
    }

    fn answer(buckets: &str) -> String {
        format!(r#"{{"timed_out":false,"aggregations":{{"found":{{"buckets":[{buckets}]}}}}}}"#)
    }

    #[test]
    fn each_value_has_a_column() {
        let text = answer(concat!(
            r#"{"key":-60000,"doc_count":3,"by":{"buckets":[{"key":"a","doc_count":2},"#,
            r#"{"key":1,"key_as_string":"true","doc_count":1}]}},"#,
            r#"{"key":0,"doc_count":4,"by":{"buckets":[{"key":1,"key_as_string":"true","doc_count":4}]}}"#
        ));
        let (starts, counts, names) = table(&text, 2, 2).unwrap();
        assert_eq!(starts, [-60000, 0]);
        assert_eq!(counts, [3, 4, 2, 0, 1, 4]);
        assert_eq!(names, [r#""a""#, r#""true""#]);
    }

    #[test]
    fn what_there_is_no_room_for_is_left_to_python() {
        let one = r#"{"key":0,"doc_count":1,"by":{"buckets":[{"key":"a","doc_count":1}]}}"#;
        assert!(table(&answer(one), 1, 1).is_some());
        assert!(table(&answer(one), 1, 0).is_none());
        assert!(table(&answer(&format!("{one},{one}")), 1, 1).is_none());
    }

    #[test]
    fn what_is_unusual_is_left_to_python() {
        for odd in [
            r#"{"key":1.5,"doc_count":1}"#,
            r#"{"key":0}"#,
            r#"{"doc_count":1}"#,
            r#"{"key":0,"doc_count":-1}"#,
            r#"{"key":0, "doc_count":1}"#,
            r#"{"key":0,"doc_count":1,"by":{"buckets":[{"doc_count":1}]}}"#,
            r#"{"key":0,"doc_count":1,"by":{"buckets":[]},"by":{}}"#,
            r#"{"key":0,"doc_count":1,"by":{"buckets":[],"buckets":[]}}"#,
            r#"{"k\u0065y":1,"key":0,"doc_count":1}"#,
        ] {
            assert_eq!(table(&answer(odd), 4, 4), None, "{odd}");
        }
        assert_eq!(table(r#"{"timed_out":false}"#, 4, 4), None);
    }

    #[test]
    fn stretches_are_written() {
        let columns = Columns {
            starts: &[0, 60_000_000],
            counts: &[3, 0, 2, 0, 1, 0],
            values: br#""a""b""#,
            value_ends: &[3, 6],
        };
        let mut bytes = [0; 200];
        let used = write(columns, Out { bytes: &mut bytes, used: 0 }).unwrap();
        let text = concat!(
            r#"[{"from":"1970-01-01T00:00:00.000Z","count":3,"by":{"a":2,"b":1}},"#,
            r#"{"from":"1970-01-01T00:01:00.000Z","count":0,"by":{}}]"#
        );
        assert_eq!(std::str::from_utf8(&bytes[..used]).unwrap(), text);
    }
}
