//! From messages to documents: the index time is set in, where an event is a usual and a calm one.

use crate::event::Usual;
use crate::out::Out;
use crate::times;

const CALM_LEVELS: [&[u8]; 4] = [b"trace", b"debug", b"info", b"warn"];
const DAY_BYTES: usize = 10;
const DONE: u8 = 1;

pub struct Messages<'a> {
    pub text: &'a [u8],
    /// One past the last byte of each.
    pub ends: &'a [u32],
    pub ingested: &'a [u8],
}

pub struct Documents<'a> {
    /// 1 where a document was made, 0 for messages that are left to Python.
    pub states: &'a mut [u8],
    /// One past the last byte of each in `out`.
    pub ends: &'a mut [u32],
    /// Where the id of each begins in `out`.
    pub ids: &'a mut [u32],
    pub out: &'a mut [u8],
}

/// Makes the documents; answers how many bytes of `out` are used.
///
/// All that are made are of the day on which they were read: `day` is set to it, and messages of
/// other days are left alone.
pub fn prepare(messages: &Messages, documents: Documents, day: &mut [u8; DAY_BYTES]) -> usize {
    let mut out = Out { bytes: documents.out, used: 0 };
    let mut begin = 0;
    let mut has_day = false;
    for (number, end) in messages.ends.iter().enumerate() {
        let text = messages.text.get(begin..*end as usize).unwrap_or_default();
        begin = *end as usize;
        let event = Usual::read(text).filter(is_calm);
        let own_day = event.as_ref().map(|event| &event.timestamp[..DAY_BYTES]);
        if let (Some(event), Some(own_day)) = (event, own_day) {
            if !has_day {
                day.copy_from_slice(own_day);
                has_day = true;
            }
            let before = out.used;
            if own_day == day && write(&mut out, text, &event, messages.ingested).is_some() {
                documents.states[number] = DONE;
                documents.ids[number] = (before + event.id) as u32;
            } else {
                out.used = before;
            }
        }
        documents.ends[number] = out.used as u32;
    }
    out.used
}

/// Certainly no error, of the day on which it was read, and not prepared before.
fn is_calm(event: &Usual) -> bool {
    let is_of_its_day = times::epoch_us(event.timestamp).is_some()
        && times::epoch_us(event.created).is_some()
        && event.timestamp[..DAY_BYTES] == event.created[..DAY_BYTES];
    let level_is_calm = event.level.is_some_and(|level| CALM_LEVELS.contains(&level));
    let status_is_calm = match (event.has_http, event.status) {
        (false, _) => level_is_calm,
        (true, status) => {
            let is_calm = |code: &[u8]| code.len() == 3 && code[0] != b'5';
            status.is_some_and(is_calm) && (level_is_calm || event.level.is_none())
        }
    };
    is_of_its_day
        && status_is_calm
        && !event.has_error
        && event.message.is_some()
        && event.ingested.is_none()
}

fn write(out: &mut Out, text: &[u8], event: &Usual, ingested: &[u8]) -> Option<()> {
    let (front, rest) = text.split_at(event.behind_created);
    out.put(front)?;
    out.put(b",\"ingested\":\"")?;
    out.put(ingested)?;
    out.put(b"\"")?;
    out.put(rest)
}
