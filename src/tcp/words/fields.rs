//! Where the fields of a structure stand in its words: small ones that follow one another share a word.

use super::Words;

/// Values of so few bits share a word with those next to them: each word costs more time than its bits do.
pub(super) const SMALL: u32 = 17;
/// Bits that a word is shared by: more would take a byte more.
const SHARED: u32 = 56;

/// The word that a field begins with, and the bit there; of the number behind the last field, how many words there are. Each
/// field has a count and bits.
pub(in crate::tcp) const fn place(fields: &[(usize, u32)], field: usize) -> (usize, u32) {
    let (mut word, mut bit, mut index) = (0, 0, 0);
    loop {
        let shares = index < fields.len() && fields[index].1 <= SMALL;
        if bit > 0 && !(shares && bit + fields[index].1 <= SHARED) {
            (word, bit) = (word + 1, 0);
        }
        if index == field {
            return (word, bit);
        }
        let (count, bits) = fields[index];
        (word, bit) = if shares { (word, bit + bits) } else { (word + count, 0) };
        index += 1;
    }
}

/// Bits of a structure of such fields.
pub(in crate::tcp) const fn bits(fields: &[(usize, u32)]) -> u32 {
    let (mut all, mut index) = (0, 0);
    while index < fields.len() {
        all += fields[index].1;
        index += 1;
    }
    if all <= SHARED { all } else { u64::BITS }
}

#[inline(always)]
pub(in crate::tcp) fn put<T: Words>(field: &T, words: &mut [u64], (word, bit): (usize, u32)) {
    if T::BITS > SMALL {
        return field.put(&mut words[word..word + T::COUNT]);
    }
    let mut own = [0];
    field.put(&mut own);
    words[word] |= own[0] << bit;
}

#[inline(always)]
pub(in crate::tcp) fn set<T: Words>(field: &mut T, words: &[u64], at: (usize, u32)) -> Option<()> {
    own::<T, _>(words, at, |own| field.set(own))
}

#[inline(always)]
pub(in crate::tcp) fn get<T: Words>(words: &[u64], at: (usize, u32)) -> Option<T> {
    own::<T, _>(words, at, T::get)
}

/// What `read` makes of a field's own words.
#[inline(always)]
fn own<T: Words, R>(words: &[u64], (word, bit): (usize, u32), read: impl FnOnce(&[u64]) -> R) -> R {
    if T::BITS > SMALL {
        return read(&words[word..word + T::COUNT]);
    }
    read(&[words[word] >> bit & ((1 << T::BITS) - 1)])
}

/// A structure, and [`Words`] of all its fields.
macro_rules! words {
    (
        $(#[$about:meta])*
        $access:vis struct $type:ident { $($(#[$of_field:meta])* $field_access:vis $field:ident: $kind:ty),* $(,)? }
    ) => {
        $(#[$about])*
        $access struct $type { $($(#[$of_field])* $field_access $field: $kind),* }

        const _: () = {
            use $crate::tcp::words::{self, Words};

            #[expect(non_camel_case_types, reason = "as the fields are named")]
            enum Field { $($field),* }
            const FIELDS: &[(usize, u32)] = &[$((<$kind as Words>::COUNT, <$kind as Words>::BITS)),*];

            impl Words for $type {
                const COUNT: usize = words::place(FIELDS, FIELDS.len()).0;
                const BITS: u32 = words::bits(FIELDS);

                #[inline(always)]
                fn put(&self, words: &mut [u64]) {
                    let words = &mut words[..Self::COUNT];
                    $(words::put(&self.$field, words, const { words::place(FIELDS, Field::$field as usize) });)*
                }

                #[inline(always)]
                fn get(words: &[u64]) -> Option<Self> {
                    let words = words.get(..Self::COUNT)?;
                    Some(Self { $($field: words::get(words, const { words::place(FIELDS, Field::$field as usize) })?),* })
                }

                #[inline(always)]
                fn set(&mut self, words: &[u64]) -> Option<()> {
                    let words = words.get(..Self::COUNT)?;
                    $(words::set(&mut self.$field, words, const { words::place(FIELDS, Field::$field as usize) })?;)*
                    Some(())
                }
            }
        };
    };
}
pub(in crate::tcp) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::words::{decode_first, encode};
    use proptest::prelude::*;

    words! {
        /// Two fields that share a word, one that does not, and more than one word has room for.
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Mixed {
            yes: bool,
            port: Option<u16>,
            whole: u64,
            pair: [u8; 2],
            first: u16,
            second: u16,
            third: u16,
            inner: Inner,
        }
    }

    words! {
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Inner {
            hops: Option<u8>,
            no: bool,
        }
    }

    #[test]
    fn small_fields_share_words_as_far_as_there_is_room() {
        assert_eq!((Inner::COUNT, Inner::BITS), (1, 10));
        // yes and port; whole; pair, first and second; third and inner.
        assert_eq!((Mixed::COUNT, Mixed::BITS), (4, u64::BITS));
        let fields = [(1, 1), (1, 17), (1, 64), (1, 16), (1, 16), (1, 16), (1, 16), (1, 10)];
        let places: Vec<_> = (0..=fields.len()).map(|field| place(&fields, field)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 16), (2, 32), (3, 0), (3, 16), (4, 0)]);
    }

    proptest! {
        #[test]
        fn fields_that_share_a_word_come_back(
            (yes, port, whole) in any::<(bool, Option<u16>, u64)>(),
            (pair, first, second, third) in any::<([u8; 2], u16, u16, u16)>(),
            (hops, no) in any::<(Option<u8>, bool)>(),
        ) {
            let mixed = Mixed { yes, port, whole, pair, first, second, third, inner: Inner { hops, no } };
            let mut bytes = Vec::new();
            encode(&mixed, &mut bytes);
            prop_assert_eq!(decode_first(&bytes), Some((mixed, &[][..])));
            let mut used = Mixed { yes: true, port: Some(1), whole: 1, ..mixed };
            let mut words = [0; Mixed::COUNT];
            mixed.put(&mut words);
            prop_assert_eq!(used.set(&words), Some(()));
            prop_assert_eq!(used, mixed);
        }
    }
}
