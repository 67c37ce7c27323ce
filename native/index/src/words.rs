//! What a word is (`logboom/query/analysis.py`), before it is lower-cased.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Emojis and dingbats: each is a word by itself.
const SIGNS: &[(char, char)] = &[
    ('\u{231a}', '\u{231b}'),
    ('\u{23e9}', '\u{23fa}'),
    ('\u{25b6}', '\u{25b6}'),
    ('\u{25c0}', '\u{25c0}'),
    ('\u{2600}', '\u{2775}'),
    ('\u{2794}', '\u{27bf}'),
    ('\u{2b05}', '\u{2b07}'),
    ('\u{2b1b}', '\u{2b1c}'),
    ('\u{2b50}', '\u{2b50}'),
    ('\u{2b55}', '\u{2b55}'),
    ('\u{1f000}', '\u{1f0ff}'),
    ('\u{1f18a}', '\u{1faff}'),
];

/// Cuts a text into its words.
#[derive(Clone, Default)]
pub struct Words {
    token: Token,
}

/// The words of one text.
pub struct WordsOfText<'a> {
    text: &'a str,
    /// Where in the text to go on.
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordsOfText<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordsOfText<'a> {
        self.token.reset();
        WordsOfText { text, at: 0, token: &mut self.token }
    }
}

impl TokenStream for WordsOfText<'_> {
    fn advance(&mut self) -> bool {
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text.clear();
        while let Some(sign) = self.text[self.at..].chars().next() {
            let begin = self.at;
            self.at += sign.len_utf8();
            if sign.is_alphanumeric() {
                self.at = begin + run(&self.text[begin..]);
            } else if !is_word(sign) {
                continue;
            }
            self.token.offset_from = begin;
            self.token.offset_to = self.at;
            self.token.text.push_str(&self.text[begin..self.at]);
            return true;
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// How many bytes of letters and digits a text begins with.
fn run(text: &str) -> usize {
    text.find(|sign: char| !sign.is_alphanumeric()).unwrap_or(text.len())
}

fn is_word(sign: char) -> bool {
    !sign.is_ascii() && SIGNS.iter().any(|(begin, end)| (*begin..=*end).contains(&sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_in_a_row_and_emojis_are_words() {
        let mut words = Words::default();
        for (text, expected) in [
            ("", vec![]),
            ("--- ... ___", vec![]),
            ("user-id=42 오류", vec!["user", "id", "42", "오류"]),
            ("done🚀🔥x ⚠️ Core™", vec!["done", "🚀", "🔥", "x", "⚠", "Core"]),
        ] {
            let mut found = vec![];
            let mut stream = words.token_stream(text);
            while stream.advance() {
                let token = stream.token();
                assert_eq!(token.position, found.len());
                assert_eq!(token.text, text[token.offset_from..token.offset_to]);
                found.push(token.text.clone());
            }
            assert_eq!(found, expected, "{text}");
        }
    }
}
