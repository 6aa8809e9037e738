use crate::{expect, one, Outcome, Scenario};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The receiving end: when the subscriber received, and how much.
pub struct Latency {
    begin: Instant,
    received_at: AtomicU64, // Nanoseconds since `begin`.
    received: AtomicU64,
}

impl Latency {
    fn now(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }

    /// For the subscriber, right after each receive.
    pub fn take(&self, value: u64, expected: &mut u64) {
        // Relaxed: published by the store below.
        self.received_at.store(self.now(), Ordering::Relaxed);
        expect(value, expected);
        // Release: the sender that sees this sees the time, too.
        self.received.store(*expected, Ordering::Release);
    }
}

/// The scenarios latency/parked and latency/busy. `start` starts a subscriber that calls `take`, and gives the way to
/// send to it.
///
/// sender ---> channel ---> subscriber in another thread, blocked in a receive
pub fn latency<S: FnMut(u64) + 'static>(start: fn(Arc<Latency>) -> S) -> Vec<Scenario> {
    // More than enough for the subscriber's thread to fall asleep.
    let parked =
        one("latency/parked", move |time| play(time, start, || std::thread::sleep(Duration::from_micros(100))));
    let busy = one("latency/busy", move |time| play(time, start, || ()));
    parked.into_iter().chain(busy).collect()
}

fn play<S: FnMut(u64) + 'static>(time: Duration, start: fn(Arc<Latency>) -> S, pause: impl Fn()) -> Outcome {
    let latency =
        Arc::new(Latency { begin: Instant::now(), received_at: AtomicU64::new(0), received: AtomicU64::new(0) });
    let mut send = start(latency.clone());
    let mut sent = 0;
    let mut one = || {
        pause();
        let sent_at = latency.now();
        send(sent);
        sent += 1;
        // Acquire: pairs with the release in `take`.
        let mut looks = 0;
        while latency.received.load(Ordering::Acquire) != sent {
            looks += 1;
            if looks < 1000 {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now(); // The subscriber may want this core.
            }
        }
        latency.received_at.load(Ordering::Relaxed) - sent_at
    };
    let warm = Instant::now();
    while warm.elapsed() < time / 5 {
        one();
    }
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < time || times.is_empty() {
        times.push(one());
    }
    times.sort_unstable();
    let at = |thousandths| times[times.len() * thousandths / 1000] as f64;
    Outcome { value: at(500), unit: "ns", operations: times.len() as u64, percentiles: Some((at(990), at(999))) }
}
