//! Connections as few bytes, and fast: every field is one of a fixed number of words, at a place that is known when the program
//! is compiled; of these only the ones that are not zero are written, as short as they are. Most of what could be said of a
//! connection does not hold of it.
//!
//! What decodes must be what was encoded, by the same build. What is rare and of many shapes goes through `sparse` instead.

mod fields;

use super::Facts;
use super::short::{self, LONGEST};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{PackedAddress, Way};
use fields::SMALL;
pub(super) use fields::{bits, get, place, put, set, words};

/// What a value is made of. [`words!`](words) writes both ways for a structure.
pub(super) trait Words: Sized {
    /// How many words it takes.
    const COUNT: usize;

    /// Bits that it needs: up to `SMALL`, the lowest of its only word.
    const BITS: u32 = u64::BITS;

    /// Fills exactly so many, which are zeros before. A zero should be what is most often to be said.
    fn put(&self, words: &mut [u64]);

    /// `None` for words that no value gives.
    fn get(words: &[u64]) -> Option<Self>;

    /// The same in place of another value: what is large need not be moved.
    #[inline(always)]
    fn set(&mut self, words: &[u64]) -> Option<()> {
        *self = Self::get(words)?;
        Some(())
    }
}

/// Makes [`Words`] of an enumeration without fields, the first of which is a zero; all are listed in their order.
macro_rules! choices {
    ($type:ident: $all:expr) => {
        impl $crate::tcp::words::Words for $type {
            const COUNT: usize = 1;
            const BITS: u32 = usize::BITS - ($all.len() - 1).leading_zeros();

            #[inline(always)]
            fn put(&self, words: &mut [u64]) {
                words[0] = *self as u64;
            }

            #[inline(always)]
            fn get(words: &[u64]) -> Option<Self> {
                const ALL: &[$type] = &$all;
                const {
                    let mut index = 0;
                    while index < ALL.len() {
                        assert!(ALL[index] as usize == index, "not in their order");
                        index += 1;
                    }
                }
                ALL.get(words[0] as usize).copied()
            }
        }
    };
}
pub(super) use choices;

macro_rules! numbers {
    ($($type:ty),*) => { $(
        impl Words for $type {
            const COUNT: usize = 1;
            const BITS: u32 = <$type>::BITS;

            #[inline(always)]
            fn put(&self, words: &mut [u64]) {
                words[0] = u64::from(*self);
            }

            #[inline(always)]
            fn get(words: &[u64]) -> Option<Self> {
                Some(words[0] as $type)
            }
        }
    )* };
}
numbers!(u8, u16, u32, u64);

/// 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
#[inline(always)]
pub(super) const fn fold(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[inline(always)]
pub(super) const fn unfold(word: u64) -> i64 {
    (word >> 1) as i64 ^ -((word & 1) as i64)
}

impl Words for i64 {
    const COUNT: usize = 1;

    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        words[0] = fold(*self);
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        Some(unfold(words[0]))
    }
}

choices!(bool: [false, true]);
choices!(Way: [Way::Up, Way::Down]);

/// What is nothing but a value of another type.
macro_rules! wrapped {
    ($($type:ident($of:ty)),*) => { $(
        impl Words for $type {
            const COUNT: usize = <$of as Words>::COUNT;
            const BITS: u32 = <$of as Words>::BITS;

            #[inline(always)]
            fn put(&self, words: &mut [u64]) {
                self.0.put(words);
            }

            #[inline(always)]
            fn get(words: &[u64]) -> Option<Self> {
                <$of as Words>::get(words).map(Self)
            }
        }
    )* };
}
wrapped!(Timestamp(i64), Span(i64), Seq(u32), Facts(u32));

impl Words for PackedAddress {
    const COUNT: usize = 3;

    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        (words[0], words[1], words[2]) = self.words();
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        Some(Self::from_words(words[0], words[1], words[2]))
    }
}

/// Nothing is a zero; the values of one word follow it.
impl<T: Words> Words for Option<T> {
    const COUNT: usize = {
        assert!(T::COUNT == 1, "one word cannot hold it");
        1
    };
    const BITS: u32 = if T::BITS < u64::BITS { T::BITS + 1 } else { u64::BITS };

    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        words[0] = 0;
        if let Some(value) = self {
            value.put(words);
            words[0] = words[0].wrapping_add(1);
        }
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        Some(match words[0] {
            0 => None,
            word => Some(T::get(&[word - 1])?),
        })
    }
}

/// Where an element of an array stands, as [`place`] tells it.
const fn element<T: Words + Copy + Default, const N: usize>(index: usize) -> (usize, u32) {
    if <[T; N]>::BITS <= SMALL { (0, T::BITS * index as u32) } else { (index * T::COUNT, 0) }
}

impl<T: Words + Copy + Default, const N: usize> Words for [T; N] {
    const COUNT: usize = if Self::BITS <= SMALL { 1 } else { N * T::COUNT };
    const BITS: u32 = if T::BITS * N as u32 <= SMALL { T::BITS * N as u32 } else { u64::BITS };

    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        self.iter().enumerate().for_each(|(index, value)| put(value, words, element::<T, N>(index)));
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        let mut all = [T::default(); N];
        all.set(words)?;
        Some(all)
    }

    #[inline(always)]
    fn set(&mut self, words: &[u64]) -> Option<()> {
        self.iter_mut().enumerate().try_for_each(|(index, value)| set(value, words, element::<T, N>(index)))
    }
}

/// Small numbers, eight in a word: how many there are is a multiple of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for Bytes<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Words for Bytes<N> {
    const COUNT: usize = {
        assert!(N.is_multiple_of(8), "some would be lost");
        N / 8
    };

    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        words.iter_mut().zip(self.0.as_chunks().0).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        let mut all = Self::default();
        all.0.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        Some(all)
    }
}

/// The most words of a value: a multiple of 64.
const MOST: usize = 192;
/// Bytes that say which words are there.
const GROUPS: usize = MOST / 8;

/// Appends a value: for each eight words a byte that says which are there, then these.
#[inline(always)]
pub(super) fn encode<T: Words>(value: &T, out: &mut Vec<u8>) {
    const { assert!(T::COUNT <= MOST) };
    let mut words = [0; MOST];
    value.put(&mut words[..T::COUNT]);
    write(&words, T::COUNT, out);
}

#[inline(never)]
fn write(words: &[u64; MOST], count: usize, out: &mut Vec<u8>) {
    let mut groups = [0; GROUPS];
    words.as_chunks::<8>().0.iter().zip(&mut groups).for_each(|(words, group)| *group = there(words));
    let groups_64 = groups.as_chunks::<8>().0;
    let all: u32 = groups_64.iter().map(|groups| u64::from_le_bytes(*groups).count_ones()).sum();
    out.extend_from_slice(&groups[..count.div_ceil(8)]);
    let start = out.len();
    out.resize(start + all as usize * LONGEST, 0);
    let values = &mut out[start..];
    let mut at = 0;
    // By 64 words: the end of a short loop is mispredicted, which costs as much as several words.
    for (words, groups) in words.as_chunks::<64>().0.iter().zip(groups_64) {
        let mut left = u64::from_le_bytes(*groups);
        while left != 0 {
            let word = words[left.trailing_zeros() as usize % 64];
            left &= left - 1;
            let Some(place) = values.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) else { return };
            at += short::write(word, place);
        }
    }
    out.truncate(start + at);
}

/// A bit for each word that is not zero.
#[inline(always)]
fn there(words: &[u64; 8]) -> u8 {
    words.iter().enumerate().fold(0, |there, (bit, &word)| there | u8::from(word != 0) << bit)
}

/// The value at the start, and what follows it.
#[inline(always)]
pub(super) fn decode_first<T: Words>(bytes: &[u8]) -> Option<(T, &[u8])> {
    const { assert!(T::COUNT <= MOST) };
    let mut words = [0; MOST];
    let rest = read(bytes, T::COUNT, &mut words)?;
    Some((T::get(&words[..T::COUNT])?, rest))
}

/// The same in place of another value, which is of no use where the bytes are none.
#[inline(always)]
pub(super) fn decode_into<'b, T: Words>(value: &mut T, bytes: &'b [u8]) -> Option<&'b [u8]> {
    const { assert!(T::COUNT <= MOST) };
    let mut words = [0; MOST];
    let rest = read(bytes, T::COUNT, &mut words)?;
    value.set(&words[..T::COUNT])?;
    Some(rest)
}

#[inline(never)]
fn read<'b>(bytes: &'b [u8], count: usize, words: &mut [u64; MOST]) -> Option<&'b [u8]> {
    let (there, values) = bytes.split_at_checked(count.div_ceil(8))?;
    let mut groups = [0; GROUPS];
    groups[..there.len()].copy_from_slice(there);
    let mut rest = values;
    for (groups, words) in groups.as_chunks::<8>().0.iter().zip(words.as_chunks_mut::<64>().0) {
        let mut left = u64::from_le_bytes(*groups);
        while left != 0 {
            let place = &mut words[left.trailing_zeros() as usize % 64];
            left &= left - 1;
            (*place, rest) = short::take(rest)?;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_come_back_and_end_where_they_ended(
            values in prop::collection::vec(prop_oneof![3 => Just(0u64), 2 => 0u64..300, 1 => any::<u64>()], 150),
            shift in 0u32..64,
            after: Vec<u8>,
        ) {
            let words: [u64; 150] = std::array::from_fn(|place| values[place] >> if place % 2 == 0 { shift } else { 0 });
            let mut bytes = vec![1, 2];
            encode(&words, &mut bytes);
            bytes.extend_from_slice(&after);
            prop_assert_eq!(decode_first::<[u64; 150]>(&bytes[2..]), Some((words, &after[..])));
        }

        #[test]
        fn bytes_that_nobody_encoded_decode_to_nothing_or_something(bytes: Vec<u8>) {
            let _ = decode_first::<[u64; 19]>(&bytes);
        }

        #[test]
        fn numbers_are_folded_and_back(value: i64) {
            prop_assert_eq!(unfold(fold(value)), value);
        }
    }
}
