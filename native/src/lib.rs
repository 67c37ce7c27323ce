//! The loops that look at every byte of every line, behind a C interface that knows only buffers.
//!
//! Python decides what is to be done (`shipper/events/splicing.py` learns shapes, `shipper/redaction/redact.py` makes
//! the automaton), and does whatever is unusual. Nothing here allocates anything that outlives a call,
//! and no input can make it panic, or read or write outside of what it was given.

mod answer;
mod automaton;
mod bulk;
mod bytes;
mod entry;
mod event;
mod hits;
mod json;
mod out;
mod prepare;
mod program;
mod records;
mod scan;
mod splice;
mod stretches;
mod tally;
mod times;
mod words;
mod xxh3;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;

use automaton::Automaton;
use bulk::{actions, Actions, Sources};
use entry::{entries, Entries, Events};
use hits::{hits, Cut};
use out::Out;
use prepare::{prepare, Documents, Messages, Used};
use program::Program;
use records::{records, Run};
use splice::{splice, Given, Made};
use stretches::{Columns, Found};

/// Raised by one with every change of an argument; the binding refuses a library of another number.
const INTERFACE: u32 = 14;

const MALFORMED: i64 = -1;
const PANICKED: i64 = -2;

#[no_mangle]
pub extern "C" fn logboom_interface() -> u32 {
    INTERFACE
}

/// A buffer that Python owns for as long as the call takes.
#[repr(C)]
pub struct Bytes {
    data: *const u8,
    length: usize,
}

impl Bytes {
    /// # Safety
    /// `data` must be valid for `length` bytes while the answer is used.
    unsafe fn slice(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        unsafe { slice::from_raw_parts(self.data, self.length) }
    }
}

/// Makes events of JSON lines of known shapes.
///
/// The event of line n begins `places[n]` bytes behind `offset` in its source.
/// `states` holds one byte for each line: 0 on entry for lines to be looked at; on return 1 where an
/// event was made, 2 where one was made whose line may hold a secret. `ends[n]` is where the event of line n ends in
/// `out` (for lines without one: where the one before ends). `times` takes 24 bytes for each line, and
/// leaves one alone.
///
/// Returns how many bytes of `out` are used, or a negative number: -1 for a malformed program or
/// automaton, -2 for a bug; then nothing of the answer means anything. Lines whose events do not fit
/// into `out` are left alone.
///
/// # Safety
/// All pointers must be valid for the lengths given: `starts`, `stops`, `places`, `states` and `ends` for
/// `count` elements, `times` for 25 times as many bytes.
#[no_mangle]
pub unsafe extern "C" fn logboom_splice(
    text: Bytes,
    program: Bytes,
    automaton: Bytes,
    run: Bytes,
    created: Bytes,
    offset: u64,
    count: usize,
    starts: *const u32,
    stops: *const u32,
    places: *const u32,
    states: *mut u8,
    ends: *mut u32,
    times: *mut u8,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (given, made) = unsafe {
        (
            Given {
                text: text.slice(),
                starts: slice::from_raw_parts(starts, count),
                stops: slice::from_raw_parts(stops, count),
                places: slice::from_raw_parts(places, count),
                run: run.slice(),
                created: created.slice(),
                offset,
            },
            Made {
                states: slice::from_raw_parts_mut(states, count),
                ends: slice::from_raw_parts_mut(ends, count),
                times: slice::from_raw_parts_mut(times, count * (splice::TIME_BYTES + 1)),
                out: slice::from_raw_parts_mut(out, capacity),
            },
        )
    };
    let (program, automaton) = unsafe { (program.slice(), automaton.slice()) };
    let work = || -> Option<usize> {
        let program = Program::read(program)?;
        let automaton = Automaton::read(automaton)?;
        Some(splice(&program, &automaton, &given, made))
    };
    guarded(work)
}

/// Looks for hints of secrets in lines: `states[n]` becomes 1 where line n may hold one.
///
/// Returns 0, or a negative number as `logboom_splice` does.
///
/// # Safety
/// All pointers must be valid for the lengths given: `starts`, `stops` and `states` for `count` elements.
#[no_mangle]
pub unsafe extern "C" fn logboom_suspects(
    text: Bytes,
    automaton: Bytes,
    count: usize,
    starts: *const u32,
    stops: *const u32,
    states: *mut u8,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (text, automaton, starts, stops, states) = unsafe {
        (
            text.slice(),
            automaton.slice(),
            slice::from_raw_parts(starts, count),
            slice::from_raw_parts(stops, count),
            slice::from_raw_parts_mut(states, count),
        )
    };
    let work = || {
        let automaton = Automaton::read(automaton)?;
        for ((start, stop), state) in starts.iter().zip(stops).zip(states) {
            let line = text.get(*start as usize..*stop as usize)?;
            *state = u8::from(automaton.finds(line));
        }
        Some(0)
    };
    guarded(work)
}

/// Makes documents of messages (`prepare.rs`): `states` and `ends` take a value each, `ids` the ids
/// with a line break behind each, `day` the 10 bytes of their common day, `tally`
/// what is counted of them, `ids_used` and `tally_used` how many bytes of those are used.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 when
/// a buffer is too small.
///
/// # Safety
/// All pointers must be valid for the lengths given, or for `count` elements.
#[no_mangle]
pub unsafe extern "C" fn logboom_prepare(
    text: Bytes,
    ingested: Bytes,
    count: usize,
    message_ends: *const u32,
    duration_ends: *const f64,
    duration_ends_count: usize,
    states: *mut u8,
    day: *mut u8,
    ids: *mut u8,
    ids_capacity: usize,
    ids_used: *mut u64,
    tally: *mut u8,
    tally_capacity: usize,
    tally_used: *mut u64,
    ends: *mut u32,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (messages, documents, day, ids_used, tally_used) = unsafe {
        (
            Messages {
                text: text.slice(),
                ends: slice::from_raw_parts(message_ends, count),
                ingested: ingested.slice(),
                duration_ends: slice::from_raw_parts(duration_ends, duration_ends_count),
            },
            Documents {
                states: slice::from_raw_parts_mut(states, count),
                ids: slice::from_raw_parts_mut(ids, ids_capacity),
                ends: slice::from_raw_parts_mut(ends, count),
                out: slice::from_raw_parts_mut(out, capacity),
                tally: slice::from_raw_parts_mut(tally, tally_capacity),
            },
            &mut *day.cast::<[u8; 10]>(),
            &mut *ids_used,
            &mut *tally_used,
        )
    };
    let work = || {
        let used = prepare(&messages, documents, day)?;
        *tally_used = used.tally as u64;
        told(used, ids_used)
    };
    guarded(work)
}

/// Makes index entries of stored events (`entry.rs`): `states`, `offsets` and `attributes` take a
/// value each, `ids` and `out` the ids and the entries with a line break behind each, and `ids_used`
/// how many bytes of `ids` are used.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 when
/// a buffer is too small.
///
/// # Safety
/// All pointers must be valid for the lengths given, or for `count` elements.
#[no_mangle]
pub unsafe extern "C" fn logboom_entries(
    text: Bytes,
    day_start_us: i64,
    first: u64,
    count: usize,
    event_ends: *const u32,
    states: *mut u8,
    offsets: *mut u64,
    attributes: *mut u64,
    ids: *mut u8,
    ids_capacity: usize,
    ids_used: *mut u64,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (events, made, ids_used) = unsafe {
        (
            Events {
                text: text.slice(),
                ends: slice::from_raw_parts(event_ends, count),
                day_start_us,
                first,
            },
            Entries {
                states: slice::from_raw_parts_mut(states, count),
                offsets: slice::from_raw_parts_mut(offsets, count),
                attributes: slice::from_raw_parts_mut(attributes, count),
                ids: slice::from_raw_parts_mut(ids, ids_capacity),
                out: slice::from_raw_parts_mut(out, capacity),
            },
            &mut *ids_used,
        )
    };
    guarded(|| told(entries(&events, made)?, ids_used))
}

/// Makes the lines of a bulk request (`bulk.rs`): `ends` and `shapes` take a value for each source.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 when
/// it is too small.
///
/// # Safety
/// All pointers must be valid for the lengths given, or for `count` elements.
#[no_mangle]
pub unsafe extern "C" fn logboom_actions(
    text: Bytes,
    ids: Bytes,
    front: Bytes,
    before_words: Bytes,
    behind_words: Bytes,
    count: usize,
    source_ends: *const u32,
    ends: *mut u32,
    shapes: *mut u64,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (sources, made) = unsafe {
        (
            Sources {
                text: text.slice(),
                ends: slice::from_raw_parts(source_ends, count),
                ids: ids.slice(),
                front: front.slice(),
                before_words: before_words.slice(),
                behind_words: behind_words.slice(),
            },
            Actions {
                ends: slice::from_raw_parts_mut(ends, count),
                shapes: slice::from_raw_parts_mut(shapes, count),
                out: slice::from_raw_parts_mut(out, capacity),
            },
        )
    };
    guarded(|| actions(&sources, made))
}

fn told(used: Used, ids_used: &mut u64) -> Option<usize> {
    *ids_used = used.ids as u64;
    Some(used.out)
}

/// Writes messages of one key as Kafka's records (`records.rs`): value n is what stands before
/// `value_ends[n]` in `text`, from where the one before ends; the first one begins at `begin`.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 also
/// when they do not fit.
///
/// # Safety
/// All pointers must be valid for the lengths given, `value_ends` for `count` elements.
#[no_mangle]
pub unsafe extern "C" fn logboom_records(
    text: Bytes,
    key: Bytes,
    begin: usize,
    first: u64,
    count: usize,
    value_ends: *const u32,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    if count == 0 {
        return 0;
    }
    let (run, out) = unsafe {
        let ends = slice::from_raw_parts(value_ends, count);
        (
            Run { text: text.slice(), begin, ends, key: key.slice(), first },
            slice::from_raw_parts_mut(out, capacity),
        )
    };
    guarded(|| records(&run, out))
}

/// Cuts the documents out of an answer of Elasticsearch's (`hits.rs`): `places` takes three values for
/// each of them, `told` how many there are and where their list begins and ends in the answer. `own` is
/// the name of the object that is not handed on.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 for an
/// answer that is left to Python, or with more than `most` documents.
///
/// # Safety
/// All pointers must be valid for the lengths given: `places` for three times `most` elements, `told`
/// for three.
#[no_mangle]
pub unsafe extern "C" fn logboom_hits(
    text: Bytes,
    own: Bytes,
    most: usize,
    places: *mut u32,
    told: *mut u32,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    let (text, own, cut) = unsafe {
        (
            text.slice(),
            own.slice(),
            Cut {
                places: slice::from_raw_parts_mut(places, most * hits::PLACES),
                out: Out { bytes: slice::from_raw_parts_mut(out, capacity), used: 0 },
                told: &mut *told.cast::<[u32; 3]>(),
            },
        )
    };
    guarded(|| hits(text, own, cut))
}

/// Reads counts over time out of an answer of Elasticsearch's: `stretches::Found` says what is told of them.
///
/// Returns 0, or a negative number as `logboom_splice` does: -1 for an answer that is left to Python, or
/// with more than `rows` stretches or `columns` values.
///
/// # Safety
/// All pointers must be valid for the lengths given: `starts` for `rows` elements, `counts` for `rows`
/// times one more than `columns`, `values` for twice `columns`, `told` for four.
#[no_mangle]
pub unsafe extern "C" fn logboom_read_stretches(
    text: Bytes,
    rows: usize,
    columns: usize,
    starts: *mut i64,
    counts: *mut u64,
    values: *mut u32,
    told: *mut u32,
) -> i64 {
    let (text, found) = unsafe {
        (
            text.slice(),
            Found {
                starts: slice::from_raw_parts_mut(starts, rows),
                counts: slice::from_raw_parts_mut(counts, rows * (columns + 1)),
                values: slice::from_raw_parts_mut(values, columns * 2),
                told: &mut *told.cast::<[u32; 4]>(),
            },
        )
    };
    guarded(|| stretches::read(text, found))
}

/// Writes counts over time as JSON: `stretches::Columns` says what is given of them.
///
/// Returns how many bytes of `out` are used, or a negative number as `logboom_splice` does: -1 for what
/// is left to Python.
///
/// # Safety
/// All pointers must be valid for the lengths given: `starts` for `rows` elements, `counts` for `rows`
/// times one more than `columns`, `value_ends` for `columns`.
#[no_mangle]
pub unsafe extern "C" fn logboom_write_stretches(
    values: Bytes,
    rows: usize,
    columns: usize,
    starts: *const i64,
    counts: *const u64,
    value_ends: *const u32,
    out: *mut u8,
    capacity: usize,
) -> i64 {
    let (columns, out) = unsafe {
        (
            Columns {
                starts: slice::from_raw_parts(starts, rows),
                counts: slice::from_raw_parts(counts, rows * (columns + 1)),
                values: values.slice(),
                value_ends: slice::from_raw_parts(value_ends, columns),
            },
            Out { bytes: slice::from_raw_parts_mut(out, capacity), used: 0 },
        )
    };
    guarded(|| stretches::write(columns, out))
}

fn guarded(work: impl FnOnce() -> Option<usize>) -> i64 {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Some(used)) => used as i64,
        Ok(None) => MALFORMED,
        Err(_) => PANICKED,
    }
}
