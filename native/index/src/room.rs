//! How many bytes of entries may wait for tantivy's thread. Its own queue counts calls.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Taken {
    bytes: Mutex<usize>,
    changed: Condvar,
}

/// Room for so many bytes.
#[derive(Debug)]
pub struct Room {
    taken: Arc<Taken>,
    most: usize,
}

/// One chunk's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    taken: Arc<Taken>,
    bytes: usize,
}

impl Room {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Waits for a place, but not for ever: tantivy says by itself when its thread has died. What is
    /// larger than the room has it alone.
    pub fn place(&self, bytes: usize) -> Place {
        let taken = self.taken.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, _) = self
            .taken
            .changed
            .wait_timeout_while(taken, PATIENCE, |taken| *taken > 0 && *taken + bytes > self.most)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        Place { taken: self.taken.clone(), bytes }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.taken.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.taken.changed.notify_all();
    }
}
