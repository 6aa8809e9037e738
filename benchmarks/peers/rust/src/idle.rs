use crate::{fail, Outcome};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

pub const SUBSCRIPTIONS: usize = 100_000;

/// The consumers of memory/subscription: each waits for one value.
#[derive(Default)]
pub struct Idle {
    waiting: AtomicUsize,
    received: AtomicUsize,
}

impl Idle {
    /// `subscribe` makes the subscriptions and their consumers, and gives what sends 7 to all.
    pub fn play<S: FnOnce()>(subscribe: impl FnOnce(&Arc<Idle>) -> S) -> Outcome {
        let idle = Arc::new(Idle::default());
        let before = resident();
        let send = subscribe(&idle);
        await_all(&idle.waiting);
        let bytes = resident() - before;
        send();
        await_all(&idle.received);
        let operations = SUBSCRIPTIONS as u64;
        Outcome { value: bytes as f64 / operations as f64, unit: "bytes", operations, percentiles: None }
    }

    /// For a consumer, before it waits.
    pub fn wait(&self) {
        // Release, here and below: await_all sees what was done before.
        self.waiting.fetch_add(1, Ordering::Release);
    }

    /// For a consumer, with what it received.
    pub fn take(&self, value: u64) {
        if value != 7 {
            fail(&format!("received {value}, expected 7"));
        }
        self.received.fetch_add(1, Ordering::Release);
    }
}

fn await_all(count: &AtomicUsize) {
    while count.load(Ordering::Acquire) != SUBSCRIPTIONS {
        std::thread::yield_now();
    }
}

/// The resident memory of the process, in bytes.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    match line.and_then(|line| line.trim_end_matches("kB").trim().parse::<i64>().ok()) {
        Some(kibibytes) => kibibytes * 1024,
        None => fail("no VmRSS in /proc/self/status"),
    }
}
