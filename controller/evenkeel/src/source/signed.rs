//! Whether a checkout is what somebody who is trusted has signed: the commit at HEAD bears a signature of one of the allowed
//! signers (ssh-keygen(1), ALLOWED SIGNERS), and the files are those of that commit, byte for byte.
//!
//! git itself verifies. The checkout may configure what it likes: signers and programs are named here, and signatures of
//! other kinds than SSH's are none.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenkeel_core::manifest::text::Syntax;
use evenkeel_core::manifest::{Content, Files};

use super::git::Git;
use super::run::git;

/// Makes sure that `files`, as read from `directory`, are those of a commit that one of `signers` has signed.
///
/// # Errors
/// Why they are not, as the end of a sentence about the commit.
pub(super) fn verify(directory: &Path, files: &Files, signers: &Path) -> Result<(), String> {
    let signers = signers.canonicalize().map_err(|error| format!("{} cannot be read: {error}", signers.display()))?;
    let checkout = Git::of(directory).ok_or("it is no git checkout, and only a commit can be signed")?;
    let top = checkout.top.canonicalize().map_err(|error| error.to_string())?;
    if signers.starts_with(&top) {
        return Err(format!("{} lies in the source itself, where whoever commits can change it", signers.display()));
    }
    let commit = checkout.head().ok_or("its checkout has no commit")?;
    signature(directory, &commit, &signers)?;
    let prefix = directory.strip_prefix(&top).map_err(|_| "it does not lie in its own checkout".to_owned())?;
    let prefix = prefix.to_str().ok_or("its path is not UTF-8")?;
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let declared = declared(directory, &commit, &prefix)?;
    if let Some(path) = declared.iter().find(|path| !files.contains_key(*path)) {
        return Err(format!("its file {path} is not in the checkout"));
    }
    same(directory, &commit, &prefix, files)
}

fn signature(directory: &Path, commit: &str, signers: &Path) -> Result<(), String> {
    let mut allowed = std::ffi::OsString::from("gpg.ssh.allowedSignersFile=");
    allowed.push(signers);
    let mut command = git_with(directory, &["gpg.ssh.program=ssh-keygen", "gpg.program=false"]);
    command.args(["-c", "gpg.openpgp.program=false", "-c", "gpg.x509.program=false", "-c"]).arg(allowed);
    let output = command.args(["verify-commit", commit]).output();
    let output = output.map_err(|error| format!("git cannot be asked ({error}): it has to be installed"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let told: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
    Err(match told.is_empty() {
        true => "it is not signed".to_owned(),
        false => {
            format!("its signature is not one of an allowed signer: {}", told.join("; ").replace(char::is_control, " "))
        }
    })
}

/// A git command with settings; they come before the command's own name.
fn git_with(directory: &Path, settings: &[&str]) -> Command {
    let mut command = git(directory);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command
}

/// Paths below `prefix` of a commit's files that a snapshot would hold.
fn declared(directory: &Path, commit: &str, prefix: &str) -> Result<BTreeSet<String>, String> {
    let mut command = git(directory);
    command.args(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]);
    if !prefix.is_empty() {
        command.args(["--", prefix]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("git cannot list its files".to_owned());
    }
    let paths = output.stdout.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let visible = |path: &str| !path.split('/').any(|name| name.starts_with('.'));
    let below = paths.filter_map(|path| path.strip_prefix(prefix).map(str::to_owned));
    Ok(below.filter(|path| !path.is_empty() && visible(path) && Syntax::of(path).is_some()).collect())
}

/// Compares files with those of a commit.
fn same(directory: &Path, commit: &str, prefix: &str, files: &Files) -> Result<(), String> {
    let read: Vec<(&String, &Vec<u8>)> = files
        .iter()
        .filter_map(|(path, content)| match content {
            Content::Bytes(bytes) => Some((path, bytes)),
            // It is not taken, and is told of as it is.
            Content::Unreadable(_) => None,
        })
        .collect();
    if let Some((path, _)) = read.iter().find(|(path, _)| path.contains('\n')) {
        return Err(format!("the name of {path:?} holds a line break, and git cannot be asked about it"));
    }
    let mut command = git(directory);
    command.args(["cat-file", "--batch", "--follow-symlinks"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut asked = command.stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let questions: String = read.iter().map(|(path, _)| format!("{commit}:{prefix}{path}\n")).collect();
    let (stdin, stdout) = (asked.stdin.take(), asked.stdout.take());
    // What git answers fills its pipe long before it has read all questions.
    let asking = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(questions.as_bytes())));
    let mut answers = BufReader::new(stdout.ok_or("git gives no answer")?);
    let mut differing = None;
    for (path, bytes) in read {
        match answer(&mut answers) {
            Ok(Some(content)) if content == *bytes => {}
            Ok(_) => differing = differing.or_else(|| Some(path.clone())),
            Err(_) => {
                differing = differing.or_else(|| Some(path.clone()));
                break;
            }
        }
    }
    drop(answers);
    let _ = asking.join();
    let _ = asked.wait();
    differing.map_or(Ok(()), |path| Err(format!("the checkout's {path} is not the commit's")))
}

/// One answer of `git cat-file --batch`: a file's content, or nothing where there is no such file.
fn answer(answers: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let broken = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        return Err(broken());
    }
    // `NAME blob SIZE`, a file; `symlink SIZE` and the like, a link that leads out, with where to; `… missing`.
    let words: Vec<&str> = line.trim_end().rsplitn(3, ' ').collect();
    let size: Option<usize> = words.first().and_then(|word| word.parse().ok());
    let Some(size) = size else { return Ok(None) };
    let mut content = vec![0; size];
    answers.read_exact(&mut content)?;
    answers.read_exact(&mut [0])?;
    Ok((words.get(1) == Some(&"blob") && words.len() == 3).then_some(content))
}

/// A file of allowed signers that is there.
///
/// # Errors
/// A sentence about what is wrong with it.
pub fn signers(path: &Path) -> Result<PathBuf, String> {
    let failed = |why: String| format!("failed to read the allowed signers {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let names_any = text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    match names_any {
        true => Ok(path.to_owned()),
        false => Err(failed("it names nobody, so no commit would ever be taken".to_owned())),
    }
}
