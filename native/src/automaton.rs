//! A look at all bytes of a line: may it hold a secret?
//!
//! The automaton is made by `shipper/redaction/hints.py` of the hints of all rules. Bytes fall into classes, so
//! that upper and lower case, or all digits, are one; it may answer yes for a line that holds none.

/// How much of a word, and then of quotes and spaces, may stand between a hint and `=` or `:`.
const BETWEEN: usize = 12;

const ALWAYS: u8 = 1;
const WHEN_ASSIGNED: u8 = 2;
/// A card number; the other bits are its length so far.
const CARD: u8 = 0x80;

pub struct Automaton<'a> {
    classes: &'a [u8; 256],
    /// The next state for each state and class; a state is the number of its row's first entry.
    table: Vec<u16>,
    /// From this state on, each has a finding.
    first_finding: usize,
    findings: &'a [u8],
    width: usize,
    card_digits: u16,
}

impl<'a> Automaton<'a> {
    /// 256 classes; the first digits of cards, as bits; the number of states; how many of them have
    /// no finding: they come first; a finding (u8) for each other state; the table. All other numbers
    /// are u16, little endian.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (classes, rest) = bytes.split_first_chunk::<256>()?;
        let (numbers, rest) = rest.split_first_chunk::<6>()?;
        let number = |at: usize| u16::from_le_bytes([numbers[at], numbers[at + 1]]);
        let (states, plain) = (usize::from(number(2)), usize::from(number(4)));
        let (findings, rest) = rest.split_at_checked(states.checked_sub(plain)?)?;
        let width = usize::from(*classes.iter().max()?) + 1;
        let pairs = rest.chunks_exact(2);
        let table: Vec<u16> = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let is_row =
            |state: &u16| usize::from(*state) % width == 0 && usize::from(*state) < table.len();
        let is_whole = plain > 0 && rest.len() == states * width * 2 && table.iter().all(is_row);
        let card_digits = number(0);
        let first_finding = plain * width;
        is_whole.then_some(Self { classes, table, first_finding, findings, width, card_digits })
    }

    pub fn finds(&self, line: &[u8]) -> bool {
        let mut state = 0_usize;
        for (place, sign) in line.iter().enumerate() {
            state = usize::from(self.table[state + usize::from(self.classes[usize::from(*sign)])]);
            if state >= self.first_finding {
                let finding = self.findings[(state - self.first_finding) / self.width];
                if self.counts(finding, line, place + 1) {
                    return true;
                }
            }
        }
        false
    }

    /// Does a finding that ends here count?
    fn counts(&self, finding: u8, line: &[u8], end: usize) -> bool {
        if finding & CARD != 0 {
            return self.is_card(line, end - usize::from(finding & !CARD));
        }
        if finding & ALWAYS != 0 {
            return true;
        }
        finding & WHEN_ASSIGNED != 0 && is_assigned(&line[end..])
    }

    /// A card number begins with certain digits, and not within a word or a number.
    fn is_card(&self, line: &[u8], begin: usize) -> bool {
        let digit = line[begin].wrapping_sub(b'0');
        let before = begin.checked_sub(1).map_or(b' ', |place| line[place]);
        let within = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.' | b'-');
        digit < 10 && self.card_digits >> digit & 1 == 1 && !within
    }
}

/// The rest of a word, quotes or spaces, and then `=` or `:`.
fn is_assigned(behind: &[u8]) -> bool {
    let behind = skip(behind, |sign| sign.is_ascii_alphanumeric() || matches!(sign, b'_' | b'-'));
    let behind = skip(behind, |sign| {
        sign.is_ascii_whitespace() || sign >= 0x80 || matches!(sign, b'\\' | b'"' | b'\'')
    });
    matches!(behind.first(), Some(b'=' | b':'))
}

fn skip(text: &[u8], belongs: impl Fn(u8) -> bool) -> &[u8] {
    let count = text.iter().take(BETWEEN).take_while(|sign| belongs(**sign)).count();
    &text[count..]
}
