//! The contender crossbeam-channel: its bounded channels and its `Select`, with threads.

mod channel;
mod park;
mod select;

use crossbeam_channel::bounded;
use play::{each, one, Latency};
use std::sync::Arc;

fn subscriber(latency: Arc<Latency>) -> impl FnMut(u64) {
    let (sender, receiver) = bounded(1);
    std::thread::spawn(move || {
        let mut expected = 0;
        for value in receiver {
            latency.take(value, &mut expected);
        }
    });
    move |value| sender.send(value).unwrap()
}

fn main() {
    play::main(
        "crossbeam-channel",
        vec![
            one("channel/uncontended", channel::uncontended),
            each("channel/two_threads", &[0, 1, 64, 1024], channel::two_threads),
            one("channel/four_by_four", channel::four_by_four),
            each("select", &[2, 8], select::in_turn),
            play::latency(subscriber),
            one("park", park::park),
        ],
    );
}
