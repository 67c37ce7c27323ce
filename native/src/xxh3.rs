//! XXH3 with 64 bits and seed 0, for texts of 9 to 128 bytes: ids are no shorter and no longer.
//!
//! Source: the specification of xxHash, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const PRIME64_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_MX1: u64 = 0x1656_6791_9E37_79F9;

/// The first 128 bytes of the default secret, as numbers of 64 bits.
const SECRET: [u64; 16] = [
    0xbe4b_a423_396c_feb8,
    0x1cad_21f7_2c81_017c,
    0xdb97_9083_e96d_d4de,
    0x1f67_b3b7_a4a4_4072,
    0x78e5_c0cc_4ee6_79cb,
    0x2172_ffcc_7dd0_5a82,
    0x8e24_43f7_7446_08b8,
    0x4c26_3a81_e690_35e0,
    0xcb00_c391_bb52_283c,
    0xa32e_531b_8b65_d088,
    0x4ef9_0da2_9748_6471,
    0xd8ac_dea9_46ef_1938,
    0x3f34_9ce3_3f76_faa8,
    0x1d4f_0bc7_c7bb_dcf9,
    0x3159_b4cd_4be0_518a,
    0x6473_78d9_c97e_9fc8,
];

pub fn xxh3(text: &[u8]) -> Option<u64> {
    match text.len() {
        9..=16 => Some(short(text)),
        17..=128 => Some(middle(text)),
        _ => None,
    }
}

fn short(text: &[u8]) -> u64 {
    let length = text.len();
    let low = number(text, 0) ^ (SECRET[3] ^ SECRET[4]);
    let high = number(text, length - 8) ^ (SECRET[5] ^ SECRET[6]);
    let mixed = (length as u64)
        .wrapping_add(low.swap_bytes())
        .wrapping_add(high)
        .wrapping_add(folded(low, high));
    avalanche(mixed)
}

fn middle(text: &[u8]) -> u64 {
    let length = text.len();
    let mut mixed = (length as u64).wrapping_mul(PRIME64_1);
    for step in (0..=(length - 1) / 32).rev() {
        mixed = mixed.wrapping_add(mix(text, 16 * step, 4 * step)).wrapping_add(mix(
            text,
            length - 16 * (step + 1),
            4 * step + 2,
        ));
    }
    avalanche(mixed)
}

fn mix(text: &[u8], at: usize, secret: usize) -> u64 {
    folded(number(text, at) ^ SECRET[secret], number(text, at + 8) ^ SECRET[secret + 1])
}

fn number(text: &[u8], at: usize) -> u64 {
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

fn avalanche(mixed: u64) -> u64 {
    let mixed = (mixed ^ mixed >> 37).wrapping_mul(PRIME_MX1);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_reference() {
        let known: [(&[u8], u64); 5] = [
            (b"0123456789", 0x6de3_431b_05f7_c11f),
            (b"4bf92f3577b34da6", 0x0b0a_a624_568e_8944),
            (b"5adbf299abd7dec06f57797f684a8d4f", 0x0406_19dd_b855_8965),
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0x27fb_9591_5e72_d7ad),
            (b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", 0x6759_26ff_b48f_54cf),
        ];
        for (text, number) in known {
            assert_eq!(xxh3(text), Some(number));
        }
        assert_eq!(xxh3(b"too short"), Some(0xab6a_7f93_b23b_9dab));
        assert_eq!(xxh3(b"shorter"), None);
        assert_eq!(xxh3(&[b'x'; 129]), None);
    }
}
