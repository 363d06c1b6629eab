//! How long the hops of a message take, counted in fixed buckets: means hide the slow ones.

use std::time::Duration;

/// Upper limits of the buckets, in milliseconds; what is above the last one has a bucket of its own. From
/// what a person does not notice to what only a broken connection explains; 5 s is what the reference calls
/// late.
pub const LIMITS_MS: [i64; 12] =
    [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 3_600_000];

/// One more than there are limits.
pub const BUCKETS: usize = LIMITS_MS.len() + 1;

/// [`LIMITS_MS`] in seconds.
#[expect(clippy::cast_precision_loss, reason = "limits are small")]
pub fn limits_seconds() -> impl Iterator<Item = f64> {
    LIMITS_MS.into_iter().map(|limit| limit as f64 / 1000.0)
}

/// A part of a message's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hop {
    /// In our queue, until it is handed to the network.
    Waiting,
    /// Until the network has taken it, with our attempts.
    HandingOver,
    /// Both of the above.
    Sending,
    /// From the network to the customer's device.
    Delivering,
    /// Until the customer has read it.
    Reading,
    /// A customer's message: from the network's instant to our row.
    Receiving,
}

impl Hop {
    /// In the order of the way.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::HandingOver,
        Self::Sending,
        Self::Delivering,
        Self::Reading,
        Self::Receiving,
    ];

    /// Its name where figures are counted.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::HandingOver => "handing_over",
            Self::Sending => "sending",
            Self::Delivering => "delivering",
            Self::Reading => "reading",
            Self::Receiving => "receiving",
        }
    }

    /// The states between which it lies.
    pub const fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => ("queued", "sending"),
            Self::HandingOver => ("sending", "sent"),
            Self::Sending => ("queued", "sent"),
            Self::Delivering => ("sent", "delivered"),
            Self::Reading => ("delivered", "read"),
            Self::Receiving => ("network", "stored"),
        }
    }
}

/// How often it took how long.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Histogram {
    /// By the index of their limit.
    pub counts: [u64; BUCKETS],
    pub sum_ms: f64,
    pub max_ms: f64,
}

impl Histogram {
    pub fn observe(&mut self, took: Duration) {
        let ms = took.as_secs_f64() * 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let bucket = LIMITS_MS.iter().position(|limit| ms <= *limit as f64);
        self.counts[bucket.unwrap_or(LIMITS_MS.len())] += 1;
        self.sum_ms += ms;
        self.max_ms = self.max_ms.max(ms);
    }

    /// Takes in what another one has counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_ms += other.sum_ms;
        self.max_ms = self.max_ms.max(other.max_ms);
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 messages")]
    pub fn average_ms(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.sum_ms / total as f64)
    }

    /// Within how many milliseconds this share (per cent) of them was done: the limit of the bucket, or the
    /// slowest of all where that is less or there is none.
    #[expect(clippy::cast_precision_loss, reason = "limits are small")]
    pub fn percentile_ms(&self, per_cent: u64) -> Option<f64> {
        let wanted = (self.total() * per_cent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                let limit = LIMITS_MS.get(bucket).map_or(self.max_ms, |limit| *limit as f64);
                return Some(limit.min(self.max_ms));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_observation_is_counted_once_where_it_belongs() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.average_ms(), histogram.percentile_ms(95)), (None, None));
        for ms in [0, 50, 51, 5000, 5001, 4_000_000] {
            histogram.observe(Duration::from_millis(ms));
        }
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);
        assert_eq!(histogram.total(), 6);
        assert!((histogram.max_ms - 4_000_000.0).abs() < 1e-6);
    }

    #[test]
    fn what_two_have_counted_is_one() {
        let (mut one, mut other, mut both) = <(Histogram, Histogram, Histogram)>::default();
        for ms in [40, 70, 4_000_000] {
            let histogram = if ms < 50 { &mut one } else { &mut other };
            histogram.observe(Duration::from_millis(ms));
            both.observe(Duration::from_millis(ms));
        }
        one.add(&other);
        assert_eq!(one, both);
    }

    #[test]
    fn percentiles_are_limits_and_never_more_than_the_slowest() {
        let mut histogram = Histogram::default();
        for _ in 0..95 {
            histogram.observe(Duration::from_millis(80));
        }
        for _ in 0..5 {
            histogram.observe(Duration::from_millis(2600));
        }
        assert_eq!(histogram.percentile_ms(50), Some(100.0));
        assert_eq!(histogram.percentile_ms(95), Some(100.0));
        assert_eq!(histogram.percentile_ms(96), Some(2600.0));
        let average = histogram.average_ms().unwrap();
        assert!((average - 206.0).abs() < 1e-6, "{average}");
    }
}
