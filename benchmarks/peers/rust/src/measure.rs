use crate::Outcome;
use std::time::{Duration, Instant};

/// The operations between two looks at the clock, where they are short.
pub const BATCH: u64 = 1000;

/// The mean time of an operation over batches that are played until `time` has passed, after a warm-up that does not
/// count. A batch plays some operations and says how many.
pub fn measure(time: Duration, mut batch: impl FnMut() -> u64) -> Outcome {
    let mut run = |at_least| {
        let begin = Instant::now();
        let mut operations = 0;
        loop {
            operations += batch();
            let took = begin.elapsed();
            if took >= at_least {
                return (operations, took);
            }
        }
    };
    run(time / 5);
    let (operations, took) = run(time);
    Outcome { value: took.as_nanos() as f64 / operations as f64, unit: "ns", operations, percentiles: None }
}
