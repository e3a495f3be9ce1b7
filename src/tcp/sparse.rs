//! Values as few bytes: a bit a number that says whether it is zero, and those that are not as short as they are. Most of
//! what could be said of a connection does not hold of it.
//!
//! Every eighth bit begins a byte of bits, which stands before the numbers that it speaks of; so both ways are one walk.
//! Field names and types are not written: what decodes must be what was encoded, by the same build.

mod decode;

pub(super) use decode::decode_first;

use super::short;
use super::words::fold;
use serde::Serialize;
use serde::ser::{self, Impossible};
use std::fmt;

/// Appends a value.
pub(super) fn encode(value: &impl Serialize, out: Vec<u8>) -> Vec<u8> {
    let mut encoder = Encoder { bits_at: out.len(), out, bits: 0, bit: 0 };
    // Nothing in a connection lacks an encoding.
    let _: Result<(), Unsupported> = value.serialize(&mut encoder);
    encoder.end_bits();
    encoder.out
}

/// Connections hold numbers, enumerations without fields, structures and lists of these; texts, bytes and maps have no encoding.
#[derive(Debug)]
pub(super) struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value without a sparse encoding, or bytes that are none")
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl serde::de::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Encoder {
    out: Vec<u8>,
    /// Where the current byte of bits stands, what it is, and the next bit in it; 0 if a new byte is due.
    bits_at: usize,
    bits: u8,
    bit: u8,
}

impl Encoder {
    #[inline(always)]
    fn bit(&mut self, set: bool) {
        if self.bit == 0 {
            self.end_bits();
            self.bits_at = self.out.len();
            self.out.push(0);
            (self.bits, self.bit) = (0, 1);
        }
        self.bits |= if set { self.bit } else { 0 };
        self.bit <<= 1;
    }

    /// Puts the byte of bits in its place.
    #[inline(always)]
    fn end_bits(&mut self) {
        if let Some(place) = self.out.get_mut(self.bits_at) {
            *place = self.bits;
        }
    }

    #[inline(always)]
    fn number(&mut self, value: u64) {
        self.bit(value != 0);
        if value != 0 {
            short::put(value, &mut self.out);
        }
    }
}

type Done = Result<(), Unsupported>;

impl ser::Serializer for &mut Encoder {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    #[inline(always)]
    fn serialize_bool(self, value: bool) -> Done {
        self.bit(value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Done {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Done {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Done {
        self.serialize_i64(value.into())
    }

    #[inline(always)]
    fn serialize_i64(self, value: i64) -> Done {
        self.number(fold(value));
        Ok(())
    }

    #[inline(always)]
    fn serialize_u8(self, value: u8) -> Done {
        self.bit(value != 0);
        if value != 0 {
            self.out.push(value);
        }
        Ok(())
    }

    #[inline(always)]
    fn serialize_u16(self, value: u16) -> Done {
        self.number(value.into());
        Ok(())
    }

    #[inline(always)]
    fn serialize_u32(self, value: u32) -> Done {
        self.number(value.into());
        Ok(())
    }

    #[inline(always)]
    fn serialize_u64(self, value: u64) -> Done {
        self.number(value);
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Done {
        Err(Unsupported)
    }

    fn serialize_f64(self, _: f64) -> Done {
        Err(Unsupported)
    }

    fn serialize_char(self, _: char) -> Done {
        Err(Unsupported)
    }

    fn serialize_str(self, _: &str) -> Done {
        Err(Unsupported)
    }

    fn serialize_bytes(self, _: &[u8]) -> Done {
        Err(Unsupported)
    }

    #[inline(always)]
    fn serialize_none(self) -> Done {
        self.bit(false);
        Ok(())
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.bit(true);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Done {
        self.number(index.into());
        Ok(())
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &str, _: u32, _: &str, _: &T) -> Done {
        Err(Unsupported)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Unsupported> {
        self.number(len.ok_or(Unsupported)? as u64);
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Impossible<(), Unsupported>, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<(), Unsupported>, Unsupported> {
        Err(Unsupported)
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Impossible<(), Unsupported>, Unsupported> {
        Err(Unsupported)
    }
}

impl ser::SerializeSeq for &mut Encoder {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeTuple for &mut Encoder {
    type Ok = ();
    type Error = Unsupported;

    #[inline(always)]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeTupleStruct for &mut Encoder {
    type Ok = ();
    type Error = Unsupported;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Encoder {
    type Ok = ();
    type Error = Unsupported;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Choice {
        First,
        Second,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Value {
        small: u8,
        numbers: Vec<(u64, i64)>,
        absent: Option<u32>,
        yes: bool,
        choice: Choice,
        words: [u16; 3],
    }

    fn value() -> impl Strategy<Value = Value> {
        let mostly_zero = || prop_oneof![2 => Just(0u64), 1 => 0u64..300, 1 => any::<u64>()];
        let numbers = prop::collection::vec((mostly_zero(), mostly_zero().prop_map(|number| number as i64)), 0..9);
        (any::<u8>(), numbers, any::<Option<u32>>(), any::<(bool, bool)>(), any::<[u16; 3]>()).prop_map(
            |(small, numbers, absent, (yes, first), words)| Value {
                small,
                numbers,
                absent,
                yes,
                choice: if first { Choice::First } else { Choice::Second },
                words,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_encoded_decodes_to_itself_and_ends_where_it_ended(value in value(), after: Vec<u8>) {
            let mut bytes = encode(&value, vec![1, 2]);
            bytes.extend_from_slice(&after);
            let (decoded, rest) = decode_first::<Value>(&bytes[2..]).expect("a value");
            prop_assert_eq!((decoded, rest), (value, &after[..]));
        }

        #[test]
        fn bytes_that_nobody_encoded_decode_to_nothing_or_something(bytes: Vec<u8>) {
            let _ = decode_first::<Value>(&bytes);
        }
    }

    #[test]
    fn every_length_of_number_comes_back() {
        for shift in 0..64 {
            for number in [1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                assert_eq!(decode_first::<u64>(&encode(&number, Vec::new())), Some((number, &[][..])));
            }
        }
    }

    #[test]
    fn nothing_but_zeros_takes_a_bit_each() {
        assert_eq!(encode(&([0u64; 16], [false; 8]), Vec::new()), [0; 3]);
    }
}
