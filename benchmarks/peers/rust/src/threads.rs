use crate::{expect, fail, measure, Outcome, BATCH};
use std::thread;
use std::time::Duration;

/// sender ---> channel ---> receiver, each a thread. `send` owns the sending end: the values end when it is dropped.
pub fn two_threads<R>(time: Duration, mut send: impl FnMut(u64), receiver: R) -> Outcome
where
    R: Iterator<Item = u64> + Send + 'static,
{
    let receiver = thread::spawn(move || {
        let mut expected = 0;
        for value in receiver {
            expect(value, &mut expected);
        }
        expected
    });
    let mut sent = 0;
    let outcome = measure(time, || {
        for _ in 0..BATCH {
            send(sent);
            sent += 1;
        }
        BATCH
    });
    drop(send);
    if receiver.join().unwrap() != sent {
        fail("values were lost at the end");
    }
    outcome
}
