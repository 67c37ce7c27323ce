//! Many index entries, read from their JSON into one flat list of values that tantivy walks along.
//!
//! Nothing is allocated for a single entry or value: texts lie in the chunk's buffer, and an object
//! or array is followed by what it holds.

use std::mem::size_of;
use std::net::{IpAddr, Ipv6Addr};
use std::str;
use std::sync::Arc;

use tantivy::schema::{Field, Schema};

use crate::reading;
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

/// What a field of the index takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Signed,
    Unsigned,
    Text,
    Address,
    Object,
}

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

/// The fields of an index by their names.
pub struct Fields(Vec<(String, Field, Kind)>);

impl Fields {
    /// None for a schema with fields that are not known here.
    pub fn of(schema: &Schema) -> Option<Self> {
        use tantivy::schema::FieldType;
        let kind = |of: &FieldType| match of {
            FieldType::I64(_) => Some(Kind::Signed),
            FieldType::U64(_) => Some(Kind::Unsigned),
            FieldType::Str(_) => Some(Kind::Text),
            FieldType::IpAddr(_) => Some(Kind::Address),
            FieldType::JsonObject(_) => Some(Kind::Object),
            _ => None,
        };
        schema
            .fields()
            .map(|(field, entry)| Some((entry.name().to_owned(), field, kind(entry.field_type())?)))
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }

    pub fn find(&self, name: &str) -> Option<(Field, Kind)> {
        self.0.iter().find(|(own, _, _)| own == name).map(|(_, field, kind)| (*field, *kind))
    }
}

impl Chunk {
    /// Reads entries, one a line, up to the first that is no entry of such an index.
    pub fn read(text: Arc<str>, fields: &Fields, place: Place) -> Arc<Self> {
        let mut chunk = Self {
            text: text.clone(),
            unescaped: String::new(),
            nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
            addresses: Vec::new(),
            members: Vec::new(),
            ends: Vec::new(),
            _place: place,
        };
        for line in text.split_terminator('\n') {
            let begin = line.as_ptr() as usize - text.as_ptr() as usize;
            let (nodes, members) = (chunk.nodes.len(), chunk.members.len());
            if reading::entry(line, begin, fields, &mut chunk).is_err() {
                chunk.nodes.truncate(nodes);
                chunk.members.truncate(members);
                break;
            }
            chunk.ends.push(chunk.members.len() as u32);
        }
        chunk.nodes.shrink_to_fit();
        Arc::new(chunk)
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

/// An address as tantivy keeps it.
pub fn address(text: &str) -> Option<Ipv6Addr> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    })
}
