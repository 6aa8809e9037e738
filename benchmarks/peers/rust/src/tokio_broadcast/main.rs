//! The contender tokio-broadcast: one broadcast channel, tasks on a runtime of two worker threads.
//!
//! It gives no back-pressure: a receiver that lags loses what is overwritten. Where that matters here, the sender paces
//! itself, as a user must who can lose nothing.

use play::{each, expect, fail, measure, one, two_workers, Bursts, Idle, Latency, Outcome};
use play::{BATCH, BURST, ROOM, SUBSCRIPTIONS};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{channel, Receiver};

/// None at the end.
async fn receive(receiver: &mut Receiver<u64>) -> Option<u64> {
    match receiver.recv().await {
        Ok(value) => Some(value),
        Err(RecvError::Closed) => None,
        Err(RecvError::Lagged(count)) => fail(&format!("a receiver lagged and lost {count} values")),
    }
}

/// A burst is sent as chunks that there is room for. Each is awaited before the next.
fn fanout(number: usize, time: Duration) -> Outcome {
    let runtime = two_workers();
    let (sender, _) = channel(ROOM);
    let chunks = Arc::new(Bursts::new(ROOM as u64));
    for _ in 0..number {
        let mut receiver = sender.subscribe();
        let chunks = chunks.clone();
        runtime.spawn(async move {
            let mut expected = 0;
            while let Some(value) = receive(&mut receiver).await {
                chunks.take(value, &mut expected);
            }
        });
    }
    let mut sent = 0;
    measure(time, || {
        for _ in 0..BURST / ROOM as u64 {
            chunks.play(number, || {
                for _ in 0..ROOM {
                    sender.send(sent).unwrap();
                    sent += 1;
                }
            });
        }
        BURST * number as u64
    })
}

fn subscribe(others: usize, time: Duration) -> Outcome {
    let (sender, _) = channel::<u64>(1);
    let receivers: Vec<_> = (0..others).map(|_| sender.subscribe()).collect();
    let outcome = measure(time, || {
        for _ in 0..BATCH {
            drop(sender.subscribe());
        }
        BATCH
    });
    let mut last = sender.subscribe();
    if sender.send(1).ok() != Some(receivers.len() + 1) {
        fail("a value did not go to all subscribers");
    }
    expect(last.try_recv().unwrap_or(0), &mut 1);
    outcome
}

fn subscriber(latency: Arc<Latency>) -> impl FnMut(u64) {
    let runtime = two_workers();
    let (sender, mut receiver) = channel(1);
    runtime.spawn(async move {
        let mut expected = 0;
        while let Some(value) = receive(&mut receiver).await {
            latency.take(value, &mut expected);
        }
    });
    move |value| {
        let _ = &runtime; // It runs for as long as something may be sent.
        sender.send(value).unwrap();
    }
}

fn memory(_: Duration) -> Outcome {
    let runtime = two_workers();
    Idle::play(|idle| {
        let (sender, _) = channel(1);
        for _ in 0..SUBSCRIPTIONS {
            let mut receiver = sender.subscribe();
            let idle = idle.clone();
            runtime.spawn(async move {
                idle.wait();
                if let Some(value) = receive(&mut receiver).await {
                    idle.take(value);
                }
            });
        }
        move || {
            sender.send(7).unwrap();
        }
    })
}

fn main() {
    play::main(
        "tokio-broadcast",
        vec![
            each("fanout", &[1, 10, 100, 1000, 10000], fanout),
            each("subscribe", &[0, 1000, 100000], subscribe),
            play::latency(subscriber),
            one("memory/subscription", memory),
        ],
    );
}
