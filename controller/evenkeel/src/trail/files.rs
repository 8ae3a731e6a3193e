//! Records from a file that grows, or from a directory of such files and of CloudTrail's log files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// Files that have not changed for so long before they are first seen are not read: a bucket may hold years of logs.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// Most bytes that are read of one file at a time, and of one document. CloudTrail's log files have some megabytes.
const LIMIT: u64 = 64 << 20;

/// What has been read of each file so far.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    done: HashMap<PathBuf, Done>,
}

#[derive(Clone, Copy, Debug)]
struct Done {
    inode: u64,
    bytes: u64,
}

/// Documents, and how many pieces of text were none.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) documents: Vec<Value>,
    pub(super) unreadable: u64,
}

impl Files {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), done: HashMap::new() }
    }

    /// What was written since the last time.
    ///
    /// # Errors
    /// The root cannot be read. A file that cannot be read, or vanishes, is left for the next time.
    pub(super) fn read(&mut self, now: SystemTime) -> io::Result<Found> {
        let mut paths = Vec::new();
        collect(&self.root, &mut paths)?;
        paths.sort();
        self.done.retain(|path, _| paths.binary_search(path).is_ok());
        let mut found = Found::default();
        for path in paths {
            if let Err(error) = self.read_file(&path, now, &mut found) {
                tracing::debug!(path = %path.display(), %error, "a file of records could not be read");
            }
        }
        Ok(found)
    }

    fn read_file(&mut self, path: &Path, now: SystemTime, found: &mut Found) -> io::Result<()> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let (inode, length) = (metadata.ino(), metadata.len());
        let known = self.done.get(path).filter(|done| done.inode == inode && done.bytes <= length);
        let mut bytes = match known {
            Some(done) if done.bytes == length => return Ok(()),
            Some(done) => done.bytes,
            None if now.duration_since(metadata.modified()?).is_ok_and(|age| age > OLD) => length,
            None => 0,
        };
        if path.extension().is_some_and(|extension| extension == "gz") {
            if bytes < length {
                let mut text = Vec::new();
                // Whole or not at all: what is still being written is read once it has grown.
                if MultiGzDecoder::new(file).take(LIMIT).read_to_end(&mut text).is_ok() {
                    documents(&text, found);
                }
                bytes = length;
            }
        } else if bytes < length {
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(bytes))?;
            file.take(LIMIT).read_to_end(&mut text)?;
            let read = documents(&text, found) as u64;
            // A document that does not end within the limit is none.
            bytes += if read == 0 && text.len() as u64 == LIMIT { LIMIT } else { read };
        }
        self.done.insert(path.to_owned(), Done { inode, bytes });
        Ok(())
    }
}

/// The files at and below a path; links are followed, since mounted configuration is made of them.
fn collect(path: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        paths.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // One that vanished meanwhile, or a link to nowhere.
        let _ = collect(&entry.path(), paths);
    }
    Ok(())
}

/// The JSON documents that a text begins with, one after the other, and how many bytes they take. What is no JSON is
/// skipped to the end of its line; what ends too early is left for when there is more.
fn documents(text: &[u8], found: &mut Found) -> usize {
    let mut at = 0;
    loop {
        let mut stream = serde_json::Deserializer::from_slice(&text[at..]).into_iter::<Value>();
        let broken = loop {
            match stream.next() {
                Some(Ok(document)) => found.documents.push(document),
                Some(Err(error)) => break !error.is_eof(),
                None => break false,
            }
        };
        at += stream.byte_offset();
        let line = text[at..].iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
        let end = text[at + line..].iter().position(|byte| *byte == b'\n').filter(|_| broken);
        let Some(end) = end else { return at };
        found.unreadable += 1;
        at += line + end + 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn read(files: &mut Files) -> Vec<Value> {
        files.read(SystemTime::now()).unwrap().documents
    }

    #[test]
    fn a_file_that_grows_is_read_from_where_it_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trail.jsonl");
        let mut file = File::create(&path).unwrap();
        let mut files = Files::new(&path);
        writeln!(file, "{{\"a\":1}}\n{{\"a\":2}}").unwrap();
        assert_eq!(read(&mut files), [json!({"a": 1}), json!({"a": 2})]);
        assert_eq!(read(&mut files), [] as [Value; 0]);
        write!(file, "{{\"a\":").unwrap();
        assert_eq!(read(&mut files), [] as [Value; 0], "half a record is none yet");
        writeln!(file, "3}}").unwrap();
        assert_eq!(read(&mut files), [json!({"a": 3})]);
        std::fs::write(&path, "{\"a\":4}\n").unwrap();
        assert_eq!(read(&mut files), [json!({"a": 4})], "a file that is shorter was begun anew");
    }

    #[test]
    fn a_line_that_is_no_json_costs_itself_only() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("x"), "{\"a\":1}\nnot { json\n\n{]\n{\"a\":2}\n").unwrap();
        let found = Files::new(directory.path()).read(SystemTime::now()).unwrap();
        assert_eq!((found.documents.len(), found.unreadable), (2, 2));
    }

    #[test]
    fn log_files_are_read_whole_wherever_in_the_directory_they_appear() {
        let directory = tempfile::tempdir().unwrap();
        let day = directory.path().join("AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02");
        std::fs::create_dir_all(&day).unwrap();
        let mut files = Files::new(directory.path());
        assert!(read(&mut files).is_empty());
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zipped.write_all(b"{\"Records\": [1]}").unwrap();
        let zipped = zipped.finish().unwrap();
        let path = day.join("log.json.gz");
        std::fs::write(&path, &zipped[..zipped.len() / 2]).unwrap();
        assert!(read(&mut files).is_empty(), "half a file is none yet");
        std::fs::write(&path, &zipped).unwrap();
        std::fs::write(day.join("plain.json"), "{\n \"Records\": [2]\n}").unwrap();
        assert_eq!(read(&mut files), [json!({"Records": [1]}), json!({"Records": [2]})]);
        assert!(read(&mut files).is_empty());
    }

    #[test]
    fn what_is_old_when_it_is_first_seen_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.jsonl");
        std::fs::write(&path, "{\"a\":1}\n").unwrap();
        let mut files = Files::new(directory.path());
        assert!(files.read(SystemTime::now() + 2 * OLD).unwrap().documents.is_empty());
        File::options().append(true).open(&path).unwrap().write_all(b"{\"a\":2}\n").unwrap();
        assert_eq!(read(&mut files), [json!({"a": 2})]);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(Files::new(Path::new("/nowhere/trail")).read(SystemTime::now()).is_err());
    }
}
