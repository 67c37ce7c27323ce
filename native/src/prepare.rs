//! From messages to documents: the index time is set in, and the mark of an error, where an event is
//! a usual one.

use crate::event::{Usual, ID_BYTES};
use crate::out::Out;
use crate::tally::Tally;
use crate::times;

const CALM_LEVELS: [&[u8]; 4] = [b"trace", b"debug", b"info", b"warn"];
const ERROR_LEVELS: [&[u8]; 2] = [b"error", b"fatal"];
const MARK: &[u8] = b",\"error\":{\"detected_by\":\"level\"},\"tags\":[\"error\"]}";
const DAY_BYTES: usize = 10;

/// Added to a document's state when the tally has it.
const COUNTED: u8 = 4;

/// What an event certainly is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Calm = 1,
    ErrorByLevel = 2,
}

pub struct Messages<'a> {
    pub text: &'a [u8],
    /// One past the last byte of each.
    pub ends: &'a [u32],
    pub ingested: &'a [u8],
    /// Ends of the buckets that durations are counted in, ns.
    pub duration_ends: &'a [f64],
}

pub struct Documents<'a> {
    /// 1 where a document was made, 2 where one of an error was, 4 more where it was counted; 0 for
    /// messages left to Python.
    pub states: &'a mut [u8],
    /// The id of each with a line break; of messages left to Python, the break alone.
    pub ids: &'a mut [u8],
    /// Where each document ends in `out`; for messages left to Python, where the one before does.
    pub ends: &'a mut [u32],
    pub out: &'a mut [u8],
    /// What is counted of the documents (`tally.rs`).
    pub tally: &'a mut [u8],
}

/// How many bytes of each buffer are used.
pub struct Used {
    pub ids: usize,
    pub out: usize,
    pub tally: usize,
}

/// Makes the documents; None when the buffers are too small.
///
/// All that are made are of the day on which they were read: `day` is set to it, and messages of
/// other days are left alone.
pub fn prepare(
    messages: &Messages,
    documents: Documents,
    day: &mut [u8; DAY_BYTES],
) -> Option<Used> {
    let mut out = Out { bytes: documents.out, used: 0 };
    let mut ids = Out { bytes: documents.ids, used: 0 };
    let mut tally = Tally::new(messages.duration_ends);
    let mut begin = 0;
    let mut has_day = false;
    for (number, end) in messages.ends.iter().enumerate() {
        let text = messages.text.get(begin..*end as usize).unwrap_or_default();
        begin = *end as usize;
        let event = Usual::read(text);
        let kind = event.as_ref().and_then(kind_of);
        if let (Some(event), Some(kind)) = (event, kind) {
            let own_day = &event.timestamp[..DAY_BYTES];
            if !has_day {
                day.copy_from_slice(own_day);
                has_day = true;
            }
            if own_day == day {
                write(&mut out, text, &event, kind, messages.ingested)?;
                ids.put(&text[event.id..event.id + ID_BYTES])?;
                let is_counted = tally.add(&event, kind == Kind::ErrorByLevel);
                documents.states[number] = kind as u8 | if is_counted { COUNTED } else { 0 };
            }
        }
        documents.ends[number] = u32::try_from(out.used).ok()?;
        ids.put(b"\n")?;
    }
    let mut counts = Out { bytes: documents.tally, used: 0 };
    if tally.write(&mut counts).is_none() {
        counts.used = 0;
        documents.states.iter_mut().for_each(|state| *state &= !COUNTED);
    }
    Some(Used { ids: ids.used, out: out.used, tally: counts.used })
}

/// None for what is not certain, and for events of another day than that on which they were read.
fn kind_of(event: &Usual) -> Option<Kind> {
    let is_usual = times::epoch_us(event.timestamp).is_some()
        && times::epoch_us(event.created).is_some()
        && event.timestamp[..DAY_BYTES] == event.created[..DAY_BYTES]
        && !event.has_error
        && event.message.is_some()
        && event.ingested.is_none();
    if !is_usual {
        return None;
    }
    if event.level.is_some_and(|level| ERROR_LEVELS.contains(&level)) {
        return (!event.is_marked).then_some(Kind::ErrorByLevel);
    }
    let is_level_calm = event.level.is_some_and(|level| CALM_LEVELS.contains(&level));
    let is_calm = if event.has_http {
        let is_fine = |code: &[u8]| code.len() == 3 && code[0] != b'5';
        event.status.is_some_and(is_fine) && (is_level_calm || event.level.is_none())
    } else {
        is_level_calm
    };
    is_calm.then_some(Kind::Calm)
}

fn write(out: &mut Out, text: &[u8], event: &Usual, kind: Kind, ingested: &[u8]) -> Option<()> {
    let (front, rest) = text.split_at(event.behind_created);
    out.put(front)?;
    out.put(b",\"ingested\":\"")?;
    out.put(ingested)?;
    out.put(b"\"")?;
    match kind {
        Kind::Calm => out.put(rest),
        Kind::ErrorByLevel => {
            out.put(&rest[..rest.len() - 1])?;
            out.put(MARK)
        }
    }
}
