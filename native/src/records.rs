//! From messages of one key to records as Kafka has them in a batch.
//!
//! Each is: its length, attributes, the time behind the batch's, the place behind the batch's first,
//! key, value, headers; all numbers but the attributes are zigzag varints
//! (<https://kafka.apache.org/documentation/#record>).

use crate::out::Out;

pub struct Run<'a> {
    pub text: &'a [u8],
    /// Where the first value begins in the text.
    pub begin: usize,
    /// Where each value ends in the text.
    pub ends: &'a [u32],
    pub key: &'a [u8],
    /// The place of the first record in its batch.
    pub first: u64,
}

/// Writes the records; answers how many bytes of `out` are used.
pub fn records(run: &Run, out: &mut [u8]) -> Option<usize> {
    let mut out = Out { bytes: out, used: 0 };
    let mut begin = run.begin;
    for (place, end) in (run.first..).zip(run.ends) {
        let value = run.text.get(begin..*end as usize)?;
        record(&mut out, place, run.key, value)?;
        begin = *end as usize;
    }
    Some(out.used)
}

fn record(out: &mut Out, place: u64, key: &[u8], value: &[u8]) -> Option<()> {
    const ATTRIBUTES_TIME_HEADERS: usize = 3;
    let (key_length, value_length) = (key.len() as u64, value.len() as u64);
    let sizes = size_of(place) + size_of(key_length) + size_of(value_length);
    put(out, (ATTRIBUTES_TIME_HEADERS + sizes + key.len() + value.len()) as u64)?;
    out.put(&[0, 0])?;
    put(out, place)?;
    put(out, key_length)?;
    out.put(key)?;
    put(out, value_length)?;
    out.put(value)?;
    out.put(&[0])
}

/// A number that is not negative, as a zigzag varint.
fn put(out: &mut Out, number: u64) -> Option<()> {
    let mut bytes = [0_u8; 10];
    let mut rest = number << 1;
    let mut used = 0;
    loop {
        bytes[used] = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            return out.put(&bytes[..=used]);
        }
        bytes[used] |= 0x80;
        used += 1;
    }
}

fn size_of(number: u64) -> usize {
    let bits = 64 - ((number << 1) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_zigzag_varints() {
        for (number, bytes) in [(0, vec![0]), (1, vec![2]), (63, vec![126]), (64, vec![128, 1])] {
            let mut buffer = [0; 10];
            let mut out = Out { bytes: &mut buffer, used: 0 };
            put(&mut out, number).unwrap();
            assert_eq!(&out.bytes[..out.used], bytes);
            assert_eq!(size_of(number), bytes.len());
        }
    }

    #[test]
    fn records_do_not_fit_or_are_whole() {
        let run = Run { text: b"xyz", begin: 0, ends: &[1, 3], key: b"k", first: 0 };
        let mut out = [0; 32];
        assert_eq!(records(&run, &mut out), Some(19));
        assert_eq!(out[..9], [16, 0, 0, 0, 2, b'k', 2, b'x', 0]);
        assert_eq!(records(&run, &mut out[..18]), None);
        let beyond = Run { ends: &[4], ..run };
        assert_eq!(records(&beyond, &mut out), None);
    }
}
