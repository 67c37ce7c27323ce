//! What Python has learnt about the shapes of objects, as it is handed over.
//!
//! All numbers are little endian. Levels: count (u32), sorted, each a spelling and a name, as texts (u32
//! length, bytes). Shapes: count (u32); each has members: count (u32), each a kind (u8), a factor
//! (u64) and its name as JSON (text); pieces: count (u32), each 0 and a text, or 1 and the number of
//! a value (u32); the number of the value that is its time (u32).

pub struct Program<'a> {
    pub levels: Vec<(&'a [u8], &'a [u8])>,
    pub shapes: Vec<Shape<'a>>,
}

pub struct Shape<'a> {
    pub members: Vec<Member<'a>>,
    pub pieces: Vec<Piece<'a>>,
    pub time: usize,
}

pub struct Member<'a> {
    pub name: &'a [u8],
    pub kind: Kind,
}

/// What usual values of a member are, and what becomes of them.
#[derive(Clone, Copy)]
pub enum Kind {
    Scalar,
    Own,
    Text,
    OneLine,
    WholeNumber,
    Time,
    Level,
    Duration(u64),
    Address,
}

pub enum Piece<'a> {
    Literal(&'a [u8]),
    Value(usize),
}

/// Values that are no member's: they are numbered behind the members.
pub const OFFSET: usize = 0;
pub const ID: usize = 1;
pub const CREATED: usize = 2;
const ADDED: usize = 3;

impl<'a> Program<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        let mut levels = Vec::new();
        for _ in 0..reader.number()? {
            levels.push((reader.text()?, reader.text()?));
        }
        let mut shapes = Vec::new();
        for _ in 0..reader.number()? {
            shapes.push(reader.shape()?);
        }
        reader.rest.is_empty().then_some(Self { levels, shapes })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    fn kind(&mut self) -> Option<Kind> {
        let kind = self.byte()?;
        let factor = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        Some(match kind {
            0 => Kind::Scalar,
            1 => Kind::Own,
            2 => Kind::Text,
            3 => Kind::OneLine,
            4 => Kind::WholeNumber,
            5 => Kind::Time,
            6 => Kind::Level,
            7 => Kind::Duration(factor),
            8 => Kind::Address,
            _ => return None,
        })
    }

    fn shape(&mut self) -> Option<Shape<'a>> {
        let mut members = Vec::new();
        for _ in 0..self.number()? {
            let kind = self.kind()?;
            members.push(Member { kind, name: self.text()? });
        }
        let mut pieces = Vec::new();
        for _ in 0..self.number()? {
            pieces.push(match self.byte()? {
                0 => Piece::Literal(self.text()?),
                1 => Piece::Value(self.number()?),
                _ => return None,
            });
        }
        let time = self.number()?;
        let known = |piece: &Piece| match piece {
            Piece::Literal(_) => true,
            Piece::Value(number) => *number < members.len() + ADDED,
        };
        let is_sound = pieces.iter().all(known)
            && members.get(time).is_some_and(|member| matches!(member.kind, Kind::Time));
        is_sound.then_some(Shape { members, pieces, time })
    }
}
