//! The way back from bytes to values.

use super::Unsupported;
use crate::tcp::short;
use crate::tcp::words::unfold;
use serde::de::{self, Deserialize, DeserializeOwned, DeserializeSeed, Visitor};

/// The value at the start, and what follows it.
pub(in crate::tcp) fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, &[u8])> {
    let mut decoder = Decoder { rest: bytes, bits: NO_BITS };
    let value = T::deserialize(&mut decoder).ok()?;
    Some((value, decoder.rest))
}

struct Decoder<'a> {
    rest: &'a [u8],
    /// The next bit is the lowest; above the last one stands a one.
    bits: u32,
}

const NO_BITS: u32 = 1;

impl<'a> Decoder<'a> {
    #[inline(always)]
    fn bit(&mut self) -> Result<bool, Unsupported> {
        if self.bits == NO_BITS {
            self.bits = u32::from(self.byte()?) | NO_BITS << 8;
        }
        let set = self.bits & 1 != 0;
        self.bits >>= 1;
        Ok(set)
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8, Unsupported> {
        let (&byte, rest) = self.rest.split_first().ok_or(Unsupported)?;
        self.rest = rest;
        Ok(byte)
    }

    #[inline(always)]
    fn number(&mut self) -> Result<u64, Unsupported> {
        if self.bit()? { self.short() } else { Ok(0) }
    }

    #[inline]
    fn short(&mut self) -> Result<u64, Unsupported> {
        let (value, rest) = short::take(self.rest).ok_or(Unsupported)?;
        self.rest = rest;
        Ok(value)
    }

    #[inline(always)]
    fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, Unsupported> {
        T::try_from(self.number()?).map_err(|_| Unsupported)
    }

    #[inline(always)]
    fn signed(&mut self) -> Result<i64, Unsupported> {
        self.number().map(unfold)
    }
}

impl<'de> de::Deserializer<'de> for &mut Decoder<'de> {
    type Error = Unsupported;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }

    #[inline(always)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_bool(self.bit()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_i64(self.signed()?)
    }

    #[inline(always)]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_i64(self.signed()?)
    }

    #[inline(always)]
    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        let byte = if self.bit()? { self.byte()? } else { 0 };
        visitor.visit_u8(byte)
    }

    #[inline(always)]
    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_u16(self.narrow()?)
    }

    #[inline(always)]
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_u32(self.narrow()?)
    }

    #[inline(always)]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }

    #[inline(always)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        if self.bit()? { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        let left = self.narrow()?;
        visitor.visit_seq(Items { decoder: self, left })
    }

    #[inline(always)]
    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_seq(Items { decoder: self, left })
    }

    #[inline(always)]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        visitor.visit_seq(Items { decoder: self, left })
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        visitor.visit_seq(Items { decoder: self, left: fields.len() })
    }

    #[inline(always)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! { f32 f64 char str string unit_struct map identifier ignored_any }
}

/// The elements of a list, or the fields of a structure.
struct Items<'a, 'de> {
    decoder: &'a mut Decoder<'de>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unsupported;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unsupported> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    /// As the trait has it, but in line: a summary has some two hundred fields.
    #[inline(always)]
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Unsupported> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        T::deserialize(&mut *self.decoder).map(Some)
    }
}

impl<'de> de::EnumAccess<'de> for &mut Decoder<'de> {
    type Error = Unsupported;
    type Variant = Self;

    #[inline(always)]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unsupported> {
        let index: u32 = self.narrow()?;
        let variant = seed.deserialize(de::value::U32Deserializer::<Unsupported>::new(index))?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Decoder<'de> {
    type Error = Unsupported;

    #[inline(always)]
    fn unit_variant(self) -> Result<(), Unsupported> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Unsupported> {
        Err(Unsupported)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }
}
