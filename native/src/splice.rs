//! From lines to events: recognise the shape, set the values into its template.

use std::net::IpAddr;
use std::str;

use crate::automaton::Automaton;
use crate::bytes::word;
use crate::event::place_name;
use crate::out::Out;
use crate::program::{Kind, Piece, Program, Shape, CREATED, ID, OFFSET};
use crate::scan;

/// A time as we write it, without quotes: `2026-11-21T06:24:28.566Z`.
pub const TIME_BYTES: usize = 24;

const MOST_MEMBERS: usize = 64;
const MOST_LINE_BYTES: usize = 16_000;
const MADE: u8 = 1;
const SUSPECT: u8 = 2;

pub struct Given<'a> {
    pub text: &'a [u8],
    pub starts: &'a [u32],
    pub stops: &'a [u32],
    pub places: &'a [u32],
    pub run: &'a [u8],
    pub created: &'a [u8],
    pub offset: u64,
}

pub struct Made<'a> {
    pub states: &'a mut [u8],
    pub ends: &'a mut [u32],
    pub times: &'a mut [u8],
    pub out: &'a mut [u8],
}

/// What stands in the event for a value.
#[derive(Clone, Copy)]
enum Value<'a> {
    AsWritten(&'a [u8]),
    Level(&'a [u8]),
    Number(u64),
}

/// Makes the events; answers how many bytes of `made.out` are used.
pub fn splice(program: &Program, automaton: &Automaton, given: &Given, made: Made) -> usize {
    let mut used = 0;
    let mut last = 0;
    let mut values = [Value::Number(0); MOST_MEMBERS];
    for number in 0..given.starts.len() {
        if made.states[number] == 0 {
            let (start, stop) = (given.starts[number] as usize, given.stops[number] as usize);
            let line = without_line_break(given.text.get(start..stop).unwrap_or_default());
            if let Some(shape) = recognised(program, line, &mut last, &mut values) {
                let mut out = Out { bytes: &mut made.out[used..], used: 0 };
                let offset = given.offset + u64::from(given.places[number]);
                if write(&mut out, shape, &values, given, offset).is_some() {
                    used += out.used;
                    made.states[number] = if automaton.finds(line) { SUSPECT } else { MADE };
                    if let Value::AsWritten(time) = values[shape.time] {
                        let place = number * (TIME_BYTES + 1);
                        made.times[place..place + TIME_BYTES]
                            .copy_from_slice(&time[1..=TIME_BYTES]);
                    }
                }
            }
        }
        made.ends[number] = used as u32;
    }
    used
}

fn without_line_break(line: &[u8]) -> &[u8] {
    let kept = line.iter().rposition(|sign| !matches!(sign, b'\r' | b'\n'));
    &line[..kept.map_or(0, |place| place + 1)]
}

/// The shape that a line has, with its values; the one of the last line is tried first.
fn recognised<'p, 't>(
    program: &'p Program,
    line: &'t [u8],
    last: &mut usize,
    values: &mut [Value<'t>; MOST_MEMBERS],
) -> Option<&'p Shape<'p>>
where
    'p: 't,
{
    if line.first() != Some(&b'{') || line.len() >= MOST_LINE_BYTES {
        return None;
    }
    let count = program.shapes.len();
    for step in 0..count {
        let number = (*last + step) % count;
        let shape = &program.shapes[number];
        if fits(shape, &program.levels, line, values).is_some() {
            *last = number;
            return Some(shape);
        }
    }
    None
}

fn fits<'p: 't, 't>(
    shape: &Shape<'p>,
    levels: &[(&'p [u8], &'p [u8])],
    line: &'t [u8],
    values: &mut [Value<'t>; MOST_MEMBERS],
) -> Option<()> {
    let last = shape.members.len().checked_sub(1)?;
    let mut at = after_space(line, 1);
    for (number, member) in shape.members.iter().enumerate() {
        at = after_space(line, word(line, at, member.name)?);
        at = after_space(line, word(line, at, b":")?);
        let (value, behind) = value_of(member.kind, levels, line, at)?;
        *values.get_mut(number)? = value;
        at = after_space(line, behind);
        if number < last {
            at = after_space(line, word(line, at, b",")?);
        }
    }
    (word(line, at, b"}")? == line.len()).then_some(())
}

fn after_space(line: &[u8], at: usize) -> usize {
    at + usize::from(line.get(at) == Some(&b' '))
}

fn value_of<'p: 't, 't>(
    kind: Kind,
    levels: &[(&'p [u8], &'p [u8])],
    line: &'t [u8],
    at: usize,
) -> Option<(Value<'t>, usize)> {
    let behind = match kind {
        Kind::Scalar => scan::scalar(line, at)?,
        Kind::Own => scan::own(line, at, 2)?,
        Kind::Text => scan::string(line, at, scan::ESCAPES).filter(|behind| behind - at > 2)?,
        Kind::OneLine => scan::string(line, at, scan::ESCAPES_OF_ONE_LINE)?,
        Kind::WholeNumber => scan::whole_number(line, at)?,
        Kind::Time => scan::time(line, at)?,
        Kind::Level => {
            let behind = scan::scalar(line, at)?;
            let spelling = &line[at..behind];
            let found = levels.binary_search_by_key(&spelling, |(known, _)| known).ok()?;
            let (_, level) = levels[found];
            return Some((Value::Level(level), behind));
        }
        Kind::Duration(factor) => {
            let behind = scan::number(line, at)?;
            return Some((Value::Number(nanoseconds(&line[at..behind], factor)?), behind));
        }
        Kind::Address => {
            let behind = scan::string(line, at, b"")?;
            str::from_utf8(&line[at + 1..behind - 1]).ok()?.parse::<IpAddr>().ok()?;
            behind
        }
    };
    Some((Value::AsWritten(&line[at..behind]), behind))
}

/// A duration in ns, rounded half to even as Python does.
fn nanoseconds(value: &[u8], factor: u64) -> Option<u64> {
    let text = str::from_utf8(value).ok()?;
    if text.starts_with('-') {
        return None;
    }
    if let Ok(whole) = text.parse::<u64>() {
        return (whole < 1_000_000_000_000_000)
            .then(|| whole.checked_mul(factor))?
            .filter(|product| *product <= i64::MAX as u64);
    }
    let fraction: f64 = text.parse().ok()?;
    let product = (fraction * factor as f64).round_ties_even();
    (fraction < 1e15 && product < 9e18).then_some(product as u64)
}

fn write(
    out: &mut Out,
    shape: &Shape,
    values: &[Value; MOST_MEMBERS],
    given: &Given,
    offset: u64,
) -> Option<()> {
    let own = shape.members.len();
    for piece in &shape.pieces {
        match *piece {
            Piece::Literal(text) => out.put(text)?,
            Piece::Value(number) if number < own => match values[number] {
                Value::AsWritten(text) | Value::Level(text) => out.put(text)?,
                Value::Number(number) => out.put_number(number)?,
            },
            Piece::Value(number) if number == own + OFFSET => out.put_number(offset)?,
            Piece::Value(number) if number == own + ID => {
                out.put(given.run)?;
                out.put(&place_name(offset))?;
            }
            Piece::Value(number) if number == own + CREATED => out.put(given.created)?,
            Piece::Value(_) => return None,
        }
    }
    Some(())
}
