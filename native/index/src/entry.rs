//! An entry of a chunk, as tantivy's document.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf, Value};
use tantivy::schema::{Document, Field};
use tantivy::DateTime;

use crate::chunk::{Chunk, Member, Node};

/// One entry. It keeps its chunk.
pub struct Entry {
    chunk: Arc<Chunk>,
    number: usize,
}

impl Entry {
    pub fn all_of(chunk: &Arc<Chunk>) -> impl ExactSizeIterator<Item = Self> + '_ {
        (0..chunk.ends.len()).map(|number| Self { chunk: chunk.clone(), number })
    }
}

impl Document for Entry {
    type Value<'a> = Placed<'a>;
    type FieldsValuesIter<'a> = Members<'a>;

    fn iter_fields_and_values(&self) -> Members<'_> {
        Members { chunk: &self.chunk, rest: self.chunk.members_of(self.number).iter() }
    }
}

/// The fields of an entry with their values.
pub struct Members<'a> {
    chunk: &'a Chunk,
    rest: slice::Iter<'a, Member>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Field, Placed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.rest.next()?;
        Some((member.field, Placed { chunk: self.chunk, at: member.node }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

/// A value of a chunk.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    chunk: &'a Chunk,
    at: u32,
}

impl fmt::Debug for Placed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:?}", self.chunk.nodes[self.at as usize])
    }
}

impl<'a> Value<'a> for Placed<'a> {
    type ArrayIter = Values<'a>;
    type ObjectIter = Pairs<'a>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        let node = self.chunk.nodes[self.at as usize];
        ReferenceValue::Leaf(match node {
            Node::Array { behind } => {
                return ReferenceValue::Array(Values {
                    chunk: self.chunk,
                    rest: self.at + 1..behind,
                })
            }
            Node::Object { behind } => {
                let values = Values { chunk: self.chunk, rest: self.at + 1..behind };
                return ReferenceValue::Object(Pairs(values));
            }
            Node::Text { .. } | Node::Unescaped { .. } => {
                ReferenceValueLeaf::Str(self.chunk.str_at(node))
            }
            Node::Null => ReferenceValueLeaf::Null,
            Node::Bool(value) => ReferenceValueLeaf::Bool(value),
            Node::Signed(value) => ReferenceValueLeaf::I64(value),
            Node::Unsigned(value) => ReferenceValueLeaf::U64(value),
            Node::Float(value) => ReferenceValueLeaf::F64(value),
            Node::Instant(value) => ReferenceValueLeaf::Date(DateTime::from_timestamp_nanos(value)),
            Node::Address(value) => {
                ReferenceValueLeaf::IpAddr(self.chunk.addresses[value as usize])
            }
        })
    }
}

/// Values behind one another.
pub struct Values<'a> {
    chunk: &'a Chunk,
    rest: Range<u32>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Placed<'a>;

    fn next(&mut self) -> Option<Placed<'a>> {
        let at = self.rest.start;
        if at >= self.rest.end {
            return None;
        }
        self.rest.start = self.chunk.behind(at);
        Some(Placed { chunk: self.chunk, at })
    }
}

impl FusedIterator for Values<'_> {}

/// Names and values by turns.
pub struct Pairs<'a>(Values<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Placed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        let value = self.0.next()?;
        Some((name.chunk.str_at(name.chunk.nodes[name.at as usize]), value))
    }
}
