//! What the contenders share: the command line, the checks, the timing.

mod bursts;
mod command_line;
mod idle;
mod latency;
mod measure;
mod threads;
mod workers;

pub use bursts::{Bursts, BURST, ROOM};
pub use command_line::{each, expect, fail, main, one, Outcome, Scenario};
pub use idle::{Idle, SUBSCRIPTIONS};
pub use latency::{latency, Latency};
pub use measure::{measure, BATCH};
pub use threads::two_threads;
pub use workers::two_workers;
