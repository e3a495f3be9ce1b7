//! Asks memory for bytes before they are needed: the one prefetch function.

/// Starts to load the cache line at `at` and the one behind it, where the next record's header and its frame's headers
/// stand. Frames lie further apart than the processor's own prefetchers look, and waiting for each header was half of the
/// time of reading a capture. A hint only: it reads nothing and cannot fault, wherever `at` lies.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch(bytes: &[u8], at: u64) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = bytes.as_ptr().wrapping_add(at as usize).cast::<i8>();
        // SAFETY: A prefetch is a hint: no address makes it fault or read (Intel SDM, PREFETCHh), and SSE is part of x86-64.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line);
            _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(64));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, at);
}
