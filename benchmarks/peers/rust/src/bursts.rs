use crate::expect;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;

/// How many values each subscriber has room for.
pub const ROOM: usize = 200;
pub const BURST: u64 = 400;

/// Sends by one thread in bursts, each of which ends when every consumer has received all of it.
pub struct Bursts {
    length: u64,
    late: AtomicUsize, // Who has not received the last of the burst.
    sender: Thread,
}

impl Bursts {
    /// For bursts that this thread sends.
    pub fn new(length: u64) -> Self {
        Bursts { length, late: AtomicUsize::new(0), sender: std::thread::current() }
    }

    /// Plays a burst to the consumers; `send` sends all its values.
    pub fn play(&self, consumers: usize, send: impl FnOnce()) {
        // Relaxed: consumers learn of the burst by its values.
        self.late.store(consumers, Ordering::Relaxed);
        send();
        // Acquire: what the consumers did in this burst is before the next one. Pairs with the release in `take`.
        while self.late.load(Ordering::Acquire) != 0 {
            std::thread::park();
        }
    }

    /// For a consumer, after each receive.
    #[inline]
    pub fn take(&self, value: u64, expected: &mut u64) {
        expect(value, expected);
        // Release: see `play`.
        if *expected % self.length == 0 && self.late.fetch_sub(1, Ordering::Release) == 1 {
            self.sender.unpark();
        }
    }
}
