//! The search for many words at once, in the time of a few for each pair of bytes.
//!
//! Automata over the words of all families read a log at less than a twentieth of the speed of a search for one word.
//! Here every third group of four bytes is looked up in a bitmap that stays in the nearest cache; only where it may
//! begin a word are the words compared. Each word is at least six bytes long, so that one of three neighbouring groups
//! of it is looked up, wherever it stands.

/// Bytes that are looked up at once, and of each word three times.
const GROUP: usize = 4;

/// From one group to the next.
const STEP: usize = 3;

/// Groups that are looked up between two decisions.
const GROUPS: usize = 8;

/// The shortest word.
pub const SHORTEST: usize = GROUP + STEP - 1;

/// Words to be searched for, each with the bits that are said when it is found.
pub struct Needles {
    words: Vec<(Box<[u8]>, u64)>,
    bitmap: Box<[u64; 1024]>,
    /// Where the groups of a hash begin in `groups`, one more than the place; 0 if none has it.
    heads: Box<[u16]>,
    /// All groups of the words in the order of their hashes.
    groups: Vec<Group>,
}

/// A group of a word that is looked up.
#[derive(Clone, Copy)]
struct Group {
    bytes: [u8; GROUP],
    /// Place of its word, and its own within that.
    word: u16,
    place: u16,
}

impl Needles {
    /// In a word `#` stands for any digit.
    pub fn new<'a>(words: impl Iterator<Item = (&'a str, u64)>) -> Self {
        let (words_of, heads) = (Vec::new(), vec![0; 1 << 16].into());
        let mut needles = Self { words: words_of, bitmap: Box::new([0; 1024]), heads, groups: Vec::new() };
        for (word, bits) in words {
            needles.expand(word.as_bytes().to_vec(), bits);
        }
        needles.groups.sort_by_key(|group| hash(group.bytes));
        for (place, group) in needles.groups.iter().enumerate().rev() {
            needles.heads[index(group.bytes)] = u16::try_from(place + 1).unwrap_or(u16::MAX);
        }
        needles
    }

    /// A word for each digit in each place of `#`.
    fn expand(&mut self, mut word: Vec<u8>, bits: u64) {
        let Some(place) = word.iter().position(|byte| *byte == b'#') else { return self.add(&word, bits) };
        for digit in b'0'..=b'9' {
            word[place] = digit;
            self.expand(word.clone(), bits);
        }
    }

    fn add(&mut self, word: &[u8], bits: u64) {
        debug_assert!(word.len() >= SHORTEST, "{} is too short", String::from_utf8_lossy(word));
        let number = self.words.len();
        self.words.push((word.into(), bits));
        let start = rarest(word);
        for (place, group) in word.windows(GROUP).enumerate().skip(start).take(STEP) {
            let Ok(group) = <[u8; GROUP]>::try_from(group) else { continue };
            let (cell, bit) = hash(group);
            self.bitmap[cell] |= 1 << bit;
            let [word, place] = [number, place].map(|number| u16::try_from(number).unwrap_or(u16::MAX));
            self.groups.push(Group { bytes: group, word, place });
        }
    }

    /// Where some word begins: of all in a line at least one.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        let mut found = None;
        self.each(text, |start, _| {
            found = Some(start);
            false
        });
        found
    }

    /// The bits of all words in a text.
    pub fn all(&self, text: &[u8]) -> u64 {
        let mut all = 0;
        self.each(text, |_, bits| {
            all |= bits;
            true
        });
        all
    }

    /// Calls for words as they are found, until it is told that it is enough. A word may be told of twice.
    fn each(&self, text: &[u8], mut found: impl FnMut(usize, u64) -> bool) {
        const BLOCK: usize = GROUPS * STEP + GROUP - STEP;
        let mut at = 0;
        while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            let mut any = 0;
            for place in 0..GROUPS {
                let place = place * STEP;
                let (cell, bit) = hash([block[place], block[place + 1], block[place + 2], block[place + 3]]);
                any |= self.bitmap[cell] >> bit;
            }
            if any & 1 == 1 && !(0..GROUPS).all(|place| self.at(text, at + place * STEP, &mut found)) {
                return;
            }
            at += GROUPS * STEP;
        }
        (at..text.len()).step_by(STEP).all(|at| self.at(text, at, &mut found));
    }

    /// Whether to go on after the words that have their group here.
    fn at(&self, text: &[u8], at: usize, found: &mut impl FnMut(usize, u64) -> bool) -> bool {
        let Some(group) = text.get(at..).and_then(|rest| rest.first_chunk::<GROUP>()) else { return true };
        let (cell, bit) = hash(*group);
        if self.bitmap[cell] >> bit & 1 == 0 {
            return true;
        }
        let head = usize::from(self.heads[index(*group)]).wrapping_sub(1);
        let alike = self.groups.get(head..).into_iter().flatten().take_while(|of| index(of.bytes) == index(*group));
        alike.filter(|of| of.bytes == *group).all(|of| {
            let start = at.checked_sub(usize::from(of.place));
            let word =
                self.words.get(usize::from(of.word)).zip(start.and_then(|start| Some((start, text.get(start..)?))));
            let met = word.filter(|((word, _), (_, rest))| rest.starts_with(word));
            met.is_none_or(|((_, bits), (start, _))| found(start, *bits))
        })
    }
}

/// Cell and bit of the bitmap.
#[inline]
fn hash(group: [u8; GROUP]) -> (usize, u32) {
    let hash = u32::from_le_bytes(group).wrapping_mul(0x9e37_79b1) >> 16;
    ((hash >> 6) as usize, hash & 63)
}

fn index(group: [u8; GROUP]) -> usize {
    let (cell, bit) = hash(group);
    cell << 6 | bit as usize
}

/// Where the groups of a word begin that are seldom in other words.
fn rarest(word: &[u8]) -> usize {
    let weight = |byte: &u8| match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 1,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'h' | b'0' | b'1' => 2,
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b':' | b'-' | b'/' => 4,
        _ => 7,
    };
    // Groups of the words that stand in most lines of most logs are looked up in vain.
    let is_common = |group: &[u8]| COMMON.as_bytes().windows(GROUP).any(|common| common == group);
    let score = |window: &[u8]| {
        let common = window.windows(GROUP).filter(|group| is_common(group)).count();
        (usize::MAX - common, window.iter().map(weight).sum::<u32>())
    };
    let windows = word.windows(SHORTEST).enumerate();
    windows.max_by_key(|(place, window)| (score(window), usize::MAX - place)).map_or(0, |(place, _)| place)
}

const COMMON: &str = " INFO DEBUG WARN ERROR Service service Server server thread read ready write worker working network \
    connection connect connecting session open opened close closed request response user root status starting started \
    stopping finished running process processing loading in of for from the to and with is not was ok on at by application \
    version message time http https kernel system id Exception exception client name data file host port address failed";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the plain search.
        #[test]
        fn exactly_the_words_in_a_text_are_found(text in "[a-c]{0,60}|[a-c ]{0,20}(abcabb|cabbac|7bab3c)[a-c ]{0,20}") {
            let words = ["abcabb", "cabbac", "aabbcc", "#bab#c"];
            let needles = Needles::new(words.iter().enumerate().map(|(place, word)| (*word, 1 << place)));
            let digits = || (0..10).flat_map(|first| (0..10).map(move |second| [first, second]));
            let holds = |word: &str| digits().any(|[first, second]| {
                let word = word.replacen('#', &first.to_string(), 1).replacen('#', &second.to_string(), 1);
                text.contains(&word)
            });
            let expected = words.iter().enumerate().filter(|(_, word)| holds(word)).fold(0, |bits, (place, _)| bits | 1 << place);
            prop_assert_eq!(needles.all(text.as_bytes()), expected);
            prop_assert_eq!(needles.find(text.as_bytes()).is_some(), expected != 0);
        }
    }
}
