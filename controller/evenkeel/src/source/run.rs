//! Running git on a checkout that somebody else made.

use std::path::Path;
use std::process::{Command, Stdio};

/// A git command that looks at the checkout in `directory` and does nothing else. What the checkout configures is not run: no
/// hooks, no pager, no programs of others for signatures, no transport; and it may be another user's.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "safe.directory=*", "-c", "log.showSignature=false", "-c", "protocol.allow=never"]);
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "-C"]).arg(directory);
    // Objects are what their names say, whoever may have put another in their place.
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}
