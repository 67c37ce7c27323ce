//! From documents to the lines of a bulk request (`logboom/store/elastic/bodies.py`): an action, the
//! event, and with it the words of its message where they are sent along.

use crate::event::{Usual, ID_BYTES};
use crate::out::Out;
use crate::times;
use crate::words::may_fold;

pub struct Sources<'a> {
    pub text: &'a [u8],
    /// One past the last byte of each.
    pub ends: &'a [u32],
    /// The id of each with a line break.
    pub ids: &'a [u8],
    /// An action up to the id and its quote.
    pub front: &'a [u8],
    /// What stands between an event and its words; empty when no words are sent.
    pub before_words: &'a [u8],
    /// What stands behind them.
    pub behind_words: &'a [u8],
}

pub struct Actions<'a> {
    /// Where the lines of each end in `out`; for sources left to Python, where the ones before do.
    pub ends: &'a mut [u32],
    /// What each event's attributes are called and of which kinds they are, in one number; 0 for
    /// events that Python has to look at.
    pub shapes: &'a mut [u64],
    pub out: &'a mut [u8],
}

/// Makes the lines; None when the buffer is too small.
pub fn actions(sources: &Sources, actions: Actions) -> Option<usize> {
    let mut out = Out { bytes: actions.out, used: 0 };
    let mut ids = sources.ids.split(|sign| *sign == b'\n');
    let mut begin = 0;
    for (number, end) in sources.ends.iter().enumerate() {
        let text = sources.text.get(begin..*end as usize).unwrap_or_default();
        begin = *end as usize;
        let id = ids.next().unwrap_or_default();
        let event = Usual::read(text).filter(|event| is_usual(event, text, id));
        if let Some(event) = event {
            actions.shapes[number] = event.shape;
            write(&mut out, sources, text, &event)?;
        }
        actions.ends[number] = u32::try_from(out.used).ok()?;
    }
    Some(out.used)
}

/// False for what would have to be written otherwise than it stands there.
fn is_usual(event: &Usual, text: &[u8], id: &[u8]) -> bool {
    let exists = |time: &[u8]| times::epoch_us(time).is_some();
    &text[event.id..event.id + ID_BYTES] == id
        && id.iter().all(u8::is_ascii_alphanumeric)
        && exists(event.timestamp)
        && exists(event.created)
        && event.ingested.map_or(true, exists)
}

/// Writes the lines of an event, or nothing where Python has to spell its words: most that are not
/// ASCII where all are sent, and where the server cuts texts, those that it would cut otherwise.
fn write(out: &mut Out, sources: &Sources, text: &[u8], event: &Usual) -> Option<()> {
    let begin = out.used;
    let spells = !sources.before_words.is_empty();
    if !spells && may_fold(if event.has_error { text } else { event.message.unwrap_or_default() }) {
        return Some(());
    }
    out.put(sources.front)?;
    out.put(&text[event.id..event.id + ID_BYTES])?;
    out.put(b"\"}}\n")?;
    if !spells {
        out.put(text)?;
        return out.put(b"\n");
    }
    out.put(&text[..text.len() - 1])?;
    out.put(sources.before_words)?;
    let words = out.used;
    out.put(event.message.unwrap_or_default())?;
    let length =
        event.message.filter(|_| !event.has_error).and(spell(&mut out.bytes[words..out.used]));
    let Some(length) = length else {
        out.used = begin;
        return Some(());
    };
    out.used = words + length;
    out.put(sources.behind_words)?;
    out.put(b"}\n")
}

/// Makes words of a text as it stands in JSON, with spaces between, in its place; answers with
/// their length. None for a text with more than ASCII in it.
fn spell(text: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    let mut at = 0;
    while at < text.len() {
        let sign = text[at];
        at += 1;
        text[length] = match sign {
            b'a'..=b'z' | b'0'..=b'9' => sign,
            b'A'..=b'Z' => sign | 0x20,
            b'\\' => {
                if *text.get(at)? == b'u' {
                    return None;
                }
                at += 1;
                b' '
            }
            0x80.. => return None,
            _ => b' ',
        };
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_between_spaces() {
        for (text, words) in [
            (r"Cart-7 is\tFULL\\n", Some("cart 7 is full n")),
            (r#"\"""#, Some("  ")),
            ("", Some("")),
            (r"caf\u00e9", None),
            ("café", None),
        ] {
            let mut bytes = text.as_bytes().to_vec();
            let length = spell(&mut bytes);
            assert_eq!(length.map(|length| &bytes[..length]), words.map(str::as_bytes), "{text}");
        }
    }
}
