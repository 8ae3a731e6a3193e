//! What is in a snapshot, and when there is none.

use std::process::Command;

use super::*;

#[test]
fn a_plain_directory_gives_its_yaml_and_json_files_and_a_digest() {
    let root = plain();
    write(root.path(), "a/b.json", "{}");
    write(root.path(), "a/c.yml", "x");
    for ignored in ["readme.md", ".hidden.yaml", ".git/config.yaml", "a/.b/c.yaml"] {
        write(root.path(), ignored, "x");
    }
    let snapshot = read_now(root.path()).unwrap();
    assert_eq!(snapshot.files.keys().collect::<Vec<_>>(), ["a/b.json", "a/c.yml", "web.yaml"]);
    assert_eq!(text(&snapshot, "web.yaml"), "a: 1");
    assert_eq!(snapshot.revision, digest(&snapshot.files));
    write(root.path(), "web.yaml", "a: 2");
    assert_ne!(read_now(root.path()).unwrap().revision, snapshot.revision);
}

#[test]
fn git_syncs_link_its_root_and_a_directory_below_the_link_are_sources() {
    let root = git_sync(&[A, B]);
    for (path, file) in [("current", "prod/web.yaml"), ("", "prod/web.yaml"), ("current/prod", "web.yaml")] {
        let snapshot = read_now(&root.path().join(path)).unwrap();
        assert_eq!(snapshot.revision, format!("sha1:{A}"), "{path}");
        assert_eq!(text(&snapshot, file), A, "{path}");
    }
    flip(root.path(), B);
    assert_eq!(read_now(root.path()).unwrap().revision, format!("sha1:{B}"));
}

#[test]
fn two_links_in_git_syncs_root_are_one_too_many() {
    let root = git_sync(&[A]);
    symlink(format!(".worktrees/{A}"), root.path().join("other")).unwrap();
    let error = read_now(root.path()).unwrap_err();
    assert!(matches!(&error, SourceError::Ambiguous { links, .. } if links == &["current", "other"]), "{error}");
}

#[test]
fn a_missing_dangling_or_empty_source_is_an_error_and_no_snapshot() {
    let root = tempfile::tempdir().unwrap();
    let missing = read_now(&root.path().join("nothing"));
    assert!(matches!(missing, Err(SourceError::Missing { .. })), "{missing:?}");
    symlink("nowhere", root.path().join("link")).unwrap();
    assert!(matches!(read_now(&root.path().join("link")), Err(SourceError::Missing { .. })));
    write(root.path(), "empty/readme.md", "x");
    assert!(matches!(read_now(&root.path().join("empty")), Err(SourceError::Empty { .. })));
    write(root.path(), "file.yaml", "x");
    assert!(matches!(read_now(&root.path().join("file.yaml")), Err(SourceError::NotADirectory { .. })));
}

#[test]
fn a_flip_while_reading_gives_one_of_the_two_commits_whole() {
    let root = git_sync(&[A, B]);
    let mut pauses = 0;
    let snapshot = read::read_with(&root.path().join("current"), None, || {
        pauses += 1;
        if pauses == 1 {
            flip(root.path(), B);
            fs::remove_dir_all(root.path().join(".worktrees").join(A)).unwrap();
        }
    });
    let snapshot = snapshot.unwrap();
    assert_eq!((snapshot.revision, pauses), (format!("sha1:{B}"), 3));
}

#[test]
fn a_tree_that_is_removed_while_it_is_read_is_not_taken_for_an_empty_one() {
    let root = git_sync(&[A]);
    let tree = root.path().join(".worktrees").join(A);
    let result = read::read_with(&root.path().join("current"), None, || {
        let _ = fs::remove_dir_all(&tree);
    });
    assert!(matches!(result, Err(SourceError::Missing { .. })), "{result:?}");
}

#[test]
fn a_worktree_that_is_made_again_in_place_is_waited_for() {
    let root = git_sync(&[A]);
    let tree = root.path().join(".worktrees").join(A);
    let mut step = 0;
    let snapshot = read::read_with(&root.path().join("current"), None, || {
        step += 1;
        match step {
            1 => fs::remove_dir_all(&tree).unwrap(),
            _ => return,
        }
        write(&tree, ".git", &format!("gitdir: ../../.git/worktrees/{A}\n"));
        write(&tree, "prod/web.yaml", "again");
        write(&tree, "prod/more.yaml", "again");
    });
    assert_eq!(snapshot.unwrap().files.len(), 2);
}

#[test]
fn a_tree_that_never_settles_is_an_error() {
    let root = plain();
    let mut step = 0;
    let result = read::read_with(root.path(), None, || {
        step += 1;
        write(root.path(), "web.yaml", &"x".repeat(step));
    });
    assert!(matches!(&result, Err(SourceError::Unsettled { reason, .. }) if reason.contains("changing")), "{result:?}");
}

#[test]
fn a_file_of_50_mb_is_named_and_not_read() {
    let root = plain();
    fs::File::create(root.path().join("big.yaml")).unwrap().set_len(50 * 1024 * 1024).unwrap();
    let snapshot = read_now(root.path()).unwrap();
    assert!(text(&snapshot, "big.yaml").starts_with("unreadable: the file has 52428800 bytes"));
    assert_eq!(text(&snapshot, "web.yaml"), "a: 1");
}

#[test]
fn links_inside_the_root_are_followed_to_files_and_refused_to_directories() {
    let root = plain();
    write(root.path(), "..2026/config.yaml", "from a volume");
    symlink("..2026", root.path().join("..data")).unwrap();
    symlink("..data/config.yaml", root.path().join("config.yaml")).unwrap();
    write(root.path(), "dir/x.yaml", "x");
    symlink("dir", root.path().join("again")).unwrap();
    symlink(".", root.path().join("dir/loop")).unwrap();
    let snapshot = read_now(root.path()).unwrap();
    assert_eq!(text(&snapshot, "config.yaml"), "from a volume");
    for refused in ["again", "dir/loop"] {
        assert!(text(&snapshot, refused).contains("include the directory"), "{refused}");
    }
}

#[test]
fn links_that_leave_the_root_or_lead_nowhere_are_refused_at_their_place() {
    let outside = plain();
    let root = plain();
    for (link, target) in [
        ("file.yaml", outside.path().join("web.yaml")),
        ("directory", outside.path().to_owned()),
        ("dangling.yaml", PathBuf::from("nothing")),
        ("loop.json", PathBuf::from("loop.json")),
        ("readme.md", outside.path().join("web.yaml")),
    ] {
        symlink(target, root.path().join(link)).unwrap();
    }
    let snapshot = read_now(root.path()).unwrap();
    for (path, why) in [
        ("file.yaml", "leaves the root"),
        ("directory", "leaves the root"),
        ("dangling.yaml", "nowhere"),
        ("loop.json", "nowhere"),
    ] {
        assert!(text(&snapshot, path).contains(why), "{path}: {}", text(&snapshot, path));
    }
    assert!(!snapshot.files.contains_key("readme.md"));
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let root = plain();
    assert!(Command::new("mkfifo").arg(root.path().join("pipe.yaml")).status().unwrap().success());
    assert!(text(&read_now(root.path()).unwrap(), "pipe.yaml").contains("no regular file"));
}

#[test]
fn a_path_that_holds_far_too_much_is_refused() {
    let root = plain();
    write(root.path(), &format!("{}x.yaml", "d/".repeat(40)), "x");
    assert!(matches!(read_now(root.path()), Err(SourceError::TooMuch { .. })));
}
