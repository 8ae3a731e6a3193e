//! A process that runs beside the test and ends with it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::until;

/// A running process; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Lines,
}

/// What it said so far on standard output and standard error, line by line.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn read(&self, stream: impl Read + Send + 'static) {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                lines.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }
}

impl Process {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let lines = Lines::default();
        lines.read(child.stdout.take().expect("standard output is piped"));
        lines.read(child.stderr.take().expect("standard error is piped"));
        Self { child, lines }
    }

    /// Everything that it said.
    pub fn lines(&self) -> Vec<String> {
        self.lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line in which `find` finds something.
    pub fn line<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        until(what, || {
            // Asked before the lines are: what has ended says nothing more.
            let ended = self.child.try_wait().expect("a child can be waited for");
            let lines = self.lines();
            match (lines.iter().find_map(|line| find(line)), ended) {
                (Some(found), _) => Ok(found),
                (None, Some(status)) => panic!("it ended ({status}) without {what}:\n{}", lines.join("\n")),
                (None, None) => Err(lines.join("\n")),
            }
        })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.expect("kill starts").success(), "the process is there no more");
    }

    /// Waits until it has ended, and gives the exit code; -1 when a signal ended it.
    pub fn exit(&mut self) -> i32 {
        let status = until("the process to end", || {
            let status = self.child.try_wait().expect("a child can be waited for");
            status.ok_or_else(|| format!("it runs, and said last:\n{}", self.lines().join("\n")))
        });
        status.code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
