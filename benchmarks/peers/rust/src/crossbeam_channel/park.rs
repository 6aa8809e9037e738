use play::{fail, measure, Outcome, BATCH};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What the channels park by is the standard library's `park`. Two threads wake each other in turn.
pub fn park(time: Duration) -> Outcome {
    const END: u64 = u64::MAX;
    // How often the turn has been passed on; this thread has it when that is even.
    static TURN: AtomicU64 = AtomicU64::new(0);
    // Acquire, and release below: what a thread has done is before the other's turn. `park` may return for no reason.
    let await_turn = |parity| loop {
        let turn = TURN.load(Ordering::Acquire);
        if turn == END || turn % 2 == parity {
            return turn;
        }
        thread::park();
    };
    let here = thread::current();
    let other = thread::spawn(move || {
        let mut taken = 0;
        loop {
            let turn = await_turn(1);
            if turn == END {
                return taken;
            }
            taken += 1;
            TURN.store(turn + 1, Ordering::Release);
            here.unpark();
        }
    });
    let mut rounds = 0;
    let outcome = measure(time, || {
        for _ in 0..BATCH {
            TURN.store(2 * rounds + 1, Ordering::Release);
            other.thread().unpark();
            rounds += 1;
            if await_turn(0) != 2 * rounds {
                fail("a turn was lost");
            }
        }
        2 * BATCH
    });
    TURN.store(END, Ordering::Release);
    other.thread().unpark();
    if other.join().unwrap() != rounds {
        fail("a turn was lost");
    }
    outcome
}
