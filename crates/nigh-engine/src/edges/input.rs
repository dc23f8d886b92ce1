//! Files and the standard input, as they are or compressed, in blocks of whole lines.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use memchr::memrchr;

use super::EdgesError;

const BLOCK_BYTES: usize = 1 << 20;

/// A person with ten million friends takes 100 MB; what is longer is no list of edges.
const LINE_BYTES: usize = 1 << 30;

/// What is told of the reading, and what may end it.
pub(super) struct Watch<'a> {
    read: AtomicU64,
    total: u64,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    stop: &'a AtomicBool,
}

impl<'a> Watch<'a> {
    pub(super) fn over(
        paths: &[PathBuf],
        progress: &'a (dyn Fn(u64, u64) + Sync),
        stop: &'a AtomicBool,
    ) -> Result<Watch<'a>, EdgesError> {
        let mut total = 0;
        for path in paths.iter().filter(|path| !is_stdin(path)) {
            let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
            if metadata.is_dir() {
                return Err(unreadable(
                    path,
                    &"it is a folder, expected a file of edges",
                ));
            }
            total += metadata.len();
        }
        let read = AtomicU64::new(0);
        Ok(Watch {
            read,
            total,
            progress,
            stop,
        })
    }

    pub(super) fn check(&self) -> Result<(), EdgesError> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(EdgesError::Stopped),
            false => Ok(()),
        }
    }

    pub(super) fn add(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.progress)(read, self.total);
    }
}

pub(super) enum Input<'a> {
    Parquet(File),
    Text(Blocks<'a>),
}

impl<'a> Input<'a> {
    pub(super) fn open(path: &'a Path, watch: &'a Watch<'a>) -> Result<Input<'a>, EdgesError> {
        let failed = |error: std::io::Error| unreadable(path, &error);
        if is_stdin(path) {
            return Blocks::over(path, std::io::stdin(), watch).map(Input::Text);
        }
        let mut magic = Vec::new();
        let head = File::open(path).map_err(failed)?;
        head.take(4).read_to_end(&mut magic).map_err(failed)?;
        let file = File::open(path).map_err(failed)?;
        match &magic[..] {
            b"PAR1" => Ok(Input::Parquet(file)),
            _ => Blocks::over(path, file, watch).map(Input::Text),
        }
    }
}

/// A text, one block of whole lines in memory at a time.
pub(super) struct Blocks<'a> {
    path: &'a Path,
    input: Box<dyn Read + 'a>,
    watch: &'a Watch<'a>,
    buffer: Vec<u8>,
    /// Where what was not yet handed out begins, and where it ends.
    start: usize,
    end: usize,
    at_end: bool,
}

impl<'a> Blocks<'a> {
    fn over(
        path: &'a Path,
        input: impl Read + 'a,
        watch: &'a Watch<'a>,
    ) -> Result<Blocks<'a>, EdgesError> {
        let mut counted = Counted { input, watch };
        let mut head = Vec::new();
        let start = counted.by_ref().take(2).read_to_end(&mut head);
        start.map_err(|error| unreadable(path, &error))?;
        let compressed = head == [0x1f, 0x8b];
        let whole = Cursor::new(head).chain(counted);
        let input: Box<dyn Read + 'a> = match compressed {
            true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(
                BLOCK_BYTES / 8,
                whole,
            ))),
            false => Box::new(whole),
        };
        let buffer = vec![0; BLOCK_BYTES];
        let mut blocks = Blocks {
            path,
            input,
            watch,
            buffer,
            start: 0,
            end: 0,
            at_end: false,
        };
        blocks.fill()?;
        blocks.skip_mark()?;
        Ok(blocks)
    }

    /// The first block, which [`Blocks::next`] will return again.
    pub(super) fn sample(&self) -> Result<&[u8], EdgesError> {
        self.watch.check()?;
        let block = &self.buffer[self.start..self.end];
        let whole = memrchr(b'\n', block).map_or(block.len(), |newline| newline + 1);
        Ok(if self.at_end { block } else { &block[..whole] })
    }

    /// The next whole lines, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, EdgesError> {
        self.watch.check()?;
        loop {
            let block = &self.buffer[self.start..self.end];
            let whole = match memrchr(b'\n', block) {
                _ if self.at_end => block.len(),
                Some(newline) => newline + 1,
                None => 0,
            };
            if whole > 0 || self.at_end {
                let from = self.start;
                self.start += whole;
                return Ok((whole > 0).then_some(&self.buffer[from..from + whole]));
            }
            self.fill()?;
        }
    }

    /// Moves what is left to the front and reads behind it, into a larger buffer where a line fills it.
    fn fill(&mut self) -> Result<(), EdgesError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end > LINE_BYTES {
            return Err(unreadable(self.path, &"it has a line of more than 1 GiB"));
        }
        if self.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.end < self.buffer.len() && !self.at_end {
            let read = self.input.read(&mut self.buffer[self.end..]);
            let read = match read {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| unreadable(self.path, &error))?,
            };
            self.at_end = read == 0;
            self.end += read;
        }
        Ok(())
    }

    fn skip_mark(&mut self) -> Result<(), EdgesError> {
        let head = &self.buffer[..self.end];
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(unreadable(self.path, &"it is UTF-16 text, expected UTF-8"));
        }
        if head.starts_with(b"PAR1") {
            return Err(unreadable(
                self.path,
                &"it is Parquet, which must be a file of its own",
            ));
        }
        self.start = if head.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        Ok(())
    }
}

struct Counted<'a, R> {
    input: R,
    watch: &'a Watch<'a>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.watch.add(read as u64);
        Ok(read)
    }
}

pub(super) fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> EdgesError {
    EdgesError::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
