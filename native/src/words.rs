//! Whether a text has to be folded before it is cut into words (`logboom/query/analysis.py`).

/// Code points that folding leaves as they are, whatever stands beside them; those of rarer scripts
/// are left out, and left to Python.
const PLAIN: &[(u32, u32)] = &[
    (0x0000, 0x00a9),
    (0x00ab, 0x00b1),
    (0x00b4, 0x00b4),
    (0x00b6, 0x00b8),
    (0x00bb, 0x00bb),
    (0x00bf, 0x012f),
    (0x0131, 0x0131),
    (0x0134, 0x013e),
    (0x0141, 0x0148),
    (0x014a, 0x017e),
    (0x0180, 0x01c3),
    (0x01cd, 0x01f0),
    (0x01f4, 0x02af),
    (0x0386, 0x03c1),
    (0x03c3, 0x03cf),
    (0x0400, 0x0482),
    (0x048a, 0x0556),
    (0x05d0, 0x05ea),
    (0x060c, 0x060c),
    (0x0620, 0x064a),
    (0x0660, 0x066f),
    (0x0671, 0x0674),
    (0x0679, 0x06d5),
    (0x1e00, 0x1e99),
    (0x1ea0, 0x1eff),
    (0x2000, 0x206f),
    (0x20a0, 0x20cf),
    (0x2190, 0x245f),
    (0x2500, 0x2bff),
    (0x3000, 0x3020),
    (0x3041, 0x3096),
    (0x309b, 0x309e),
    (0x30a0, 0x30fe),
    (0x3105, 0x318e),
    (0x31c0, 0x321e),
    (0x3300, 0xa48c),
    (0xac00, 0xd7a3),
    (0xe000, 0xf8ff),
    (0xfe00, 0xfe1f),
    (0xfe30, 0xfe6f),
    (0xfeff, 0xff0f),
    (0xff1a, 0xff20),
    (0xff3b, 0xff40),
    (0xff5b, 0xff65),
    (0xffe0, 0xfffd),
    (0x1f000, 0x1f0ff),
    (0x1f300, 0x1faff),
];

/// False only for a text that is cut just as it stands in JSON; escapes of other than ASCII are not
/// looked into.
pub fn may_fold(text: &[u8]) -> bool {
    !text.is_ascii() && !std::str::from_utf8(text).is_ok_and(|text| text.chars().all(is_plain))
        || text.contains(&b'\\') && has_far_escapes(text)
}

fn is_plain(sign: char) -> bool {
    let code = u32::from(sign);
    let behind = PLAIN.partition_point(|(begin, _)| *begin <= code);
    behind > 0 && code <= PLAIN[behind - 1].1
}

fn has_far_escapes(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(sign) = text.get(at) {
        if *sign != b'\\' {
            at += 1;
        } else if text.get(at + 1) == Some(&b'u') {
            if !matches!(text.get(at + 2..at + 5), Some([b'0', b'0', b'0'..=b'7'])) {
                return true;
            }
            at += 6;
        } else {
            at += 2;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_left_alone_but_for_signs_with_other_forms() {
        for text in
            ["", "cart 7 is full", "café, größe", "결제 오류가", "接続に失敗、５", "🚀 — “a”"]
        {
            assert_eq!(may_fold(text.as_bytes()), text.contains('５'), "{text}");
        }
        for text in [
            "cafe\u{301}",
            "ＥＲＲＯＲ",
            "ｴﾗｰ",
            "\u{110b}\u{1169}",
            "ﬁ",
            "x²",
            "\u{3099}",
            "οδός",
            "İ",
        ] {
            assert!(may_fold(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn escapes_of_ascii_are_ascii() {
        for (text, expected) in [
            (r"\u001b[0m \n", false),
            (r"C:\\users", false),
            (r"\uff25", true),
            (r"\\\u00e9", true),
            (r"\u00", true),
        ] {
            assert_eq!(may_fold(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn plain_ones_stand_in_their_order() {
        assert!(PLAIN.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(PLAIN.iter().all(|(begin, end)| begin <= end));
    }
}
