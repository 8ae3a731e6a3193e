//! The last commits of the source with who made them, kept so that the rollouts which they ask for can tell.

use evenkeel_core::memory::Commit;
use evenkeel_store::{Batch, CommitError, Store, Table, Write};
use jiff::Timestamp;

/// How many are kept. A rollout begins within seconds of its commit, or waits for a dependency through a few more.
const KEPT: usize = 32;

/// The record that holds them, oldest first.
const KEY: &str = "commits";

/// Keeps a commit of which more is known than its revision.
///
/// # Errors
/// The store's.
pub(crate) async fn remember(store: &Store, commit: &Commit, now: Timestamp) -> Result<(), CommitError> {
    if commit.author.is_none() {
        return Ok(());
    }
    let mut commits = known(store).await;
    if commits.contains(commit) {
        return Ok(());
    }
    commits.push(commit.clone());
    let surplus = commits.len().saturating_sub(KEPT);
    commits.drain(..surplus);
    // Plain text: there is nothing in it that JSON cannot hold.
    let value = serde_json::to_vec(&commits).unwrap_or_default();
    let write = Write::Record { table: Table::History, key: KEY.into(), value };
    store.commit(Batch::new(now, vec![write])).await.map(drop)
}

/// What is known of the commit with this revision.
pub(crate) async fn of(store: &Store, revision: &str) -> Commit {
    let found = known(store).await.into_iter().find(|commit| commit.revision == revision);
    found.unwrap_or_else(|| Commit { revision: revision.to_owned(), ..Commit::default() })
}

async fn known(store: &Store) -> Vec<Commit> {
    let record = store.record(Table::History, KEY).await;
    // What cannot be read is not known: names are for people only.
    record.ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
