//! From stored events to what the index is given (`logboom/store/local/entry.py`).

use crate::event::{Usual, ID_BYTES};
use crate::out::Out;
use crate::prepare::Used;
use crate::times;
use crate::words::may_fold;
use crate::xxh3::xxh3;

const LONGEST_VALUE: usize = 8191;
const LONGEST_ADDRESS: usize = 45; // of an IPv6 address with an IPv4 one in it
const DAY_US: i64 = 86_400_000_000;
const FIRST: u8 = 1;
const NEXT: u8 = 2;

pub struct Events<'a> {
    pub text: &'a [u8],
    /// One past the last byte of each.
    pub ends: &'a [u32],
    pub day_start_us: i64,
    /// The number of the first one in the day's documents.
    pub first: u64,
}

pub struct Entries<'a> {
    /// 1 where an entry was made, 2 where one was made and the event lies behind the one before it
    /// in the same run of a source, 0 for events that are left to Python.
    pub states: &'a mut [u8],
    pub offsets: &'a mut [u64],
    /// The names of each event's attributes in one number; 0 without attributes.
    pub attributes: &'a mut [u64],
    /// The id of each with a line break; of events left to Python, the break alone.
    pub ids: &'a mut [u8],
    /// The same of the entries.
    pub out: &'a mut [u8],
}

/// Makes the entries; None when the buffers are too small.
pub fn entries(events: &Events, entries: Entries) -> Option<Used> {
    let mut out = Out { bytes: entries.out, used: 0 };
    let mut ids = Out { bytes: entries.ids, used: 0 };
    let mut begin = 0;
    let mut before: Option<(&[u8], u64)> = None;
    for (number, end) in events.ends.iter().enumerate() {
        let text = events.text.get(begin..*end as usize).unwrap_or_default();
        begin = *end as usize;
        let event = Usual::read(text).filter(|event| is_usual(text, event, events.day_start_us));
        if let Some(event) = &event {
            write(&mut out, text, event)?;
            out.put(b",\"_number\":")?;
            out.put_number(events.first + number as u64)?;
            out.put(b"}")?;
            ids.put(&text[event.id..event.id + ID_BYTES])?;
            let goes_on =
                before.is_some_and(|(run, offset)| run == event.run && offset < event.offset);
            entries.states[number] = if goes_on { NEXT } else { FIRST };
            entries.offsets[number] = event.offset;
            entries.attributes[number] = event.attributes;
        }
        before = event.map(|event| (event.run, event.offset));
        out.put(b"\n")?;
        ids.put(b"\n")?;
    }
    Some(Used { ids: ids.used, out: out.used, tally: 0 })
}

/// False for events that are left to Python.
fn is_usual(text: &[u8], event: &Usual, day_start_us: i64) -> bool {
    let is_of_day = |time_us: i64| (0..DAY_US).contains(&(time_us - day_start_us));
    !event.has_error
        && !event.stands_apart
        && event.message.is_some_and(|message| {
            text.len() - message.len() <= LONGEST_VALUE && !may_fold(message)
        })
        && times::epoch_us(event.timestamp).is_some_and(is_of_day)
        && times::epoch_us(event.created).is_some()
        && event.ingested.and_then(times::epoch_us).is_some()
        && event.address.map_or(true, |address| address.len() <= LONGEST_ADDRESS)
        && [event.trace, event.span, event.transaction]
            .iter()
            .flatten()
            .all(|value| xxh3(value).is_some())
}

/// Writes an entry, all but the number and the last brace.
fn write(out: &mut Out, text: &[u8], event: &Usual) -> Option<()> {
    out.put(&text[..event.names.start])?;
    out.put(b"},\"log\":{\"source\":\"")?;
    out.put(event.run)?;
    out.put(b"\"")?;
    out.put(&text[event.behind_offset..text.len() - 1])?;
    out.put(b",\"_offset\":")?;
    out.put_number(event.offset)?;
    out.put(b",\"_created\":")?;
    out.put_integer(times::epoch_us(event.created)?)?;
    out.put(b",\"_ingested\":")?;
    out.put_integer(times::epoch_us(event.ingested?)?)?;
    out.put(b",\"_time\":")?;
    out.put_integer(times::epoch_us(event.timestamp)?)?;
    put_tokens(out, b",\"_trace\":[", event.trace)?;
    put_tokens(out, b",\"_span\":[", event.span)?;
    put_tokens(out, b",\"_transaction\":[", event.transaction)?;
    if let Some(address) = event.address {
        out.put(b",\"_ip\":\"")?;
        out.put(address)?;
        out.put(b"\"")?;
    }
    Some(())
}

/// The numbers that stand for a value (`logboom/store/local/tokens.py`).
fn put_tokens(out: &mut Out, front: &[u8], value: Option<&[u8]>) -> Option<()> {
    let Some(value) = value else { return Some(()) };
    let mixed = xxh3(value)?;
    out.put(front)?;
    for part in 0..4 {
        out.put_number((mixed >> (12 * part) & 0xfff) | part << 12)?;
        out.put(b",")?;
    }
    out.put_number(4 << 12)?;
    out.put(b"]")
}
