//! Numbers as few bytes: seven bits go into a byte, and how many bytes there are is told by the trailing zeros of the first;
//! numbers of more than 56 bits are a zero and all their eight bytes.

/// Bytes of one, at most.
pub(super) const LONGEST: usize = 9;

/// Writes a number, and tells how many bytes it takes; what stands behind these is of no use.
#[inline(always)]
pub(super) const fn write(value: u64, place: &mut [u8; LONGEST]) -> usize {
    let bits = (value | 1).ilog2();
    let (first, last) = place.split_at_mut(8);
    if bits < 56 {
        // A seventh of the bits, rounded down.
        let more = (bits * 37) >> 8;
        first.copy_from_slice(&((value << 1 | 1) << more).to_le_bytes());
        return more as usize + 1;
    }
    first.copy_from_slice(&(value << 8).to_le_bytes());
    last[0] = (value >> 56) as u8;
    LONGEST
}

/// The number that begins there, and how many bytes it takes.
#[inline(always)]
pub(super) const fn read(bytes: &[u8; LONGEST]) -> (u64, usize) {
    let [first @ .., last] = bytes;
    let word = u64::from_le_bytes(*first);
    let count = word.trailing_zeros() + 1;
    if count > 8 {
        return (word >> 8 | (*last as u64) << 56, LONGEST);
    }
    // What follows is pushed out at the top.
    let above = 64 - 8 * count;
    (word << above >> above >> count, count as usize)
}

/// Appends a number.
#[inline]
pub(super) fn put(value: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; LONGEST];
    let count = write(value, &mut bytes);
    out.extend_from_slice(&bytes);
    out.truncate(out.len() - (LONGEST - count));
}

/// The number at the start, and what follows it.
#[inline]
pub(super) fn take(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (value, count) = match bytes.first_chunk() {
        Some(first) => read(first),
        None => {
            let mut first = [0; LONGEST];
            first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            read(&first)
        }
    };
    Some((value, bytes.get(count..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_comes_back_and_what_follows_it_stays(value: u64, shift in 0u32..64, after: Vec<u8>) {
            let value = value >> shift;
            let mut bytes = vec![1];
            put(value, &mut bytes);
            let length = bytes.len() - 1;
            prop_assert_eq!(length, (64 - value.leading_zeros()).div_ceil(7).clamp(1, 9) as usize);
            bytes.extend_from_slice(&after);
            prop_assert_eq!(take(&bytes[1..]), Some((value, &after[..])));
            prop_assert_eq!(take(&bytes[1..length]), None, "cut");
        }
    }

    #[test]
    fn every_length_comes_back() {
        for shift in 0..64 {
            for value in [1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                put(value, &mut bytes);
                assert_eq!(take(&bytes), Some((value, &[][..])));
            }
        }
    }
}
