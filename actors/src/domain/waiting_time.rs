//! How long somebody will probably wait: from those who waited in the same queue lately.

use std::time::Duration;

use super::{Timestamp, calendar::Calendar};

/// Entries that an estimate looks at.
pub const SERVED_MAX: i64 = 50;
/// Nothing older says how it is now.
pub const SERVED_WINDOW: Duration = Duration::from_hours(7 * 24);
/// Fewer people who had to wait say nothing.
const WAITED_MIN: usize = 5;
/// Who was served sooner did not wait.
const WAIT_MIN: Duration = Duration::from_secs(10);
/// Beyond a day nobody is told a time.
const ESTIMATE_MAX: Duration = Duration::from_hours(24);

/// Somebody who was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Served {
    pub entered_at: Timestamp,
    pub assigned_at: Timestamp,
}

/// From and to how long a wait will probably be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    pub low: Duration,
    pub high: Duration,
}

/// For whoever is at `position` (1 is next). Each wait, in open hours, is divided by the place that it was
/// waited from, as far as the sample shows; the median and the 90th percentile of a place's time, times the
/// position, are put on the clock of the wall again. `None` when there is too little to go by or it would
/// be more than a day.
pub fn estimate(
    served: &[Served],
    position: usize,
    calendar: &Calendar<'_>,
    now: Timestamp,
) -> Option<Estimate> {
    let mut per_place: Vec<Duration> = served
        .iter()
        .filter_map(|one| {
            let waited = calendar.open_between(one.entered_at, one.assigned_at);
            let ahead = served.iter().filter(|other| is_ahead(other, one)).count();
            (waited >= WAIT_MIN).then(|| waited / u32::try_from(ahead + 1).unwrap_or(u32::MAX))
        })
        .collect();
    if per_place.len() < WAITED_MIN {
        return None;
    }
    per_place.sort_unstable();
    let places = u32::try_from(position.max(1)).unwrap_or(u32::MAX);
    let wait = |percent: usize| {
        let rank = (per_place.len() * percent).div_ceil(100).max(1);
        let open = per_place[rank - 1].saturating_mul(places);
        calendar.plus_open(now, open).since(now)
    };
    let (low, high) = (wait(50), wait(90));
    (high <= ESTIMATE_MAX).then_some(Estimate { low, high })
}

/// Was in the queue when `one` came, and had come before.
fn is_ahead(other: &Served, one: &Served) -> bool {
    other.entered_at < one.entered_at && other.assigned_at > one.entered_at
}

/// As customers read it: `5 a 10 minutos`.
impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = (Rounded::of(self.low), Rounded::of(self.high));
        match (low, high) {
            (Rounded::Minutes(0), Rounded::Minutes(0)) => write!(f, "menos de 1 minuto"),
            (Rounded::Minutes(0), high) => write!(f, "até {high}"),
            (low, high) if low == high => write!(f, "cerca de {high}"),
            (Rounded::Minutes(low), Rounded::Minutes(_))
            | (Rounded::Hours(low), Rounded::Hours(_)) => write!(f, "{low} a {high}"),
            (low, high) => write!(f, "{low} a {high}"),
        }
    }
}

/// A time without more precision than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounded {
    Minutes(u64),
    Hours(u64),
}

impl Rounded {
    fn of(duration: Duration) -> Self {
        let minutes = duration.as_secs().div_ceil(60);
        match minutes {
            _ if duration.as_secs() < 30 => Self::Minutes(0),
            0..=10 => Self::Minutes(minutes),
            11..=90 => Self::Minutes(minutes.div_ceil(5) * 5),
            _ => Self::Hours(minutes.div_ceil(60)),
        }
    }
}

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Minutes(1) => write!(f, "1 minuto"),
            Self::Minutes(minutes) => write!(f, "{minutes} minutos"),
            Self::Hours(1) => write!(f, "1 hora"),
            Self::Hours(hours) => write!(f, "{hours} horas"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::ChatSettings;

    /// 2026-01-05 10:00 in São Paulo, a Monday.
    const NOW: Timestamp = Timestamp::from_micros(1_767_618_000_000_000);

    fn minutes(minutes: u64) -> Duration {
        Duration::from_mins(minutes)
    }

    /// Came and was served so many minutes after eight in the morning.
    fn served(entered: u64, assigned: u64) -> Served {
        let eight = NOW.minus(minutes(120));
        Served {
            entered_at: eight.plus(minutes(entered)),
            assigned_at: eight.plus(minutes(assigned)),
        }
    }

    fn estimated(served: &[Served], position: usize) -> Option<String> {
        let settings = ChatSettings::default();
        estimate(served, position, &settings.calendar(None), NOW).map(|found| found.to_string())
    }

    #[test]
    fn a_place_takes_what_it_took_lately() {
        // One after the other, six minutes each; one in ten took twelve.
        let mut all: Vec<Served> = (0..9).map(|n| served(n * 10, n * 10 + 6)).collect();
        all.push(served(90, 102));
        assert_eq!(estimated(&all, 1).as_deref(), Some("cerca de 6 minutos"));
        all.push(served(105, 117));
        assert_eq!(estimated(&all, 1).as_deref(), Some("6 a 15 minutos"));
        assert_eq!(estimated(&all, 3).as_deref(), Some("20 a 40 minutos"));
    }

    #[test]
    fn who_waited_behind_others_waited_for_them_too() {
        // Five came at once, so to speak, and one was served every four minutes.
        let all: Vec<Served> = (0..5).map(|n| served(n, 4 * (n + 1))).collect();
        let found = estimated(&all, 1).unwrap();
        assert!(found.starts_with('3') || found.starts_with("cerca de 4"), "{found}");
    }

    #[test]
    fn too_little_says_nothing() {
        let waited = |n: u64| served(n * 10, n * 10 + 6);
        let few: Vec<Served> = (0..4).map(waited).collect();
        assert_eq!(estimated(&few, 1), None);
        // Those who were served at once did not wait.
        let mut at_once: Vec<Served> = (0..20).map(|n| served(n, n)).collect();
        at_once.extend(few);
        assert_eq!(estimated(&at_once, 1), None);
        let enough: Vec<Served> = (0..5).map(waited).collect();
        assert!(estimated(&enough, 1).is_some());
        assert_eq!(estimated(&enough, 10_000), None, "not today");
    }

    #[test]
    fn nights_do_not_count_as_waiting() {
        // Came at ten to six in the evening before and was served at ten past eight.
        let evening = Timestamp::from_micros(NOW.micros() - 3_600_000_000 * 24 * 3);
        let six = Served {
            entered_at: evening.plus(minutes(7 * 60 + 50)),
            assigned_at: NOW.minus(minutes(110)),
        };
        assert_eq!(estimated(&[six; 6], 1).as_deref(), Some("cerca de 20 minutos"));
    }

    #[test]
    fn times_are_rounded_as_people_say_them() {
        let said = |low: u64, high: u64| {
            Estimate { low: Duration::from_secs(low), high: Duration::from_secs(high) }.to_string()
        };
        assert_eq!(said(5, 20), "menos de 1 minuto");
        assert_eq!(said(20, 100), "até 2 minutos");
        assert_eq!(said(60, 60), "cerca de 1 minuto");
        assert_eq!(said(60 * 12, 60 * 31), "15 a 35 minutos");
        assert_eq!(said(60 * 50, 60 * 130), "50 minutos a 3 horas");
        assert_eq!(said(60 * 130, 60 * 200), "3 a 4 horas");
    }
}
