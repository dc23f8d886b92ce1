//! What people did with what they were shown, kept to learn from.
//!
//! One JSON object a line, appended to a file for each day (UTC). An event is acknowledged when it is on disk. A line that a crash
//! cut off is ended when the file is opened again, so that every later event has a line of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use nigh_store::Date;

/// A folder of files of events.
pub(crate) struct EventLog {
    folder: PathBuf,
    /// The day since 1970 and its file.
    today: Mutex<Option<(u64, File)>>,
}

const SECONDS_A_DAY: u64 = 86_400;

impl EventLog {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            today: Mutex::default(),
        })
    }

    /// Appends lines, each a JSON object without its end of line; on disk when this returns.
    pub(crate) fn append(&self, lines: &[String]) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let day = now.map_or(0, |now| now.as_secs()) / SECONDS_A_DAY;
        // After a panic the file may end in half a line; opening it anew mends that.
        let mut today = self.today.lock().unwrap_or_else(|poisoned| {
            let mut today = PoisonError::into_inner(poisoned);
            *today = None;
            today
        });
        if today.as_ref().is_none_or(|(opened, _)| *opened != day) {
            *today = Some((day, self.open_day(day)?));
        }
        let Some((_, file)) = today.as_mut() else {
            return Ok(());
        };
        let mut text = lines.join("\n");
        text.push('\n');
        let before = file.metadata()?.len();
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // All or none: whoever sends them again must not double the first ones.
            let _ = file.set_len(before);
            *today = None;
        }
        written
    }

    fn open_day(&self, day: u64) -> io::Result<File> {
        let date = Date(i32::try_from(day).unwrap_or(i32::MAX));
        let path = self.folder.join(format!("{date}.jsonl"));
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        // The file's name is on disk too.
        File::open(&self.folder)?.sync_all()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let append = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            EventLog::open(folder.path())
                .unwrap()
                .append(&lines)
                .unwrap();
        };
        append(&["{\"a\":1}", "{\"a\":2}"]);
        let file = std::fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let mut open = OpenOptions::new().append(true).open(&file).unwrap();
        open.write_all(b"{\"a\":").unwrap();
        append(&["{\"a\":3}"]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, "{\"a\":1}\n{\"a\":2}\n{\"a\":\n{\"a\":3}\n");
    }
}
