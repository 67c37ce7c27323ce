//! From stored events to what the index is given (`logboom/store/local/entry.py`).

use crate::event::{Usual, ID_BYTES};
use crate::out::Out;
use crate::times;
use crate::xxh3::xxh3;

const LONGEST_VALUE: usize = 8191;
const DAY_US: i64 = 86_400_000_000;
const DONE: u8 = 1;

pub struct Events<'a> {
    pub text: &'a [u8],
    /// One past the last byte of each.
    pub ends: &'a [u32],
    pub day_start_us: i64,
}

pub struct Entries<'a> {
    /// 1 where an entry was made, 0 for events that are left to Python.
    pub states: &'a mut [u8],
    /// One past the last byte of each in `out`.
    pub ends: &'a mut [u32],
    pub offsets: &'a mut [u64],
    /// The names of each event's attributes in one number; 0 without attributes.
    pub attributes: &'a mut [u64],
    /// The id of each, 22 bytes.
    pub ids: &'a mut [u8],
    pub out: &'a mut [u8],
}

/// Makes the entries, all but the number and the last brace; answers how many bytes are used.
pub fn entries(events: &Events, entries: Entries) -> usize {
    let mut out = Out { bytes: entries.out, used: 0 };
    let mut begin = 0;
    for (number, end) in events.ends.iter().enumerate() {
        let text = events.text.get(begin..*end as usize).unwrap_or_default();
        begin = *end as usize;
        let before = out.used;
        let made = Usual::read(text).and_then(|event| {
            write(&mut out, text, &event, events.day_start_us)?;
            Some(event)
        });
        match made {
            Some(event) => {
                entries.states[number] = DONE;
                entries.offsets[number] = event.offset;
                entries.attributes[number] = event.attributes;
                let place = number * ID_BYTES;
                let id = &text[event.id..event.id + ID_BYTES];
                entries.ids[place..place + ID_BYTES].copy_from_slice(id);
            }
            None => out.used = before,
        }
        entries.ends[number] = out.used as u32;
    }
    out.used
}

fn write(out: &mut Out, text: &[u8], event: &Usual, day_start_us: i64) -> Option<()> {
    let message = event.message?;
    let time_us = times::epoch_us(event.timestamp)?;
    let is_usual = !event.has_error
        && !event.stands_apart
        && text.len() - message.len() <= LONGEST_VALUE
        && (0..DAY_US).contains(&(time_us - day_start_us));
    if !is_usual {
        return None;
    }
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
    out.put_integer(time_us)?;
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
