//! Round-trip samples by side, as logarithmic buckets: minimum, median and maximum in 40 bytes.

use super::words::{Bytes, words};
use crate::time::Span;

/// Buckets a factor of two apart, from below 16 µs to beyond 134 s.
const BUCKETS: usize = 24;

words! {
    /// Samples of the time from a segment of this side to the acknowledgement of it, at the observation point. Never taken
    /// from a segment that was sent more than once (Karn's algorithm, RFC 6298 3).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Rtt {
        /// Microseconds; meaningful when `samples` is not 0.
        min: u32,
        max: u32,
        samples: u32,
        /// Samples in 2^(i+3) .. 2^(i+4) µs; counts stop at 255 by halving all, which keeps the median.
        buckets: Bytes<BUCKETS>,
    }
}

impl Rtt {
    pub fn add(&mut self, sample: Span) {
        if sample.0 < 0 {
            return; // clocks that step back measure nothing
        }
        let micros = u32::try_from(sample.0 / 1000).unwrap_or(u32::MAX);
        self.min = if self.samples == 0 { micros } else { self.min.min(micros) };
        self.max = self.max.max(micros);
        self.samples = self.samples.saturating_add(1);
        let index = (micros.checked_ilog2().unwrap_or(0) as usize).saturating_sub(3).min(BUCKETS - 1);
        if self.buckets.0[index] == u8::MAX {
            self.buckets.0.iter_mut().for_each(|count| *count = count.div_ceil(2));
        }
        self.buckets.0[index] = self.buckets.0[index].saturating_add(1);
    }

    pub fn min(&self) -> Option<Span> {
        (self.samples > 0).then(|| Span::from_micros(i64::from(self.min)))
    }

    pub fn max(&self) -> Option<Span> {
        (self.samples > 0).then(|| Span::from_micros(i64::from(self.max)))
    }

    /// The median: the geometric middle of its bucket, so at most a factor of 1.42 off, and never outside min and max.
    pub fn median(&self) -> Option<Span> {
        if self.samples == 0 {
            return None;
        }
        let total: u32 = self.buckets.0.iter().map(|&count| u32::from(count)).sum();
        let mut before = 0;
        let index = self.buckets.0.iter().position(|&count| {
            before += u32::from(count);
            count > 0 && before * 2 >= total
        })?;
        let middle = (f64::from(1u32 << (index + 3)) * std::f64::consts::SQRT_2) as u32;
        Some(Span::from_micros(i64::from(middle.clamp(self.min, self.max))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_many_samples_lies_within_its_bucket() {
        let mut rtt = Rtt::default();
        for micros in [20_000; 900].into_iter().chain([90; 100]).chain([3_000_000; 3]) {
            rtt.add(Span::from_micros(micros));
        }
        assert_eq!(rtt.min(), Some(Span::from_micros(90)));
        assert_eq!(rtt.max(), Some(Span::from_micros(3_000_000)));
        let median = rtt.median().expect("samples").0 as f64 / 1e6;
        assert!((median / 20.0).ln().abs() < 1.42f64.ln(), "{median} ms");
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let mut rtt = Rtt::default();
        rtt.add(Span(-5));
        assert_eq!((rtt.min(), rtt.median(), rtt.max()), (None, None, None));
    }
}
