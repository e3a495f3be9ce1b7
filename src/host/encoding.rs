//! Bytes of a dump become text: UTF-8 or UTF-16 with or without a mark, else the single-byte code page that makes letters.

use memchr::memchr;
use std::borrow::Cow;

/// How the text was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// The code page of a Western Windows console.
    Cp850,
    /// The code page of Western Windows programs; Latin-1 lies within it.
    Cp1252,
}

impl Encoding {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Cp850 => "cp850",
            Self::Cp1252 => "cp1252",
        }
    }
}

/// The text without marks and without the colours of a terminal. What is valid UTF-8 in it stays as it is; only other
/// bytes are read in a code page, so that one odd byte garbles nothing.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    let (text, encoding) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => eight_bits(rest),
        [0xff, 0xfe, rest @ ..] => (sixteen_bits(rest, u16::from_le_bytes), Encoding::Utf16Le),
        [0xfe, 0xff, rest @ ..] => (sixteen_bits(rest, u16::from_be_bytes), Encoding::Utf16Be),
        _ => match zeros(bytes) {
            [false, true] => (sixteen_bits(bytes, u16::from_le_bytes), Encoding::Utf16Le),
            [true, false] => (sixteen_bits(bytes, u16::from_be_bytes), Encoding::Utf16Be),
            _ => eight_bits(bytes),
        },
    };
    (without_escapes(text), encoding)
}

/// Whether the head looks like text in some encoding: hardly any control characters but those of terminals, and zeros
/// only as of 16-bit units or between fields.
pub fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let is_wide = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || zeros(head)[0] != zeros(head)[1];
    let count = |is: fn(u8) -> bool| head.iter().filter(|&&byte| is(byte)).count();
    let controls = count(|byte| byte < 0x20 && !matches!(byte, 0 | 7..=13 | 0x1b));
    is_wide || controls * 32 <= head.len() && count(|byte| byte == 0) * 4 <= head.len()
}

/// Whether the places of the head at even and at odd offsets are zero in more than a third of the pairs: text of
/// Western letters in 16 bits.
fn zeros(bytes: &[u8]) -> [bool; 2] {
    let head = bytes.get(..4096).unwrap_or(bytes);
    [0, 1].map(|place| {
        let zeros = head.iter().skip(place).step_by(2).filter(|&&byte| byte == 0).count();
        zeros * 6 > head.len()
    })
}

fn sixteen_bits(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let units = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(unit);
    let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(letters.collect())
}

fn eight_bits(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), Encoding::Utf8);
    }
    let (page, encoding) = code_page(bytes);
    let page: Vec<char> = page.chars().collect();
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| page.get(usize::from(byte & 0x7f)).unwrap_or(&'?')));
    }
    (Cow::Owned(text), encoding)
}

/// Between the two: where cp850 has its letters, cp1252 has signs, and the other way round.
fn code_page(bytes: &[u8]) -> (&'static str, Encoding) {
    let invalid = bytes.utf8_chunks().flat_map(|chunk| chunk.invalid());
    let [low, high] = invalid.fold([0_u64; 2], |[low, high], byte| match byte {
        0x80..=0xa5 => [low + 1, high],
        0xc0..=0xff => [low, high + 1],
        _ => [low, high],
    });
    if low > high { (CP850, Encoding::Cp850) } else { (CP1252, Encoding::Cp1252) }
}

/// Letters of the bytes 0x80 to 0xff.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const CP1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/// Cuts out what colours and moves on a terminal (ECMA-48 control sequences, titles).
fn without_escapes(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(first) = memchr(0x1b, text.as_bytes()) else { return text };
    let mut out = String::with_capacity(text.len());
    out.push_str(text.get(..first).unwrap_or_default());
    let mut letters = text.get(first..).unwrap_or_default().chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' { escape(&mut letters) } else { out.push(letter) }
    }
    Cow::Owned(out)
}

/// Passes over one sequence; one that does not end stops at the line's end.
fn escape(letters: &mut std::str::Chars<'_>) {
    let next = |letters: &mut std::str::Chars<'_>| {
        let mut ahead = letters.clone();
        let letter = ahead.next().filter(|&letter| letter != '\n');
        if letter.is_some() {
            *letters = ahead;
        }
        letter
    };
    match next(letters) {
        Some('[') => while next(letters).is_some_and(|letter| !('@'..='~').contains(&letter)) {},
        Some(']') => while next(letters).is_some_and(|letter| letter != '\u{7}' && letter != '\u{1b}') {},
        Some('(' | ')') => {
            next(letters);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_german_word_is_read_in_every_encoding() {
        let word = "ABHÖREN";
        let wide: Vec<u16> = word.encode_utf16().collect();
        let le: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for (bytes, encoding) in [
            (word.as_bytes().to_vec(), Encoding::Utf8),
            ([b"\xef\xbb\xbf", word.as_bytes()].concat(), Encoding::Utf8),
            ([b"\xff\xfe", &le[..]].concat(), Encoding::Utf16Le),
            ([b"\xfe\xff", &be[..]].concat(), Encoding::Utf16Be),
            (le, Encoding::Utf16Le),
            (be, Encoding::Utf16Be),
            (b"ABH\x99REN".to_vec(), Encoding::Cp850),
            (b"ABH\xd6REN".to_vec(), Encoding::Cp1252),
        ] {
            assert_eq!(decode(&bytes), (Cow::Borrowed(word), encoding));
        }
        assert_eq!([CP850, CP1252].map(|page| page.chars().count()), [128, 128]);
    }

    #[test]
    fn what_is_no_text_is_not_read() {
        assert!(
            [&b"tcp 0 0\r\n\x1b[0m"[..], b"", b"\xff\xfeA\0", b"A\0B\0C\0", b"p1\0cnginx\0\n"].into_iter().all(is_text)
        );
        assert!(!is_text(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0"));
        let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(!is_text(&noise));
    }

    #[test]
    fn one_odd_byte_leaves_the_rest_alone() {
        assert_eq!(decode("Überlauf \u{2014} \n".as_bytes()).0, "Überlauf \u{2014} \n");
        assert_eq!(decode(b"\xc3\x9cberlauf \xfc\n").0, "Überlauf ü\n");
    }

    #[test]
    fn colours_and_titles_go_and_lines_stay() {
        let text = "\u{1b}]0;root@web\u{7}\u{1b}[01;31mESTAB\u{1b}[0m 0\n\u{1b}[\nLISTEN";
        assert_eq!(decode(text.as_bytes()).0, "ESTAB 0\n\nLISTEN");
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_text_of_as_many_lines(bytes: Vec<u8>) {
            let (text, encoding) = decode(&bytes);
            if encoding != Encoding::Utf16Le && encoding != Encoding::Utf16Be {
                prop_assert_eq!(text.matches('\n').count(), bytes.iter().filter(|&&byte| byte == b'\n').count());
            }
        }
    }
}
