//! Many index entries as one flat list of values that tantivy walks along.
//!
//! Nothing is allocated for a single entry or value: texts lie in the chunk's buffer, and an object
//! or array is followed by what it holds.

use std::mem::size_of;
use std::net::Ipv6Addr;
use std::sync::Arc;

use tantivy::schema::Field;

use crate::room::Place;

/// What an entry's JSON takes for each value, at the least usually; room that is left is given back.
const BYTES_PER_NODE: usize = 10;

/// A value of an entry, in 16 bytes. Objects hold a `Text` and a value by turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    /// ns since the epoch.
    Instant(i64),
    /// The number of the address in its chunk.
    Address(u32),
    /// A text in the buffer, as it stands in the JSON.
    Text {
        begin: u32,
        end: u32,
    },
    /// A text with escapes, among the texts that were written anew.
    Unescaped {
        begin: u32,
        end: u32,
    },
    /// The index of the node behind it.
    Array {
        behind: u32,
    },
    Object {
        behind: u32,
    },
}

/// A chunk has tens of them for each entry.
const _: () = assert!(size_of::<Node>() == 16);

/// One field of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub field: Field,
    pub node: u32,
}

/// Entries, ready for tantivy.
#[derive(Debug)]
pub struct Chunk {
    pub text: Arc<str>,
    pub unescaped: String,
    pub nodes: Vec<Node>,
    pub addresses: Vec<Ipv6Addr>,
    pub members: Vec<Member>,
    /// Where the members of each entry end.
    pub ends: Vec<u32>,
    _place: Place,
}

impl Chunk {
    /// Without entries yet.
    pub fn new(text: Arc<str>, place: Place) -> Self {
        Self {
            unescaped: String::new(),
            nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
            addresses: Vec::new(),
            members: Vec::new(),
            ends: Vec::new(),
            text,
            _place: place,
        }
    }

    pub fn str_at(&self, node: Node) -> &str {
        match node {
            Node::Text { begin, end } => &self.text[begin as usize..end as usize],
            Node::Unescaped { begin, end } => &self.unescaped[begin as usize..end as usize],
            _ => "",
        }
    }

    /// The index of the node behind a value.
    pub fn behind(&self, node: u32) -> u32 {
        match self.nodes[node as usize] {
            Node::Array { behind } | Node::Object { behind } => behind,
            _ => node + 1,
        }
    }

    /// The entry's members: those of its fields that the index has.
    pub fn members_of(&self, entry: usize) -> &[Member] {
        let begin = if entry == 0 { 0 } else { self.ends[entry - 1] as usize };
        &self.members[begin..self.ends[entry] as usize]
    }
}
