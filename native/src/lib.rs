//! The loops that look at every byte of every line, behind a C interface that knows only buffers.
//!
//! Python decides what is to be done (`shipper/splicing.py` learns shapes, `shipper/redact.py` makes
//! the automaton), and does whatever is unusual. Nothing here allocates anything that outlives a call,
//! and no input can make it panic, or read or write outside of what it was given.

mod automaton;
mod program;
mod scan;
mod splice;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;

use automaton::Automaton;
use program::Program;
use splice::{splice, Given, Made};

/// Raised by one with every change of an argument; the binding refuses a library of another number.
const INTERFACE: u32 = 2;

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
/// `states` holds one byte for each line: 0 on entry for lines to be looked at; on return 1 where an
/// event was made, 2 where one was made whose line may hold a secret. `ends[n]` is where the event of line n ends in
/// `out` (for lines without one: where the one before ends). `times` takes 24 bytes for each line.
///
/// Returns how many bytes of `out` are used, or a negative number: -1 for a malformed program or
/// automaton, -2 for a bug; then nothing of the answer means anything. Lines whose events do not fit
/// into `out` are left alone.
///
/// # Safety
/// All pointers must be valid for the lengths given: `starts`, `stops`, `states` and `ends` for
/// `count` elements, `times` for 24 times as many bytes.
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
                run: run.slice(),
                created: created.slice(),
                offset,
            },
            Made {
                states: slice::from_raw_parts_mut(states, count),
                ends: slice::from_raw_parts_mut(ends, count),
                times: slice::from_raw_parts_mut(times, count * splice::TIME_BYTES),
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
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Some(used)) => used as i64,
        Ok(None) => MALFORMED,
        Err(_) => PANICKED,
    }
}
