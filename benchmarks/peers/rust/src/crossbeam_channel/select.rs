use crossbeam_channel::{bounded, Receiver, Select, Sender};
use play::{expect, fail, measure, Outcome, BATCH};
use std::time::Duration;

/// Sends to each of the channels in turn, and receives by one `Select` over all, which is made once.
pub fn in_turn(number: usize, time: Duration) -> Outcome {
    let (senders, receivers): (Vec<Sender<u64>>, Vec<Receiver<u64>>) = (0..number).map(|_| bounded(1)).unzip();
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let mut sent = 0;
    let mut expected = 0;
    measure(time, || {
        for _ in 0..BATCH {
            let to = sent as usize % number;
            senders[to].send(sent).unwrap();
            sent += 1;
            let chosen = select.select();
            let from = chosen.index();
            expect(chosen.recv(&receivers[from]).unwrap(), &mut expected);
            if from != to {
                fail(&format!("received from channel {from} what was sent to channel {to}"));
            }
        }
        BATCH
    })
}
