//! Who made a commit and what they said, where git can be asked. Rollouts bear it, so that their history reads well.

use std::path::Path;
use std::process::Stdio;

use evenkeel_core::memory::Commit;

/// Bytes of a subject line that are kept; git suggests fifty characters.
const MESSAGE: usize = 200;

/// Author and first line of the message of the commit that a revision names. Without a git program, without its objects
/// (a shallow worktree, a mounted copy) or without git at all, nothing more than the revision is known.
pub(super) fn commit(directory: &Path, revision: &str) -> Commit {
    let (author, message) = revision.split_once(':').and_then(|(_, id)| shown(directory, id)).unzip();
    Commit { revision: revision.to_owned(), author, message }
}

fn shown(directory: &Path, id: &str) -> Option<(String, String)> {
    if !super::git::is_commit(id) {
        return None;
    }
    let output = super::run::git(directory)
        .args(["show", "--no-patch", "--no-notes", "--format=%an%n%s", id])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (author, message) = text.split_once('\n').filter(|_| output.status.success())?;
    let message: String = message.trim_end().chars().take(MESSAGE).collect();
    Some((author.to_owned(), message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    fn git(directory: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(directory).args(["-c", "user.name=Mei Tanaka", "-c", "user.email=mei@example.com"]);
        let output = command.args(arguments).output().expect("git is what the repository came with");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn author_and_first_line_are_told_of_a_commit_that_git_has_and_the_revision_of_any_other() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        git(at, &["init", "--quiet"]);
        git(at, &["commit", "--quiet", "--allow-empty", "-m", "Raise the timeout\n\nIt was too short."]);
        let revision = format!("sha1:{}", git(at, &["rev-parse", "HEAD"]));
        let told = commit(at, &revision);
        assert_eq!((told.author.as_deref(), told.message.as_deref()), (Some("Mei Tanaka"), Some("Raise the timeout")));
        let unknown = format!("sha1:{}", "0".repeat(40));
        assert_eq!(commit(at, &unknown), Commit { revision: unknown.clone(), ..Commit::default() });
        let digest = "sha256:--output=/tmp/x";
        assert_eq!(commit(at, digest), Commit { revision: digest.to_owned(), ..Commit::default() });
    }
}
