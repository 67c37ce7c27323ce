//! The folder of an index, of whose files only what was read lately stays in the process's memory.
//!
//! A merge reads its segments from end to end. All their pages would be the process's until it ends:
//! hundreds of megabytes on a day of ten million events.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use stable_deref_trait::StableDeref;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, OwnedBytes,
    TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};

/// So much is written before what was read meanwhile is given back: a merge reads about as much.
const GIVE_BACK_BYTES: usize = 8 << 20;

/// A file in memory, as long as anybody reads in it.
struct Mapped(OwnedBytes);

/// One reader's hold on it.
struct Held(Arc<Mapped>);

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0 .0
    }
}

// Safety: a mapping stays where it is.
unsafe impl StableDeref for Held {}

impl Mapped {
    /// Takes its pages out of this process; what is read again comes from the system's cache.
    fn give_back(&self) {
        let bytes = self.0.as_slice();
        if !bytes.is_empty() {
            // Safety: of a file that nobody changes. What is refused stays as it was.
            unsafe { libc::madvise(bytes.as_ptr() as *mut _, bytes.len(), libc::MADV_DONTNEED) };
        }
    }
}

/// What is read, and how much was written.
#[derive(Default)]
struct Reading {
    mapped: Mutex<Vec<Weak<Mapped>>>,
    written: AtomicUsize,
}

impl Reading {
    fn note(&self, mapped: &Arc<Mapped>) {
        let mut all = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(mapped));
    }

    fn wrote(&self, bytes: usize) {
        let before = self.written.fetch_add(bytes, Ordering::Relaxed);
        if before / GIVE_BACK_BYTES != (before + bytes) / GIVE_BACK_BYTES {
            self.give_back();
        }
    }

    fn give_back(&self) {
        let all = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|mapped| mapped.give_back());
    }
}

/// tantivy's own folder, but for the memory that reading takes.
#[derive(Clone)]
pub struct Folder {
    files: MmapDirectory,
    reading: Arc<Reading>,
}

impl Folder {
    pub fn open(path: &Path) -> tantivy::Result<Self> {
        Ok(Self { files: MmapDirectory::open(path)?, reading: Arc::default() })
    }

    /// Takes out of this process what was read; what is read again comes from the system's cache.
    pub fn give_back(&self) {
        self.reading.give_back();
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.files.fmt(out)
    }
}

impl Directory for Folder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let handle = self.files.get_file_handle(path)?;
        let bytes = handle
            .read_bytes(0..handle.len())
            .map_err(|error| OpenReadError::wrap_io_error(error, path.to_path_buf()))?;
        let mapped = Arc::new(Mapped(bytes));
        self.reading.note(&mapped);
        Ok(Arc::new(OwnedBytes::new(Held(mapped))))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = self.files.open_write(path)?;
        Ok(BufWriter::new(Box::new(Written { file, reading: self.reading.clone() })))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.files.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.files.atomic_write(path, data)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.files.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(callback)
    }
}

/// A file that is being written.
struct Written {
    file: WritePtr,
    reading: Arc<Reading>,
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.reading.wrote(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TerminatingWrite for Written {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_mut().terminate_ref(token)
    }
}
