//! Runs of bytes in JSON: what needs no look in a string, digits, words that are known.
//!
//! Each function is given the text and the place where a run begins.

/// Skips what needs no look at: anything but quotes, backslashes and control characters.
pub fn behind_plain(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..at + CHUNK) {
        let marks = marks(chunk);
        if marks != 0 {
            return at + (marks.trailing_zeros() / MARK_BITS) as usize;
        }
        at += CHUNK;
    }
    let is_plain = |sign: &&u8| !matches!(**sign, b'"' | b'\\' | 0..=0x1f);
    at + text[at.min(text.len())..].iter().take_while(is_plain).count()
}

#[cfg(target_arch = "x86_64")]
const CHUNK: usize = 16;
#[cfg(target_arch = "x86_64")]
const MARK_BITS: u32 = 1;

/// Which bytes of a chunk need a look, a bit each.
#[cfg(target_arch = "x86_64")]
fn marks(chunk: &[u8]) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    debug_assert_eq!(chunk.len(), CHUNK);
    // SAFETY: the chunk has 16 bytes, and every x86_64 has SSE2.
    unsafe {
        let signs = _mm_loadu_si128(chunk.as_ptr().cast());
        let quotes = _mm_cmpeq_epi8(signs, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(signs, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(signs, _mm_set1_epi8(0x1f)), signs);
        let marks = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
        _mm_movemask_epi8(marks) as u32
    }
}

#[cfg(not(target_arch = "x86_64"))]
const CHUNK: usize = 8;
#[cfg(not(target_arch = "x86_64"))]
const MARK_BITS: u32 = 8;

/// Which bytes of a chunk need a look: the highest bit of each, right up to the first of them.
#[cfg(not(target_arch = "x86_64"))]
fn marks(chunk: &[u8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
    let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
    let quotes = has_zero(word ^ (ONES * u64::from(b'"')));
    let backslashes = has_zero(word ^ (ONES * u64::from(b'\\')));
    quotes | backslashes | (word.wrapping_sub(ONES * 0x20) & !word & TOPS)
}

/// How many digits there are.
pub fn digits(text: &[u8], at: usize) -> usize {
    text[at.min(text.len())..].iter().take_while(|sign| sign.is_ascii_digit()).count()
}

/// The place behind a word that stands here; None when it does not.
pub fn word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_needs_a_look_is_seen() {
        for length in 0..40 {
            for place in 0..length {
                for sign in 0..=255_u8 {
                    let mut text = vec![b'a'; length];
                    text[place] = sign;
                    let end = if matches!(sign, b'"' | b'\\' | 0..=0x1f) { place } else { length };
                    assert_eq!(behind_plain(&text, 0), end, "{sign} at {place} of {length}");
                }
            }
        }
        assert_eq!(behind_plain(b"a", 7), 7);
    }

    #[test]
    fn words_and_digits_end_where_the_text_does() {
        assert_eq!((digits(b"a17,", 1), digits(b"17", 1), digits(b"17", 7)), (2, 1, 0));
        assert_eq!((word(b"true", 0, b"true"), word(b"true", 7, b"true")), (Some(4), None));
    }
}
