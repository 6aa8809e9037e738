//! The contender tokio-mpsc: bounded channels of one receiver each; for a fan-out a loop over them. Tasks run on a
//! runtime of two worker threads.

use play::{each, expect, measure, one, two_workers, Bursts, Idle, Latency, Outcome};
use play::{BATCH, BURST, ROOM, SUBSCRIPTIONS};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::channel;

fn uncontended(time: Duration) -> Outcome {
    let runtime = two_workers();
    let (sender, mut receiver) = channel(64);
    let mut sent = 0;
    let mut expected = 0;
    measure(time, || {
        runtime.block_on(async {
            for _ in 0..BATCH {
                sender.send(sent).await.unwrap();
                sent += 1;
                expect(receiver.recv().await.unwrap(), &mut expected);
            }
        });
        BATCH
    })
}

/// Threads, not tasks.
fn two_threads(capacity: usize, time: Duration) -> Outcome {
    let (sender, mut receiver) = channel(capacity);
    let receiver = std::iter::from_fn(move || receiver.blocking_recv());
    play::two_threads(time, move |value| sender.blocking_send(value).unwrap(), receiver)
}

/// The sends of a burst are one future, which the sender's thread runs.
fn fanout(number: usize, time: Duration) -> Outcome {
    let runtime = two_workers();
    let bursts = Arc::new(Bursts::new(BURST));
    let mut senders = Vec::with_capacity(number);
    for _ in 0..number {
        let (sender, mut receiver) = channel(ROOM);
        senders.push(sender);
        let bursts = bursts.clone();
        runtime.spawn(async move {
            let mut expected = 0;
            while let Some(value) = receiver.recv().await {
                bursts.take(value, &mut expected);
            }
        });
    }
    let mut sent = 0;
    measure(time, || {
        bursts.play(number, || {
            runtime.block_on(async {
                for _ in 0..BURST {
                    for sender in &senders {
                        sender.send(sent).await.unwrap();
                    }
                    sent += 1;
                }
            })
        });
        BURST * number as u64
    })
}

fn subscriber(latency: Arc<Latency>) -> impl FnMut(u64) {
    let runtime = two_workers();
    let (sender, mut receiver) = channel(1);
    runtime.spawn(async move {
        let mut expected = 0;
        while let Some(value) = receiver.recv().await {
            latency.take(value, &mut expected);
        }
    });
    move |value| {
        let _ = &runtime; // It runs for as long as something may be sent.
        sender.blocking_send(value).unwrap();
    }
}

fn memory(_: Duration) -> Outcome {
    let runtime = two_workers();
    Idle::play(|idle| {
        let mut senders = Vec::with_capacity(SUBSCRIPTIONS);
        for _ in 0..SUBSCRIPTIONS {
            let (sender, mut receiver) = channel(1);
            senders.push(sender);
            let idle = idle.clone();
            runtime.spawn(async move {
                idle.wait();
                if let Some(value) = receiver.recv().await {
                    idle.take(value);
                }
            });
        }
        move || {
            for sender in &senders {
                sender.try_send(7).unwrap();
            }
        }
    })
}

fn main() {
    play::main(
        "tokio-mpsc",
        vec![
            one("channel/uncontended", uncontended),
            each("channel/two_threads", &[1, 64, 1024], two_threads),
            each("fanout", &[1, 10, 100, 1000, 10000], fanout),
            play::latency(subscriber),
            one("memory/subscription", memory),
        ],
    );
}
