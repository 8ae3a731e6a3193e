//! Commits that have to be signed, with real git and real keys.

use std::process::Command;

use super::*;

/// A repository with a checkout, keys of `mei` and `eve`, and a file of allowed signers that names `mei`.
struct Repository {
    home: TempDir,
}

impl Repository {
    fn new() -> Self {
        let repository = Self { home: tempfile::tempdir().unwrap() };
        for name in ["mei", "eve"] {
            let key = repository.path(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
                .arg(key)
                .status()
                .expect("ssh-keygen comes with git's signatures");
            assert!(made.success());
        }
        let key = fs::read_to_string(repository.path("mei.pub")).unwrap();
        fs::write(repository.signers(), format!("mei@example.com namespaces=\"git\" {key}")).unwrap();
        fs::create_dir(repository.path("git")).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("git")
    }

    fn signers(&self) -> PathBuf {
        self.path("allowed-signers")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.root()).args(["-c", "user.name=Mei", "-c", "user.email=mei@example.com"]);
        command.args(["-c", "gpg.format=ssh"]).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits a file, signed with a key or not, and gives the commit.
    fn commit(&self, path: &str, text: &str, key: Option<&str>) -> String {
        write(&self.root(), path, text);
        self.git(&["add", "--all"]);
        let signing = key.map(|key| format!("user.signingKey={}", self.path(key).display()));
        match &signing {
            Some(signing) => self.git(&["-c", signing, "commit", "--quiet", "--gpg-sign", "-m", "a change"]),
            None => self.git(&["commit", "--quiet", "--no-gpg-sign", "-m", "a change"]),
        };
        self.git(&["rev-parse", "HEAD"])
    }

    fn read_at(&self, root: &Path) -> Result<Snapshot, String> {
        read::read_with(root, Some(&self.signers()), || {}).map_err(|error| error.to_string())
    }

    fn read(&self) -> Result<Snapshot, String> {
        self.read_at(&self.root())
    }
}

#[test]
fn a_commit_that_an_allowed_signer_has_signed_is_taken_and_no_other() {
    let repository = Repository::new();
    let first = repository.commit("prod/web.yaml", "a: 1", Some("mei"));
    assert_eq!(repository.read().unwrap().revision, format!("sha1:{first}"));
    let below = repository.read_at(&repository.root().join("prod")).unwrap();
    assert_eq!(text(&below, "web.yaml"), "a: 1");

    let unsigned = repository.commit("prod/web.yaml", "a: 2", None);
    let told = repository.read().unwrap_err();
    assert!(told.contains(&format!("failed to trust sha1:{unsigned}")) && told.contains("it is not signed"), "{told}");

    repository.commit("prod/web.yaml", "a: 3", Some("eve"));
    let told = repository.read().unwrap_err();
    assert!(told.contains("its signature is not one of an allowed signer"), "{told}");

    // Whoever signs vouches for all that is in the commit, also for what came unsigned before it.
    let last = repository.commit("prod/web.yaml", "a: 4", Some("mei"));
    assert_eq!(repository.read().unwrap().revision, format!("sha1:{last}"));
}

#[test]
fn what_the_checkout_configures_does_not_make_a_signature_good() {
    let repository = Repository::new();
    repository.commit("web.yaml", "a: 1", Some("eve"));
    let everybody = repository.path("everybody");
    let key = fs::read_to_string(repository.path("eve.pub")).unwrap();
    fs::write(&everybody, format!("* {key}")).unwrap();
    repository.git(&["config", "gpg.ssh.allowedSignersFile", everybody.to_str().unwrap()]);
    for program in ["gpg.ssh.program", "gpg.program", "gpg.openpgp.program"] {
        repository.git(&["config", program, "true"]);
    }
    assert!(repository.read().unwrap_err().contains("not one of an allowed signer"));
}

#[test]
fn files_that_are_not_the_commits_are_not_taken_whether_changed_added_or_gone() {
    let repository = Repository::new();
    write(&repository.root(), "web.yaml", "a: 1");
    write(&repository.root(), ".gitignore", "ignored.yaml\n");
    repository.commit("api.yaml", "b: 1", Some("mei"));
    repository.read().unwrap();
    write(&repository.root(), "web.yaml", "a: 2");
    assert!(repository.read().unwrap_err().contains("the checkout's web.yaml is not the commit's"));
    write(&repository.root(), "web.yaml", "a: 1");
    write(&repository.root(), "ignored.yaml", "c: 1");
    assert!(repository.read().unwrap_err().contains("the checkout's ignored.yaml is not the commit's"));
    fs::remove_file(repository.root().join("ignored.yaml")).unwrap();
    fs::remove_file(repository.root().join("api.yaml")).unwrap();
    assert!(repository.read().unwrap_err().contains("its file api.yaml is not in the checkout"));
}

#[test]
fn links_within_the_commit_are_what_they_lead_to() {
    let repository = Repository::new();
    write(&repository.root(), "shared/web.yaml", "a: 1");
    fs::create_dir(repository.root().join("prod")).unwrap();
    symlink("../shared/web.yaml", repository.root().join("prod/web.yaml")).unwrap();
    repository.commit("api.yaml", "b: 1", Some("mei"));
    assert_eq!(text(&repository.read().unwrap(), "prod/web.yaml"), "a: 1");
}

#[test]
fn what_git_sync_publishes_is_verified_in_its_worktree() {
    let repository = Repository::new();
    repository.commit("prod/web.yaml", "a: 1", Some("mei"));
    let published = repository.path("published");
    fs::create_dir(&published).unwrap();
    let publish = |commit: &str| {
        let tree = published.join(".worktrees").join(commit);
        repository.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap(), commit]);
        flip(&published, commit);
    };
    publish(&repository.git(&["rev-parse", "HEAD"]));
    assert_eq!(text(&repository.read_at(&published.join("current")).unwrap(), "prod/web.yaml"), "a: 1");
    publish(&repository.commit("prod/web.yaml", "a: 2", None));
    for root in [published.clone(), published.join("current"), published.join("current/prod")] {
        assert!(repository.read_at(&root).unwrap_err().contains("it is not signed"));
    }
}

#[test]
fn without_a_commit_or_with_signers_that_the_source_itself_holds_nothing_is_taken() {
    let repository = Repository::new();
    let plain = plain();
    assert!(repository.read_at(plain.path()).unwrap_err().contains("it is no git checkout"));
    // A directory that only bears a commit's name proves nothing.
    let named = plain.path().join(A);
    write(&named, "web.yaml", "a: 1");
    assert!(repository.read_at(&named).unwrap_err().contains("it is no git checkout"));
    write(&repository.root(), "web.yaml", "a: 1");
    assert!(repository.read().unwrap_err().contains("has no commit"));
    let inside = repository.root().join("signers");
    fs::copy(repository.signers(), &inside).unwrap();
    repository.commit("web.yaml", "a: 1", Some("mei"));
    let told = read::read_with(&repository.root(), Some(&inside), || {}).unwrap_err().to_string();
    assert!(told.contains("lies in the source itself"), "{told}");
}

#[tokio::test]
async fn a_source_gives_the_last_signed_commit_until_there_is_a_newer_one() {
    let repository = Repository::new();
    repository.commit("web.yaml", "a: 1", Some("mei"));
    let mut source = Source::new(repository.root(), Duration::from_millis(20)).signed_by(Some(repository.signers()));
    assert_eq!(text(&source.next().await.unwrap(), "web.yaml"), "a: 1");
    repository.commit("web.yaml", "a: 2", None);
    assert!(matches!(source.next().await, Err(SourceError::Untrusted { .. })));
    repository.commit("web.yaml", "a: 3", Some("mei"));
    let next = loop {
        if let Ok(next) = source.next().await {
            break next;
        }
    };
    assert_eq!(text(&next, "web.yaml"), "a: 3");
}

#[test]
fn a_file_of_allowed_signers_that_names_nobody_is_refused_at_the_start() {
    let repository = Repository::new();
    assert!(signers(&repository.signers()).is_ok());
    fs::write(repository.signers(), "# nobody yet\n").unwrap();
    assert!(signers(&repository.signers()).unwrap_err().contains("it names nobody"));
    assert!(signers(&repository.path("none")).unwrap_err().contains("failed to read the allowed signers"));
}
