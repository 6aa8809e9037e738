use crossbeam_channel::{bounded, Receiver};
use play::{expect, fail, measure, Outcome, BATCH};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

pub fn uncontended(time: Duration) -> Outcome {
    let (sender, receiver) = bounded(64);
    let mut sent = 0;
    let mut expected = 0;
    measure(time, || {
        for _ in 0..BATCH {
            sender.send(sent).unwrap();
            sent += 1;
            expect(receiver.recv().unwrap(), &mut expected);
        }
        BATCH
    })
}

pub fn two_threads(capacity: usize, time: Duration) -> Outcome {
    let (sender, receiver) = bounded(capacity);
    play::two_threads(time, move |value| sender.send(value).unwrap(), receiver.into_iter())
}

const FOUR: u64 = 4;

/// Of one sender: how many values there are, their sum, and what no later one is below.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: u64,
    sum: u64,
    next: u64,
}

/// A sender's values are those that have the same remainder by four. Each receiver sees that they ascend; all together
/// see that they are all there.
fn receive(receiver: Receiver<u64>) -> [Tally; FOUR as usize] {
    let mut tallies = [Tally::default(); FOUR as usize];
    for value in receiver {
        let tally = &mut tallies[(value % FOUR) as usize];
        if value < tally.next {
            fail(&format!("received {value} after a later one of the same sender"));
        }
        tally.count += 1;
        tally.sum += value;
        tally.next = value + FOUR;
    }
    tallies
}

/// four senders ===> channel ===> four receivers
pub fn four_by_four(time: Duration) -> Outcome {
    let (sender, receiver) = bounded(64);
    let receivers: Vec<_> =
        (0..FOUR).map(|_| receiver.clone()).map(|receiver| thread::spawn(|| receive(receiver))).collect();
    // Relaxed throughout: a count and a request to end. Threads are joined before their results are looked at.
    let sent = AtomicU64::new(0); // In whole batches.
    let stop = AtomicBool::new(false);
    let send = |me: u64| {
        let mut count = 0;
        while !stop.load(Relaxed) {
            for _ in 0..BATCH {
                sender.send(count * FOUR + me).unwrap();
                count += 1;
            }
            sent.fetch_add(BATCH, Relaxed);
        }
        count
    };
    let send = &send;
    let (outcome, counts) = thread::scope(|scope| {
        let senders: Vec<_> = (0..FOUR).map(|me| scope.spawn(move || send(me))).collect();
        let outcome = measure(time, || {
            let before = sent.load(Relaxed);
            thread::sleep(time / 10 + Duration::from_millis(10));
            sent.load(Relaxed) - before
        });
        stop.store(true, Relaxed);
        let counts: Vec<u64> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        (outcome, counts)
    });
    drop(sender);
    let tallies: Vec<_> = receivers.into_iter().map(|receiver| receiver.join().unwrap()).collect();
    for (me, count) in counts.into_iter().enumerate() {
        let received: u64 = tallies.iter().map(|tallies| tallies[me].count).sum();
        let sum: u64 = tallies.iter().map(|tallies| tallies[me].sum).sum();
        if received != count || sum != count * count.saturating_sub(1) / 2 * FOUR + count * me as u64 {
            fail(&format!("of {count} values of sender {me}, {received} were received, with the sum {sum}"));
        }
    }
    outcome
}
