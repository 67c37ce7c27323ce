//! Fills a day's index of the embedded store: `logboom/store/local/index_writer.py` calls it.
//!
//! A function that fails writes why into the buffer that it is given.

mod chunk;
mod entry;
mod fields;
mod folder;
mod merging;
mod reading;
mod room;
mod words;
mod writer;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::{ptr, slice, str};

use crate::writer::Writer;

const INTERFACE: u32 = 2;
const FAILED: i64 = -1;

#[no_mangle]
pub extern "C" fn logboom_index_interface() -> u32 {
    INTERFACE
}

/// Bytes that the caller keeps during a call.
#[repr(C)]
pub struct Bytes {
    data: *const u8,
    length: usize,
}

impl Bytes {
    unsafe fn text(&self) -> Result<&str, String> {
        let bytes = if self.length == 0 {
            &[]
        } else {
            unsafe { slice::from_raw_parts(self.data, self.length) }
        };
        str::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

/// Where to write why something has failed: as much of it as there is room for.
#[repr(C)]
pub struct Reason {
    data: *mut u8,
    capacity: usize,
    used: usize,
}

impl Reason {
    fn tell(&mut self, why: &str) {
        self.used = why.len().min(self.capacity);
        unsafe { ptr::copy_nonoverlapping(why.as_ptr(), self.data, self.used) }
    }
}

/// Opens an index; null when that fails.
///
/// # Safety
/// All pointers must be valid for the lengths given.
#[no_mangle]
pub unsafe extern "C" fn logboom_index_open(
    path: Bytes,
    memory_bytes: usize,
    reason: *mut Reason,
) -> *mut Writer {
    let reason = unsafe { &mut *reason };
    let open = || {
        let path = unsafe { path.text() }?;
        Writer::open(Path::new(path), memory_bytes).map_err(|error| error.to_string())
    };
    match guarded(open) {
        Ok(writer) => Box::into_raw(Box::new(writer)),
        Err(why) => {
            reason.tell(&why);
            ptr::null_mut()
        }
    }
}

/// Adds entries, one a line, up to the first that is refused; answers with how many were added, or
/// -1 when the index has failed.
///
/// # Safety
/// `writer` must be of `logboom_index_open` and not closed; all pointers valid for the lengths given.
#[no_mangle]
pub unsafe extern "C" fn logboom_index_add(
    writer: *const Writer,
    entries: Bytes,
    reason: *mut Reason,
) -> i64 {
    let (writer, reason) = unsafe { (&*writer, &mut *reason) };
    let add = || {
        let entries = unsafe { entries.text() }?;
        writer.add(entries).map_err(|error| error.to_string())
    };
    counted(guarded(add), reason)
}

/// Makes everything added visible; -1 when that fails.
///
/// # Safety
/// As for `logboom_index_add`; no other call may use the writer meanwhile.
#[no_mangle]
pub unsafe extern "C" fn logboom_index_commit(writer: *mut Writer, reason: *mut Reason) -> i64 {
    let (writer, reason) = unsafe { (&mut *writer, &mut *reason) };
    counted(guarded(|| writer.commit().map_err(|error| error.to_string()).map(|()| 0)), reason)
}

/// Lets go of an index, after merges under way if they are waited for; -1 when those have failed.
/// The writer is no more in either case.
///
/// # Safety
/// As for `logboom_index_commit`.
#[no_mangle]
pub unsafe extern "C" fn logboom_index_close(
    writer: *mut Writer,
    waits: bool,
    reason: *mut Reason,
) -> i64 {
    let (writer, reason) = unsafe { (Box::from_raw(writer), &mut *reason) };
    let close = || {
        if waits {
            writer.wait_for_merges().map_err(|error| error.to_string())?;
        }
        Ok(0)
    };
    counted(guarded(close), reason)
}

fn counted(answer: Result<usize, String>, reason: &mut Reason) -> i64 {
    match answer {
        Ok(count) => count as i64,
        Err(why) => {
            reason.tell(&why);
            FAILED
        }
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("a bug in the index".to_owned()))
}
