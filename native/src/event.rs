//! An event as our shipper lays it out (`logboom/head.py`): `@timestamp`, then `event`, which ends
//! with its id and times, then `log`, which begins with the source and the offset, then the rest.

use std::ops::Range;
use std::str;

use crate::bytes::word;
use crate::json::{looks_like_time, object, string, value, Seen};
use crate::times;

pub const RUN_BYTES: usize = 13;
pub const ID_BYTES: usize = RUN_BYTES + 9;
const MOST_MEMBERS: usize = 32;
const MOST_LEVEL_BYTES: usize = 5;

/// What the pipeline looks at in an event. All texts are as they stand in JSON, without quotes.
pub struct Usual<'a> {
    pub timestamp: &'a [u8],
    pub created: &'a [u8],
    pub ingested: Option<&'a [u8]>,
    pub run: &'a [u8],
    pub offset: u64,
    /// Where its id begins, without the quote.
    pub id: usize,
    /// From the member `id` of `event` on, with the comma before it, to the end of `event`.
    pub names: Range<usize>,
    /// Behind `created`.
    pub behind_created: usize,
    /// Behind `log.offset`.
    pub behind_offset: usize,
    pub level: Option<&'a [u8]>,
    pub status: Option<&'a [u8]>,
    pub has_http: bool,
    /// It carries an error of its own.
    pub has_error: bool,
    /// It was found to be an error, or has tags.
    pub is_marked: bool,
    pub message: Option<&'a [u8]>,
    /// `service.name`.
    pub service: Option<&'a [u8]>,
    /// `event.duration`, where it is a number.
    pub duration: Option<&'a [u8]>,
    /// False when it has a service of which more must be known to count it.
    pub is_countable: bool,
    pub trace: Option<&'a [u8]>,
    pub span: Option<&'a [u8]>,
    pub transaction: Option<&'a [u8]>,
    pub address: Option<&'a [u8]>,
    /// The names of its attributes in one number.
    pub attributes: u64,
    /// The same of their names and the kinds of their values; never 0.
    pub shape: u64,
    /// Some string other than `@timestamp` looks like a time, or a list is not of scalars.
    pub stands_apart: bool,
}

impl<'a> Usual<'a> {
    /// None for events that are laid out in another way, or have values of other types.
    pub fn read(text: &'a [u8]) -> Option<Self> {
        str::from_utf8(text).ok()?;
        let (timestamp, at) = time(text, word(text, 0, b"{\"@timestamp\":\"")?)?;
        let mut seen = Seen::default();
        let about = word(text, at, b",\"event\":{")?;
        let (names_begin, duration) = own_members(text, about, &mut seen)?;
        let comma = usize::from(text[names_begin] == b',');
        let id = word(text, names_begin + comma, b"\"id\":\"")?;
        let at = word(text, id + ID_BYTES, b"\",\"created\":\"")?;
        let (created, behind_created) = time(text, at)?;
        let (ingested, at) = match word(text, behind_created, b",\"ingested\":\"") {
            Some(at) => time(text, at).map(|(ingested, behind)| (Some(ingested), behind))?,
            None => (None, behind_created),
        };
        let names = names_begin..at;
        let run_at = word(text, at, b"},\"log\":{\"source\":\"")?;
        let run = text.get(run_at..run_at + RUN_BYTES)?;
        let offset_at = word(text, run_at + RUN_BYTES, b"\",\"offset\":")?;
        let behind_offset = crate::scan::whole_number(text, offset_at)?;
        let offset = str::from_utf8(&text[offset_at..behind_offset]).ok()?.parse().ok()?;
        if text.get(id..id + RUN_BYTES)? != run
            || !is_place(&text[id + RUN_BYTES..id + ID_BYTES], offset)
        {
            return None;
        }
        let mut event = Self {
            timestamp,
            created,
            ingested,
            run,
            offset,
            id,
            names,
            behind_created,
            behind_offset,
            level: None,
            status: None,
            has_http: false,
            has_error: false,
            is_marked: false,
            message: None,
            service: None,
            duration,
            is_countable: true,
            trace: None,
            span: None,
            transaction: None,
            address: None,
            attributes: 0,
            shape: 1,
            stands_apart: false,
        };
        let at = event.read_log(text, behind_offset, &mut seen)?;
        event.read_rest(text, at, &mut seen)?;
        event.stands_apart |= seen.time || seen.deep_list;
        Some(event)
    }

    /// The members of `log` behind its offset; answers with the place behind the object.
    fn read_log(&mut self, text: &'a [u8], at: usize, seen: &mut Seen) -> Option<usize> {
        let mut place = at;
        loop {
            match *text.get(place)? {
                b'}' => return Some(place + 1),
                b',' => {}
                _ => return None,
            }
            let behind = string(text, place + 1)?;
            let begin = word(text, behind, b":")?;
            let end = value(text, begin, 0, seen)?;
            match &text[place + 1..behind] {
                b"\"level\"" => {
                    self.level = Some(
                        text_of(text, begin, end)
                            .filter(|level| level.len() <= MOST_LEVEL_BYTES)?,
                    )
                }
                b"\"source\"" | b"\"offset\"" => return None,
                _ => {}
            }
            place = end;
        }
    }

    fn read_rest(&mut self, text: &'a [u8], at: usize, seen: &mut Seen) -> Option<()> {
        let mut known: [&[u8]; MOST_MEMBERS] = [b""; MOST_MEMBERS];
        let mut place = at;
        for number in 0..MOST_MEMBERS {
            match *text.get(place)? {
                b'}' => return (place + 1 == text.len()).then_some(()),
                b',' => {}
                _ => return None,
            }
            let behind = string(text, place + 1)?;
            let name = &text[place + 1..behind];
            if known[..number].contains(&name) {
                return None;
            }
            known[number] = name;
            place = self.read_member(text, name, word(text, behind, b":")?, seen)?;
        }
        None
    }

    fn read_member(
        &mut self,
        text: &'a [u8],
        name: &[u8],
        at: usize,
        seen: &mut Seen,
    ) -> Option<usize> {
        match name {
            b"\"message\"" => {
                let behind = string(text, at)?;
                self.message = Some(&text[at + 1..behind - 1]);
                Some(behind)
            }
            b"\"attributes\"" => {
                word(text, at, b"{")?;
                let mut own = Seen { names: 1, ..Seen::default() };
                let behind = object(text, at, 0, &mut own)?;
                self.attributes = own.names;
                self.shape = (own.names ^ own.kinds.rotate_left(32)).max(1);
                self.stands_apart |= own.time || own.deep_list;
                Some(behind)
            }
            b"\"trace\"" => {
                only(text, at, b"{\"id\":").map(|(id, behind)| (self.trace = Some(id), behind).1)
            }
            b"\"span\"" => {
                only(text, at, b"{\"id\":").map(|(id, behind)| (self.span = Some(id), behind).1)
            }
            b"\"transaction\"" => only(text, at, b"{\"id\":")
                .map(|(id, behind)| (self.transaction = Some(id), behind).1),
            b"\"service\"" => match only(text, at, b"{\"name\":") {
                Some((name, behind)) => {
                    self.service = Some(name);
                    seen.time |= looks_like_time(name);
                    Some(behind)
                }
                None => {
                    self.is_countable = false;
                    an_object(text, at, seen)
                }
            },
            b"\"client\"" => {
                only(text, at, b"{\"ip\":").map(|(ip, behind)| (self.address = Some(ip), behind).1)
            }
            b"\"http\"" => {
                self.has_http = true;
                let behind = an_object(text, at, seen)?;
                self.status = Some(status_in(&text[at..behind])?);
                Some(behind)
            }
            b"\"error\"" => {
                let detected = behind_mark(text, at);
                self.is_marked |= detected.is_some();
                self.has_error = detected.is_none();
                detected.or_else(|| value(text, at, 0, seen))
            }
            b"\"tags\"" => {
                self.is_marked = true;
                behind_strings(text, at)
            }
            b"\"@timestamp\"" | b"\"event\"" | b"\"log\"" => None,
            _ => an_object(text, at, seen),
        }
    }
}

/// Where the member `id` of `event` begins, with the comma before it, and the event's duration.
fn own_members<'a>(
    text: &'a [u8],
    at: usize,
    seen: &mut Seen,
) -> Option<(usize, Option<&'a [u8]>)> {
    let mut place = at;
    let mut duration = None;
    loop {
        let comma = usize::from(place > at);
        if comma == 1 {
            word(text, place, b",")?;
        }
        if word(text, place + comma, b"\"id\":").is_some() {
            return Some((place, duration));
        }
        let behind = string(text, place + comma)?;
        let name = &text[place + comma..behind];
        if name == b"\"original\"" {
            return None;
        }
        let begin = word(text, behind, b":")?;
        place = value(text, begin, 0, seen)?;
        if name == b"\"duration\"" {
            duration = Some(&text[begin..place]).filter(|value| is_number(value));
        }
    }
}

fn is_number(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'-' | b'0'..=b'9'))
}

fn an_object(text: &[u8], at: usize, seen: &mut Seen) -> Option<usize> {
    word(text, at, b"{")?;
    object(text, at, 0, seen)
}

/// The place behind a list of strings.
fn behind_strings(text: &[u8], at: usize) -> Option<usize> {
    let mut place = word(text, at, b"[")?;
    if text.get(place) == Some(&b']') {
        return Some(place + 1);
    }
    loop {
        place = string(text, place)?;
        match *text.get(place)? {
            b',' => place += 1,
            b']' => return Some(place + 1),
            _ => return None,
        }
    }
}

fn time(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let time = text.get(at..at + times::LENGTH)?;
    Some((time, word(text, at + times::LENGTH, b"\"")?))
}

/// The text of a string without escapes that is not empty.
fn text_of(text: &[u8], begin: usize, end: usize) -> Option<&[u8]> {
    let inner = text.get(begin + 1..end.checked_sub(1)?)?;
    (text[begin] == b'"' && !inner.is_empty() && !inner.contains(&b'\\')).then_some(inner)
}

/// The only member of an object.
fn only<'a>(text: &'a [u8], at: usize, front: &[u8]) -> Option<(&'a [u8], usize)> {
    let begin = word(text, at, front)?;
    let end = string(text, begin)?;
    Some((text_of(text, begin, end)?, word(text, end, b"}")?))
}

/// The place behind what the processor says of an error: why it is one, and its fingerprint.
fn behind_mark(text: &[u8], at: usize) -> Option<usize> {
    let begin = word(text, at, b"{\"detected_by\":")?;
    let end = string(text, begin)?;
    text_of(text, begin, end)?;
    let Some(begin) = word(text, end, b",\"fingerprint\":") else {
        return word(text, end, b"}");
    };
    let end = string(text, begin)?;
    text_of(text, begin, end)?;
    word(text, end, b"}")
}

/// The digits of the status in `http`; the shipper writes it once, as a number, and first.
fn status_in(http: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"response\":{\"status_code\":";
    let mut places = http.windows(NAME.len()).enumerate().filter(|(_, part)| *part == NAME);
    let (at, _) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let rest = &http[at + NAME.len()..];
    let count = rest.iter().take_while(|sign| sign.is_ascii_digit()).count();
    (count > 0 && matches!(rest.get(count), Some(b',' | b'}'))).then_some(&rest[..count])
}

/// Nine digits of base32hex that name an offset.
fn is_place(name: &[u8], offset: u64) -> bool {
    name == place_name(offset)
}

pub fn place_name(offset: u64) -> [u8; 9] {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut name = [0_u8; 9];
    for (place, digit) in name.iter_mut().rev().enumerate() {
        *digit = DIGITS[(offset >> (5 * place) & 31) as usize];
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"@timestamp":"2026-11-21T06:24:28.566Z","event":{"duration":5,"#,
        r#""id":"mp2851rqn1642000000400","created":"2026-11-21T07:00:00.116Z"},"#,
        r#""log":{"source":"mp2851rqn1642","offset":4096,"level":"info","file":{"path":"/a"}},"message":"it, 가나다\t","#,
        r#""trace":{"id":"t"},"attributes":{"a":[1],"at":"x"}}"#,
    );

    #[test]
    fn an_event_of_ours_is_read() {
        let event = Usual::read(TEXT.as_bytes()).expect("it is usual");
        assert_eq!(event.offset, 4096);
        assert_eq!(event.level, Some(&b"info"[..]));
        assert_eq!(event.trace, Some(&b"t"[..]));
        assert_eq!(&TEXT[event.names.clone()][..6], ",\"id\":");
        assert!(TEXT[event.behind_created..].starts_with("},\"log\""));
        assert!(TEXT[event.behind_offset..].starts_with(",\"level\""));
        assert!(!event.stands_apart);
    }

    #[test]
    fn whatever_is_laid_out_otherwise_is_not() {
        for (old, new) in [
            ("4096", "4097"),
            ("400\"", "401\""),
            ("\"message\"", "\"trace\""),
            ("}}", "}} "),
            ("info", "information"),
            ("{\"id\":\"t\"}", "{\"id\":\"\"}"),
        ] {
            assert!(Usual::read(TEXT.replacen(old, new, 1).as_bytes()).is_none(), "{new}");
        }
    }
}
