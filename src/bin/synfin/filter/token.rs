//! The words and signs of a filter, each with its place in the text.

/// A word or a sign, and where it begins: the number of its character, from 1.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub at: usize,
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_sign = |c: char| matches!(c, '(' | ')' | '!' | '&' | '|' | '[' | ']' | '=' | '<' | '>' | '+' | '*');
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().enumerate().peekable();
    while let Some((place, (start, first))) = characters.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some(&(_, (next, character))) = characters.peek() {
            let goes_on = match first {
                '&' | '|' => character == first,
                first if is_sign(first) => false,
                _ => !character.is_whitespace() && !is_sign(character),
            };
            if !goes_on {
                break;
            }
            end = next + character.len_utf8();
            characters.next();
        }
        tokens.push(Token { text: text.get(start..end).unwrap_or_default(), at: place + 1 });
    }
    // A shell leaves `\(` and `\tcp` as they are within quotes.
    tokens.retain(|token| token.text != "\\");
    tokens
}

/// A number up to a bound; `what` it is, for people.
pub(super) fn number_of<N: std::str::FromStr + PartialOrd + std::fmt::Display>(
    value: Token<'_>,
    what: &str,
    most: N,
) -> Result<N, String> {
    let Token { text, at } = value;
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| format!("`{text}` at character {at} is not {what}: a number up to {most} is"))
}
