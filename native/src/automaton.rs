//! A look at all bytes of a line: may it hold a secret?
//!
//! The automaton is made by `shipper/hints.py` of the hints of all rules. Bytes fall into classes, so
//! that upper and lower case, or all digits, are one; it may answer yes for a line that holds none.

/// A finding that counts only with `=` or `:` within as many bytes behind it.
const ASSIGNED_WITHIN: usize = 12;

const ALWAYS: u8 = 1;
const WHEN_ASSIGNED: u8 = 2;
/// A card number; the other bits are its length so far.
const CARD: u8 = 0x80;

pub struct Automaton<'a> {
    classes: &'a [u8],
    findings: &'a [u8],
    table: &'a [u8],
    width: usize,
    card_digits: u16,
}

impl<'a> Automaton<'a> {
    /// 256 classes; the first digits of cards, as bits (u16, little endian); the number of states
    /// (u16); a finding for each state; the next state (u16) for each state and class.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (classes, rest) = bytes.split_at_checked(256)?;
        let (numbers, rest) = rest.split_at_checked(4)?;
        let card_digits = u16::from_le_bytes([numbers[0], numbers[1]]);
        let states = usize::from(u16::from_le_bytes([numbers[2], numbers[3]]));
        let (findings, table) = rest.split_at_checked(states)?;
        let width = usize::from(*classes.iter().max()?) + 1;
        let is_whole = states > 0 && table.len() == states * width * 2;
        is_whole.then_some(Self { classes, findings, table, width, card_digits })
    }

    pub fn finds(&self, line: &[u8]) -> bool {
        let mut state = 0_usize;
        for (place, sign) in line.iter().enumerate() {
            let entry = 2 * (state * self.width + usize::from(self.classes[usize::from(*sign)]));
            state = usize::from(u16::from_le_bytes([self.table[entry], self.table[entry + 1]]));
            let finding = self.findings[state];
            if finding != 0 && self.counts(finding, line, place + 1) {
                return true;
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
        let behind = &line[end..line.len().min(end + ASSIGNED_WITHIN)];
        finding & WHEN_ASSIGNED != 0 && behind.iter().any(|sign| matches!(sign, b'=' | b':'))
    }

    /// A card number begins with certain digits, and not within a word or a number.
    fn is_card(&self, line: &[u8], begin: usize) -> bool {
        let digit = line[begin].wrapping_sub(b'0');
        let before = begin.checked_sub(1).map_or(b' ', |place| line[place]);
        let within = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.' | b'-');
        digit < 10 && self.card_digits >> digit & 1 == 1 && !within
    }
}
