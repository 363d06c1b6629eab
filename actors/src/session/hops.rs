//! How long messages wait for their turn and for the network, since the hub was started: the instant at
//! which a message is handed over is not a column.

use std::time::Duration;

use dashmap::DashMap;

use crate::domain::{
    SessionId,
    latency::{Histogram, Hop},
};

/// A histogram for each hop that is measured here; as many as there are numbers.
#[derive(Debug, Default)]
pub(crate) struct Hops(DashMap<SessionId, [Histogram; 2]>);

/// The hops that are measured here, in the order of the histograms.
const MEASURED: [Hop; 2] = [Hop::Waiting, Hop::HandingOver];

impl Hops {
    /// A message was waiting until it was handed over.
    pub(super) fn waited(&self, id: SessionId, took: Duration) {
        self.0.entry(id).or_default()[0].observe(took);
    }

    /// The network has taken a message.
    pub(super) fn handed_over(&self, id: SessionId, took: Duration) {
        self.0.entry(id).or_default()[1].observe(took);
    }

    /// Those of all numbers together.
    pub(crate) fn of_all(&self) -> Vec<(Hop, Histogram)> {
        let mut all = <[Histogram; 2]>::default();
        for number in &self.0 {
            all.iter_mut().zip(number.value()).for_each(|(sum, one)| sum.add(one));
        }
        MEASURED.into_iter().zip(all).collect()
    }

    pub(super) fn of(&self, id: SessionId) -> Vec<(Hop, Histogram)> {
        let known = self.0.get(&id).map(|known| *known).unwrap_or_default();
        MEASURED.into_iter().zip(known).collect()
    }
}
