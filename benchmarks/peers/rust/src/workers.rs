use tokio::runtime::{Builder, Runtime};

/// A runtime of two worker threads. The sender's is a third.
pub fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}
