//! How fast a number may send: so many messages a second over all, and one every six seconds to one
//! customer beyond a burst (domain facts: Cloud API). Waiting here is cheaper than being refused there.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Messages a second that a number may send by default.
pub(super) const PER_SECOND: f64 = 80.0;
/// One customer may be sent a message this often …
pub(super) const PAIR_EVERY: Duration = Duration::from_secs(6);
/// … and this many at once before.
pub(super) const PAIR_BURST: f64 = 45.0;
/// After 131056 the pause is 4^n seconds; n grows to this (17 minutes).
const PAIR_STEPS_MAX: u32 = 5;
/// How long nothing is sent after the number as a whole was too fast.
const THROTTLED_FOR: Duration = Duration::from_secs(5);
/// Customers that are remembered; those who may be sent a full burst again are forgotten first.
const PAIRS_MAX: usize = 50_000;

/// The pace of one number.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    all: Bucket,
    pairs: HashMap<String, Pair>,
    /// The network has said that the number is too fast.
    throttled_until: Option<Instant>,
}

#[derive(Debug)]
struct Pair {
    bucket: Bucket,
    /// Refusals in a row, and the end of the pause after the last one.
    refusals: u32,
    paused_until: Option<Instant>,
}

/// Fills with time; every message takes one out.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
    size: f64,
    per_second: f64,
}

impl Bucket {
    fn full(size: f64, per_second: f64, now: Instant) -> Self {
        Self { tokens: size, at: now, size, per_second }
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.size);
        self.at = now;
    }

    /// Until there is one to take.
    fn wait(&self) -> Duration {
        if self.tokens >= 1.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64((1.0 - self.tokens) / self.per_second)
        }
    }
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        let all = Bucket::full(PER_SECOND, PER_SECOND, now);
        Self(Mutex::new(State { all, pairs: HashMap::new(), throttled_until: None }))
    }

    /// Takes the right to send one message to a customer, or says how long to wait before asking again.
    pub(super) fn take(&self, chat_id: &str, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        state.forget(now);
        state.all.fill(now);
        let throttled = until(state.throttled_until, now);
        let all = state.all.wait();
        let pair = state.pair(chat_id, now);
        pair.bucket.fill(now);
        let wait = throttled.max(all).max(pair.bucket.wait()).max(until(pair.paused_until, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        pair.bucket.tokens -= 1.0;
        state.all.tokens -= 1.0;
        Ok(())
    }

    /// The network took a message to this customer.
    pub(super) fn accepted(&self, chat_id: &str) {
        if let Some(pair) = self.lock().pairs.get_mut(chat_id) {
            pair.refusals = 0;
            pair.paused_until = None;
        }
    }

    /// 131056: the pause before the next message to this customer, 4^n seconds at the n-th time.
    pub(super) fn pair_refused(&self, chat_id: &str, now: Instant) -> Duration {
        let mut state = self.lock();
        let pair = state.pair(chat_id, now);
        pair.refusals = (pair.refusals + 1).min(PAIR_STEPS_MAX);
        pair.bucket.tokens = 0.0;
        let pause = Duration::from_secs(4_u64.pow(pair.refusals));
        pair.paused_until = Some(now + pause);
        pause
    }

    /// The number as a whole is too fast: the pause for all customers.
    pub(super) fn throttled(&self, now: Instant) -> Duration {
        self.lock().throttled_until = Some(now + THROTTLED_FOR);
        THROTTLED_FOR
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pair(&mut self, chat_id: &str, now: Instant) -> &mut Pair {
        let new = || Pair {
            bucket: Bucket::full(PAIR_BURST, 1.0 / PAIR_EVERY.as_secs_f64(), now),
            refusals: 0,
            paused_until: None,
        };
        self.pairs.entry(chat_id.to_owned()).or_insert_with(new)
    }

    fn forget(&mut self, now: Instant) {
        if self.pairs.len() < PAIRS_MAX {
            return;
        }
        self.pairs.retain(|_, pair| {
            pair.bucket.fill(now);
            pair.bucket.tokens < pair.bucket.size || !until(pair.paused_until, now).is_zero()
        });
        if self.pairs.len() >= PAIRS_MAX {
            // The network itself refuses whatever is too fast then.
            self.pairs.clear();
        }
    }
}

fn until(instant: Option<Instant>, now: Instant) -> Duration {
    instant.map_or(Duration::ZERO, |instant| instant.saturating_duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARIA: &str = "5511999990001";

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn one_customer_gets_a_burst_and_then_one_message_every_six_seconds() {
        let start = Instant::now();
        let pace = Pace::new(start);
        for _ in 0..45 {
            pace.take(MARIA, start).unwrap();
        }
        let wait = pace.take(MARIA, start).unwrap_err();
        assert!((5.9..=6.0).contains(&wait.as_secs_f64()), "{wait:?}");
        pace.take("another", start).unwrap();
        pace.take(MARIA, after(start, 6.01)).unwrap();
        assert!(pace.take(MARIA, after(start, 6.02)).is_err());
    }

    #[test]
    fn a_number_sends_eighty_messages_a_second() {
        let start = Instant::now();
        let pace = Pace::new(start);
        for customer in 0..80 {
            pace.take(&customer.to_string(), start).unwrap();
        }
        assert!(pace.take("one more", start).unwrap_err() <= Duration::from_millis(13));
        pace.take("one more", after(start, 0.02)).unwrap();
    }

    #[test]
    fn pauses_after_refusals_are_powers_of_four_until_one_is_taken() {
        let start = Instant::now();
        let pace = Pace::new(start);
        let pauses: Vec<u64> = (0..7).map(|_| pace.pair_refused(MARIA, start).as_secs()).collect();
        assert_eq!(pauses, [4, 16, 64, 256, 1024, 1024, 1024]);
        assert!(pace.take(MARIA, after(start, 1023.0)).is_err());
        pace.take(MARIA, after(start, 1025.0)).unwrap();
        pace.accepted(MARIA);
        assert_eq!(pace.pair_refused(MARIA, start).as_secs(), 4);
    }

    #[test]
    fn a_number_that_was_too_fast_rests() {
        let start = Instant::now();
        let pace = Pace::new(start);
        let pause = pace.throttled(start);
        assert_eq!(pace.take(MARIA, start), Err(pause));
        pace.take(MARIA, start + pause).unwrap();
    }
}
