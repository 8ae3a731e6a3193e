//! What stands around a controller process: AWS behind a port, and a directory that git-sync keeps.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use evenkeel_core::manifest::{Content, Files};
use evenkeel_core::operation::Operation;
use evenkeel_sandbox::{Caller, Count, Sandbox, Server};
use evenkeel_tests::fleet::{ACCOUNT, REGION};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// AWS behind a loopback port, in real time.
pub(crate) struct Aws {
    sandbox: Arc<Mutex<Sandbox>>,
    server: Server,
    _runtime: Runtime,
}

impl Aws {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = Arc::new(Mutex::new(Sandbox::default()));
        let clock = Arc::new(Timestamp::now);
        let server = runtime.block_on(Server::bind("127.0.0.1:0", sandbox.clone(), clock)).unwrap();
        Self { sandbox, server, _runtime: runtime }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.url()
    }

    /// Enforces AWS's rates from now on, and takes its time for each answer.
    pub(crate) fn limit(&self, latency: Duration) {
        let mut sandbox = self.sandbox();
        sandbox.set_latency(latency);
        sandbox.set_throttling(true);
    }

    /// Fills the buckets, as a while without calls would.
    pub(crate) fn rest(&self) {
        self.sandbox().set_throttling(true);
    }

    /// Calls so far, by operation.
    pub(crate) fn counts(&self) -> Vec<(Operation, Count)> {
        self.sandbox().calls().iter().collect()
    }

    /// Calls AWS in one account and region without going through the port.
    pub(crate) fn call(&self, (account, region): (&str, &str), operation: Operation, body: &Value) -> Option<Value> {
        self.sandbox().call(Timestamp::now(), &Caller::new(account, region), operation, body).ok()
    }

    fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads AWS without going through the port.
    pub(crate) fn read(&self, operation: Operation, body: &Value) -> Option<Value> {
        self.call((ACCOUNT, REGION), operation, body)
    }
}

/// What git-sync publishes: worktrees named after their commits, and a link to the newest. Beside it there is room for
/// a store.
pub(crate) struct Checkout {
    root: TempDir,
    commits: usize,
}

impl Checkout {
    pub(crate) fn of(files: &Files) -> Self {
        let mut checkout = Self { root: TempDir::new().unwrap(), commits: 0 };
        checkout.publish(files);
        checkout
    }

    /// The link that is to be followed.
    pub(crate) fn link(&self) -> PathBuf {
        self.root.path().join("git").join("current")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.root.path().join("store")
    }

    /// Writes a new worktree and swaps the link to it. The answer is the time of the swap.
    pub(crate) fn publish(&mut self, files: &Files) -> SystemTime {
        self.commits += 1;
        let worktrees = self.root.path().join("git").join(".worktrees");
        let worktree = worktrees.join(format!("{:040x}", self.commits));
        for (path, content) in files {
            let Content::Bytes(bytes) = content else { panic!("{path} cannot be read") };
            let path = worktree.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let made = self.link().with_file_name("tmp-link");
        std::os::unix::fs::symlink(&worktree, &made).unwrap();
        let swapped = SystemTime::now();
        fs::rename(made, self.link()).unwrap();
        let before = worktrees.join(format!("{:040x}", self.commits - 1));
        if before.exists() {
            fs::remove_dir_all(before).unwrap();
        }
        swapped
    }
}
