//! From the JSON of entries to the nodes of a chunk. Values are taken for what tantivy's own reading takes
//! them for: in objects, a text that is an RFC 3339 time is an instant.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use tantivy::schema::Field;
use tantivy::time::format_description::well_known::Rfc3339;
use tantivy::time::OffsetDateTime;
use tantivy::DateTime;

use crate::chunk::{Chunk, Member, Node};
use crate::fields::{Fields, Kind};
use crate::room::Place;

const SHORTEST_TIME: usize = 20;
const DATE_HYPHEN: usize = 4;

/// Reads entries, one a line, up to the first that is no entry of such an index.
pub fn read(text: Arc<str>, fields: &Fields, place: Place) -> Arc<Chunk> {
    let mut chunk = Chunk::new(text.clone(), place);
    for line in text.split_terminator('\n') {
        let begin = line.as_ptr() as usize - text.as_ptr() as usize;
        let (nodes, members) = (chunk.nodes.len(), chunk.members.len());
        if entry(line, begin, fields, &mut chunk).is_err() {
            chunk.nodes.truncate(nodes);
            chunk.members.truncate(members);
            break;
        }
        chunk.ends.push(chunk.members.len() as u32);
    }
    chunk.nodes.shrink_to_fit();
    Arc::new(chunk)
}

/// Appends an entry to a chunk.
///
/// `begin` is where the line stands in the chunk's text.
fn entry(
    line: &str,
    begin: usize,
    fields: &Fields,
    chunk: &mut Chunk,
) -> Result<(), serde_json::Error> {
    let mut source = serde_json::Deserializer::from_str(line);
    let reader = Reader { chunk, origin: line.as_ptr() as usize - begin };
    (&mut source).deserialize_map(Entry { reader, fields })?;
    source.end()
}

/// Writes values behind one another.
struct Reader<'c> {
    chunk: &'c mut Chunk,
    /// The address of the chunk's text, for places in it.
    origin: usize,
}

impl Reader<'_> {
    fn put(&mut self, node: Node) {
        self.chunk.nodes.push(node);
    }

    fn put_borrowed(&mut self, text: &str) {
        let begin = (text.as_ptr() as usize - self.origin) as u32;
        self.put(Node::Text { begin, end: begin + text.len() as u32 });
    }

    fn put_unescaped(&mut self, text: &str) {
        let begin = self.chunk.unescaped.len() as u32;
        self.chunk.unescaped.push_str(text);
        self.put(Node::Unescaped { begin, end: begin + text.len() as u32 });
    }

    fn again(&mut self) -> Reader<'_> {
        Reader { chunk: self.chunk, origin: self.origin }
    }

    fn next(&self) -> u32 {
        self.chunk.nodes.len() as u32
    }
}

/// An entry as a whole.
struct Entry<'c, 'f> {
    reader: Reader<'c>,
    fields: &'f Fields,
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an index entry")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(known) = map.next_key_seed(FieldName(self.fields))? {
            let Some((field, kind)) = known else {
                map.next_value::<de::IgnoredAny>()?;
                continue;
            };
            let node = self.reader.next();
            map.next_value_seed(Value { reader: self.reader.again(), in_object: false })?;
            add_members(self.reader.chunk, field, kind, node)
                .ok_or_else(|| de::Error::custom("a value does not suit its field"))?;
        }
        Ok(())
    }
}

/// The name of a field; others than the index has are passed over.
struct FieldName<'f>(&'f Fields);

impl<'de> DeserializeSeed<'de> for FieldName<'_> {
    type Value = Option<(Field, Kind)>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName<'_> {
    type Value = Option<(Field, Kind)>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(name))
    }
}

/// A value, and whether it stands in an object: there a text may be a time.
struct Value<'c> {
    reader: Reader<'c>,
    in_object: bool,
}

impl Value<'_> {
    /// True for a text that was put as an instant.
    fn put_time(&mut self, text: &str) -> bool {
        let instant = if self.in_object { instant(text) } else { None };
        if let Some(nanoseconds) = instant {
            self.reader.put(Node::Instant(nanoseconds));
        }
        instant.is_some()
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.reader.put(Node::Null);
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.reader.put(Node::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.reader.put(Node::Signed(value));
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.reader.put(i64::try_from(value).map_or(Node::Unsigned(value), Node::Signed));
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.reader.put(Node::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E>(mut self, text: &'de str) -> Result<(), E> {
        if !self.put_time(text) {
            self.reader.put_borrowed(text);
        }
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        if !self.put_time(text) {
            self.reader.put_unescaped(text);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        let own = self.reader.next();
        self.reader.put(Node::Array { behind: 0 });
        while values
            .next_element_seed(Value { reader: self.reader.again(), in_object: self.in_object })?
            .is_some()
        {}
        let behind = self.reader.next();
        self.reader.chunk.nodes[own as usize] = Node::Array { behind };
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let own = self.reader.next();
        self.reader.put(Node::Object { behind: 0 });
        while map.next_key_seed(Key(self.reader.again()))?.is_some() {
            map.next_value_seed(Value { reader: self.reader.again(), in_object: true })?;
        }
        let behind = self.reader.next();
        self.reader.chunk.nodes[own as usize] = Node::Object { behind };
        Ok(())
    }
}

/// A name in an object.
struct Key<'c>(Reader<'c>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_borrowed_str<E>(mut self, text: &'de str) -> Result<(), E> {
        self.0.put_borrowed(text);
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        self.0.put_unescaped(text);
        Ok(())
    }
}

/// Adds the values of a field: each of an array's, or the one.
fn add_members(chunk: &mut Chunk, field: Field, kind: Kind, node: u32) -> Option<()> {
    let (mut at, behind) = match chunk.nodes[node as usize] {
        Node::Array { behind } => (node + 1, behind),
        _ => (node, chunk.behind(node)),
    };
    while at < behind {
        let value = chunk.nodes[at as usize];
        if value != Node::Null {
            chunk.nodes[at as usize] = suited(chunk, value, kind)?;
            chunk.members.push(Member { field, node: at });
        }
        at = chunk.behind(at);
    }
    Some(())
}

/// A value as its field takes it; None when it does not.
fn suited(chunk: &mut Chunk, value: Node, kind: Kind) -> Option<Node> {
    match (kind, value) {
        (Kind::Signed, Node::Signed(_))
        | (Kind::Object, Node::Object { .. })
        | (Kind::Text, Node::Text { .. } | Node::Unescaped { .. }) => Some(value),
        (Kind::Unsigned, Node::Signed(number)) => u64::try_from(number).ok().map(Node::Unsigned),
        (Kind::Unsigned, Node::Unsigned(_)) => Some(value),
        (Kind::Address, Node::Text { .. } | Node::Unescaped { .. }) => {
            let address = address(chunk.str_at(value))?;
            chunk.addresses.push(address);
            Some(Node::Address(chunk.addresses.len() as u32 - 1))
        }
        _ => None,
    }
}

/// ns since the epoch, of a text that is an RFC 3339 time.
fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST_TIME || bytes[DATE_HYPHEN] != b'-' || !bytes[0].is_ascii_digit() {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(DateTime::from_utc(time).into_timestamp_nanos())
}

/// An address as tantivy keeps it.
pub fn address(text: &str) -> Option<Ipv6Addr> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    })
}
