//! Samples and how they are printed.

use std::{
    io::Write,
    time::{Duration, Instant},
};

/// One number per round of a bench.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }
}

impl Extend<f64> for Samples {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, more: I) {
        *self = self.0.drain(..).chain(more).collect();
    }
}

impl Samples {
    /// `of` runs a hundred per cent: 0.5 is the median. Of no samples: not a number.
    pub(crate) fn quantile(&self, of: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the place of a sample among a few thousand"
        )]
        let place = (of * last as f64).round() as usize;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The median, and from where to where the samples go.
    fn spread(&self) -> String {
        let (low, high) = (self.quantile(0.0), self.quantile(1.0));
        format!("{} ({} to {})", short(self.median()), short(low), short(high))
    }
}

/// Prints a heading.
pub(crate) fn heading(text: &str) {
    line(&format!("\n{text}"));
}

/// Prints a figure, and how it relates to each yardstick.
pub(crate) fn figure(name: &str, unit: &str, samples: &Samples, yardsticks: &[(&str, &Samples)]) {
    line(&format!("  {name:<52} {:>32} {unit}", samples.spread()));
    for (yardstick, of) in yardsticks {
        let ratio = samples.median() / of.median();
        line(&format!("    {:>8.2} x  {yardstick}, {} {unit}", ratio, of.spread()));
    }
}

/// Prints one line. A closed pipe has no reader to tell.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn short(number: f64) -> String {
    match number.abs() {
        large if large >= 100.0 => format!("{number:.0}"),
        middle if middle >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

/// Waits for this time.
#[expect(clippy::disallowed_methods, reason = "what is due at a time is not done before")]
pub(crate) fn wait_until(due: Instant) {
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}

/// Milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// How many per second.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
pub(crate) fn per_second(count: usize, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}
