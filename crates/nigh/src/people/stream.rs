//! `nigh people add-edge --from`: friendships of a file or of a stream, batch by batch.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nigh_engine::network::{Added, EdgeRow, Network};
use serde_json::json;

use super::changes::{report, tidy};
use crate::cli::people::AddEdgeArgs;
use crate::interrupt;
use crate::output::{Exit, Output};

/// So long a line waits for others to be written with it. A slow stream is on the disk this much and one commit later.
const WAIT: Duration = Duration::from_millis(20);
/// How often an interruption is noticed while nothing comes.
const LOOK_UP: Duration = Duration::from_millis(100);

/// So many lines are read ahead of those that are being written.
const AHEAD: usize = 10_000;

type Line = std::io::Result<String>;

/// Adds the friendships of a file or of standard input. Ctrl-C ends behind a batch.
pub(super) fn add_edges(args: &AddEdgeArgs, file: &Path, output: Output) -> Result<Exit> {
    let stop = interrupt::flag()?;
    let input = open(file)?;
    let mut network = Network::open_writer(&args.dir)?;
    let (sender, lines) = sync_channel(AHEAD);
    // Not waited for: it may be blocked for as long as nobody writes or closes the stream.
    std::thread::spawn(move || read(input, &sender));
    let mut stream = Stream::new(args, file, output);
    let ended = stream.run(&mut network, &lines, &stop);
    // What was read before a failure is written too.
    stream.write(&mut network)?;
    ended?;
    stream.report()?;
    tidy(&mut network, output);
    Ok(match stop.load(Ordering::Relaxed) {
        true => Exit::Interrupted,
        false => Exit::Done,
    })
}

fn open(file: &Path) -> Result<Box<dyn Read + Send>> {
    if file.to_str() == Some("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let opened = std::fs::File::open(file);
    let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Box::new(opened))
}

/// Sends each line, for as long as somebody takes them.
fn read(input: Box<dyn Read + Send>, lines: &SyncSender<Line>) {
    for line in BufReader::with_capacity(1 << 16, input).lines() {
        // A line that is no text costs itself; after any other failure nothing more can be read.
        let last = line
            .as_ref()
            .is_err_and(|error| error.kind() != ErrorKind::InvalidData);
        if lines.send(line).is_err() || last {
            return;
        }
    }
}

/// The lines that were taken and are not written yet, and what was done with those before.
struct Stream<'a> {
    args: &'a AddEdgeArgs,
    file: &'a Path,
    output: Output,
    batch: Vec<EdgeRow>,
    /// When the batch is written, full or not.
    due: Instant,
    line: usize,
    acknowledged: usize,
    rejected: usize,
    total: Added,
}

impl<'a> Stream<'a> {
    fn new(args: &'a AddEdgeArgs, file: &'a Path, output: Output) -> Stream<'a> {
        Stream {
            args,
            file,
            output,
            batch: Vec::new(),
            due: Instant::now(),
            line: 0,
            acknowledged: 0,
            rejected: 0,
            total: Added::default(),
        }
    }

    /// Takes lines until there are no more.
    fn run(
        &mut self,
        network: &mut Network,
        lines: &Receiver<Line>,
        stop: &AtomicBool,
    ) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            match lines.recv_timeout(self.patience()) {
                Ok(line) => self.take(line)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            let is_full = self.batch.len() >= self.args.batch as usize;
            let is_due = !self.batch.is_empty() && Instant::now() >= self.due;
            if is_full || is_due {
                self.write(network)?;
                tidy(network, self.output);
            }
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        match self.batch.is_empty() {
            true => LOOK_UP,
            false => self.due.saturating_duration_since(Instant::now()),
        }
    }

    fn take(&mut self, line: Line) -> Result<()> {
        self.line += 1;
        let taken = match line {
            Ok(line) => row(&line),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err("it is no UTF-8".to_owned())
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.file.display()));
            }
        };
        match taken {
            Ok(Some(row)) => self.push(row),
            Ok(None) => {}
            Err(reason) => {
                self.rejected += 1;
                let (file, line) = (self.file.display(), self.line);
                self.output.note(format!("{file} line {line}: {reason}"));
            }
        }
        Ok(())
    }

    fn push(&mut self, row: EdgeRow) {
        if self.batch.is_empty() {
            self.due = Instant::now() + WAIT;
        }
        self.batch.push(row);
    }

    fn write(&mut self, network: &mut Network) -> Result<()> {
        let rows = std::mem::take(&mut self.batch);
        if rows.is_empty() {
            return Ok(());
        }
        let added = network.add_edges(&rows)?;
        self.total.edges += added.edges;
        self.total.updated += added.updated;
        self.total.people += added.people;
        self.acknowledged += rows.len();
        if self.args.json {
            self.output
                .json(&json!({"acknowledged": self.acknowledged}))?;
        }
        Ok(())
    }

    fn report(&self) -> Result<()> {
        let rejected = self.rejected;
        if self.args.json {
            return self
                .output
                .json(&json!({"added": self.total, "rejected": rejected}));
        }
        report(&self.total, false, self.output)?;
        if rejected > 0 {
            self.output.note(format!("{rejected} rows were rejected"));
        }
        Ok(())
    }
}

/// The friendship of a line; none in an empty one or a comment.
fn row(line: &str) -> Result<Option<EdgeRow>, String> {
    let separators = |c: char| c.is_whitespace() || c == ',';
    let words: Vec<&str> = line
        .split(separators)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (a, b, rest) = match words[..] {
        [a, b, ref rest @ ..] if rest.len() <= 2 => (a.to_owned(), b.to_owned(), rest),
        _ => {
            return Err(format!(
                "two to four words were expected, {} found",
                words.len()
            ));
        }
    };
    let no_number = |name: &str, word: &str| format!("the {name} {word:?} is no number");
    let time = match rest.first() {
        Some(word) => word.parse().map_err(|_| no_number("time", word))?,
        None => 0,
    };
    let weight = match rest.get(1) {
        Some(word) => word.parse().map_err(|_| no_number("weight", word))?,
        None => 1.0,
    };
    let row = EdgeRow { a, b, time, weight };
    match row.check() {
        Ok(()) => Ok(Some(row)),
        Err(error) => Err(error.to_string()),
    }
}
