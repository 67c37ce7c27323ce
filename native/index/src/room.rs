//! How many chunks may wait for tantivy's thread. Its own queue counts calls, not entries.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Taken {
    count: Mutex<usize>,
    changed: Condvar,
}

/// Room for a number of chunks.
#[derive(Debug)]
pub struct Room {
    taken: Arc<Taken>,
    most: usize,
}

/// One chunk's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place(Arc<Taken>);

impl Room {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Waits for a place, but not for ever: tantivy says by itself when its thread has died.
    pub fn place(&self) -> Place {
        let count = self.taken.count.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut count, _) = self
            .taken
            .changed
            .wait_timeout_while(count, PATIENCE, |count| *count >= self.most)
            .unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        Place(self.taken.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.changed.notify_one();
    }
}
