//! What is counted of events, added up (`processor/tallying.py`).

use std::collections::HashMap;

use crate::event::Usual;
use crate::out::Out;

const MINUTE_BYTES: usize = 16;
const CODE_DIGITS: usize = 3;

/// What events are counted by: service, level, whether they are errors, class of their status.
type Key<'a> = (&'a [u8], &'a [u8], bool, u8);

/// Durations of one service.
struct Durations {
    counts: Vec<u64>,
    sum: f64,
}

/// Counts of events.
pub struct Tally<'a> {
    /// Ends of the durations' buckets, ns, ascending; one more bucket lies behind the last.
    ends: &'a [f64],
    events: HashMap<Key<'a>, u64>,
    durations: HashMap<&'a [u8], Durations>,
    minutes: Vec<&'a [u8]>,
}

impl<'a> Tally<'a> {
    pub fn new(ends: &'a [f64]) -> Self {
        Self { ends, events: HashMap::new(), durations: HashMap::new(), minutes: Vec::new() }
    }

    /// Counts an event; false for one that Python has to look at.
    pub fn add(&mut self, event: &Usual<'a>, is_error: bool) -> bool {
        let duration = event.duration.map(number);
        if !event.is_countable || event.is_marked || duration == Some(None) {
            return false;
        }
        let service = event.service.unwrap_or_default();
        let key = (service, event.level.unwrap_or_default(), is_error, class_of(event.status));
        *self.events.entry(key).or_default() += 1;
        if let Some(Some(duration)) = duration {
            self.add_duration(service, duration);
        }
        let minute = &event.timestamp[..MINUTE_BYTES];
        if self.minutes.last() != Some(&minute) && !self.minutes.contains(&minute) {
            self.minutes.push(minute);
        }
        true
    }

    fn add_duration(&mut self, service: &'a [u8], duration: f64) {
        let bucket = self.ends.partition_point(|end| *end < duration);
        let durations = self
            .durations
            .entry(service)
            .or_insert_with(|| Durations { counts: vec![0; self.ends.len() + 1], sum: 0.0 });
        durations.counts[bucket] += 1;
        durations.sum += duration.max(0.0);
    }

    /// Writes it down, one count a line, its parts separated by tabs; None when there is no room.
    pub fn write(&self, out: &mut Out) -> Option<()> {
        for ((service, level, is_error, class), count) in &self.events {
            out.put(b"event\t")?;
            out.put(service)?;
            out.put(b"\t")?;
            out.put(level)?;
            out.put(b"\t")?;
            out.put_number(u64::from(*is_error))?;
            out.put(b"\t")?;
            out.put_number(u64::from(*class))?;
            out.put(b"\t")?;
            out.put_number(*count)?;
            out.put(b"\n")?;
        }
        for (service, durations) in &self.durations {
            out.put(b"duration\t")?;
            out.put(service)?;
            out.put(b"\t")?;
            out.put(durations.sum.to_string().as_bytes())?;
            for count in &durations.counts {
                out.put(b"\t")?;
                out.put_number(*count)?;
            }
            out.put(b"\n")?;
        }
        for minute in &self.minutes {
            out.put(b"minute\t")?;
            out.put(minute)?;
            out.put(b"\n")?;
        }
        Some(())
    }
}

/// None for what is no finite number.
fn number(text: &[u8]) -> Option<f64> {
    let number = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    number.is_finite().then_some(number)
}

/// The first digit of a status from 100 to 599; 0 for any other and for none.
fn class_of(status: Option<&[u8]>) -> u8 {
    match status {
        Some(code) if code.len() == CODE_DIGITS && (b'1'..=b'5').contains(&code[0]) => {
            code[0] - b'0'
        }
        _ => 0,
    }
}
