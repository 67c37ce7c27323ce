//! A day's index, as it is written to.

use std::path::Path;
use std::sync::Arc;

use tantivy::indexer::{IndexWriterOptions, UserOperation};
use tantivy::tokenizer::{LowerCaser, TextAnalyzer};
use tantivy::{Index, IndexWriter, TantivyError};

use crate::entry::Entry;
use crate::fields::Fields;
use crate::folder::Folder;
use crate::merging::Bounded;
use crate::reading;
use crate::room::Room;
use crate::words::Words;

const WORDS: &str = "words";
/// What is read together: so many entries, fewer if they are long.
const ENTRIES_AT_ONCE: usize = 1000;
const BYTES_AT_ONCE: usize = 1 << 20;
/// Bytes of entries that may wait; what is made of them takes about twice as much.
const MOST_WAITING_BYTES: usize = 6 << 20;

/// Takes in entries and makes them visible.
pub struct Writer {
    writer: IndexWriter<Entry>,
    fields: Fields,
    room: Room,
    folder: Folder,
}

impl Writer {
    /// Opens an index that is there for writing.
    pub fn open(path: &Path, memory_bytes: usize) -> tantivy::Result<Self> {
        let folder = Folder::open(path)?;
        let index = Index::open(folder.clone())?;
        let words = TextAnalyzer::builder(Words::default()).filter(LowerCaser).build();
        index.tokenizers().register(WORDS, words);
        let fields = Fields::of(&index.schema())
            .ok_or_else(|| TantivyError::SchemaError("of another kind".to_owned()))?;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(memory_bytes)
            .num_merge_threads(1)
            .build();
        let writer = index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(Bounded::new(memory_bytes)));
        Ok(Self { writer, fields, room: Room::new(MOST_WAITING_BYTES), folder })
    }

    /// Adds entries up to the first that is none; answers with their number.
    pub fn add(&self, entries: &str) -> tantivy::Result<usize> {
        self.folder.give_back(); // merges read for long before they write
        let mut added = 0;
        let mut rest = entries;
        while !rest.is_empty() {
            let (lines, behind) = first_lines(rest);
            let place = self.room.place(behind);
            let chunk = reading::read(Arc::from(&rest[..behind]), &self.fields, place);
            self.writer.run(Entry::all_of(&chunk).map(UserOperation::Add).collect::<Vec<_>>())?;
            added += chunk.ends.len();
            if chunk.ends.len() < lines {
                break;
            }
            rest = &rest[behind..];
        }
        Ok(added)
    }

    pub fn commit(&mut self) -> tantivy::Result<()> {
        self.writer.commit().map(|_| ())
    }

    pub fn wait_for_merges(self) -> tantivy::Result<()> {
        self.writer.wait_merging_threads()
    }
}

/// How many lines are read together next, at least one, and where they end.
fn first_lines(text: &str) -> (usize, usize) {
    let mut lines = 0;
    let mut behind = 0;
    for line in text.split_inclusive('\n').take(ENTRIES_AT_ONCE) {
        if lines > 0 && behind + line.len() > BYTES_AT_ONCE {
            break;
        }
        lines += 1;
        behind += line.len();
    }
    (lines, behind)
}
