//! The fields of an index, and what each of them takes.

use tantivy::schema::{Field, FieldType, Schema};

/// What a field of the index takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Signed,
    Unsigned,
    Text,
    Address,
    Object,
}

/// The fields of an index by their names.
pub struct Fields(Vec<(String, Field, Kind)>);

impl Fields {
    /// None for a schema with fields that are not known here.
    pub fn of(schema: &Schema) -> Option<Self> {
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
