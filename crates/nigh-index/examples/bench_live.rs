//! How fast are adds and deletes while searching, and what do they cost the searches?
//!
//! `cargo run --release -p nigh-index --example bench_live [ROWS DIM LISTS SECONDS]` builds a coded segment of clustered
//! rows, then on one thread searches without a pause: alone; while another thread adds and deletes 50,000 rows a second each;
//! alone again with what that left behind; while another compacts; after that; and while another writes as fast as it can. Each
//! phase takes as many seconds, or as long as the compaction. Half of the rows that are added replace others. For the writes: how
//! many a second. For the searches: the time
//! that 50 % and 99 % of them stay below, and the latter against the first phase. Needs two cores that are otherwise idle; where
//! they are not, look at the columns "less waiting": there the time is taken out for which a search that could go on had to wait
//! for a core (Linux tells it; waiting for locks stays in).
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nigh_index::{
    Codec, IvfConfig, IvfSearch, LiveIndex, Metric, Mode, RaBitQConfig, SearchParams, Segment,
    SegmentConfig, Vectors, build_segment,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let rows = arguments.next().unwrap_or(200_000);
    let dim = arguments.next().unwrap_or(96);
    let lists = arguments.next().unwrap_or(1000);
    let seconds = arguments.next().unwrap_or(3) as u64;
    let folder = std::env::temp_dir().join(format!("nigh-bench-live-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let outcome = run(&folder, [rows, dim, lists], Duration::from_secs(seconds));
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn run(
    folder: &Path,
    [rows, dim, lists]: [usize; 3],
    span: Duration,
) -> Result<(), Box<dyn Error>> {
    println!("{} · {rows} × {dim} · {lists} lists", nigh_simd::level());
    let centres = Centres::new(300, dim);
    let index = build(&folder.join("1"), &centres, [rows, dim, lists])?;
    let waiting = || thread::sleep(span);
    let alone = phase("alone", None, &index, &centres, waiting);
    let mut labels = rows as u64;
    let mut writing = |name, pace| {
        let (mut writes, start) = (Writes::default(), Instant::now());
        phase(name, Some(&alone), &index, &centres, || {
            writes = write(&index, &centres, &mut labels, span, pace);
        });
        writes.print(&index, start);
    };
    writing("writing 50,000/s", Some(50_000));
    phase(
        "newer rows in memory",
        Some(&alone),
        &index,
        &centres,
        waiting,
    );
    let mut compacted = None;
    phase("compacting", Some(&alone), &index, &centres, || {
        // Of two cores one searches: the other compacts.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let start = Instant::now();
        let built = pool.map(|pool| pool.install(|| index.compact(&folder.join("2"), 2)));
        compacted = Some((built, start.elapsed()));
    });
    let (built, time) = compacted.ok_or("no compaction")?;
    println!("  compacted in {:.2} s: {:?}", time.as_secs_f64(), built??);
    phase("compacted", Some(&alone), &index, &centres, waiting);
    writing("writing at full speed", None);
    Ok(())
}

fn build(
    path: &Path,
    centres: &Centres,
    [rows, dim, lists]: [usize; 3],
) -> Result<LiveIndex, Box<dyn Error>> {
    let mut vectors = Vectors::new(dim, Metric::L2);
    let mut random = Random(1);
    for label in 0..rows as u64 {
        vectors.push(label, &centres.row(&mut random))?;
    }
    let ivf = IvfConfig {
        lists,
        codec: Codec::RaBitQ(RaBitQConfig::default()),
        ..IvfConfig::default()
    };
    let config = SegmentConfig {
        sequence: 1,
        ivf: Some(ivf),
    };
    let start = Instant::now();
    build_segment(path, &vectors, &config)?;
    println!("built in {:.2} s", start.elapsed().as_secs_f64());
    Ok(LiveIndex::open(Segment::open(path)?))
}

/// Searches while `other` runs, and prints how fast.
fn phase(
    name: &str,
    against: Option<&Times>,
    index: &LiveIndex,
    centres: &Centres,
    other: impl FnOnce(),
) -> Times {
    let over = AtomicBool::new(false);
    let times = thread::scope(|scope| {
        let searching = scope.spawn(|| search(index, centres, &over));
        other();
        over.store(true, Ordering::Relaxed);
        searching.join().unwrap_or_default()
    });
    let ratio =
        |of: fn(&Times) -> &[f64]| at(of(&times), 0.99) / at(of(against.unwrap_or(&times)), 0.99);
    println!(
        "{name:21} {:7} searches  p50 {:6.1} us  p99 {:7.1} us ({:5.2} ×)  less waiting p50 {:6.1}  p99 {:6.1} ({:5.2} ×)  {} scanned, {} compared",
        times.all.len(),
        at(&times.all, 0.5),
        at(&times.all, 0.99),
        ratio(|times| &times.all),
        at(&times.less_waiting, 0.5),
        at(&times.less_waiting, 0.99),
        ratio(|times| &times.less_waiting),
        times.distances / times.all.len().max(1),
        times.rescored / times.all.len().max(1),
    );
    times
}

/// Microseconds, ascending.
#[derive(Default)]
struct Times {
    all: Vec<f64>,
    less_waiting: Vec<f64>,
    distances: usize,
    rescored: usize,
}

fn at(times: &[f64], share: f64) -> f64 {
    let last = times.len().saturating_sub(1) as f64;
    times.get((share * last) as usize).copied().unwrap_or(0.0)
}

/// What Linux says of the calling thread.
struct Scheduled(Option<File>);

impl Scheduled {
    fn new() -> Scheduled {
        Scheduled(File::open("/proc/thread-self/schedstat").ok())
    }

    /// For how long it could go on and waited for a core.
    fn waited_us(&mut self) -> f64 {
        let mut text = String::new();
        let read = self.0.as_mut().map(|file| {
            file.rewind()?;
            file.read_to_string(&mut text)
        });
        let field = read
            .and_then(Result::ok)
            .and_then(|_| text.split(' ').nth(1));
        field.and_then(|ns| ns.parse().ok()).unwrap_or(0.0) / 1e3
    }
}

fn search(index: &LiveIndex, centres: &Centres, over: &AtomicBool) -> Times {
    let params = SearchParams {
        k: 10,
        mode: Mode::Ivf(IvfSearch::default()),
        threads: 1,
    };
    let mut random = Random(77);
    let queries: Vec<Vec<f32>> = (0..2000).map(|_| centres.row(&mut random)).collect();
    let (mut times, mut scheduled) = (Times::default(), Scheduled::new());
    for query in queries.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let (start, before) = (Instant::now(), scheduled.waited_us());
        if let Ok(found) = index.search(query, &params, None) {
            times.rescored += found.rescored;
            times.distances += found.distances;
            let us = start.elapsed().as_secs_f64() * 1e6;
            times.all.push(us);
            times
                .less_waiting
                .push(us - (scheduled.waited_us() - before));
        }
    }
    times.all.sort_unstable_by(f64::total_cmp);
    times.less_waiting.sort_unstable_by(f64::total_cmp);
    times
}

#[derive(Default)]
struct Writes {
    adds: Pace,
    deletes: Pace,
}

/// How many there were, and the seconds that they took: by the clock, and less the time that the thread waited for a core.
#[derive(Default)]
struct Pace {
    count: usize,
    seconds: f64,
    less_waiting: f64,
}

impl Pace {
    fn time(&mut self, scheduled: &mut Scheduled, count: usize, work: impl FnOnce()) {
        let (start, before) = (Instant::now(), scheduled.waited_us());
        work();
        let seconds = start.elapsed().as_secs_f64();
        self.seconds += seconds;
        self.less_waiting += seconds - (scheduled.waited_us() - before) / 1e6;
        self.count += count;
    }

    fn print(&self, name: &str) {
        let [clock, less] = [self.seconds, self.less_waiting].map(|s| self.count as f64 / s);
        println!("  {name}: {clock:.0} a second by the clock, {less:.0} less waiting");
    }
}

/// In turns adds rows, half of them in place of others, and deletes as many; at most `pace` a second.
fn write(
    index: &LiveIndex,
    centres: &Centres,
    labels: &mut u64,
    span: Duration,
    pace: Option<u32>,
) -> Writes {
    let (mut writes, mut random, start) = (Writes::default(), Random(9), Instant::now());
    let (mut failed, mut scheduled) = (0, Scheduled::new());
    // Rows are made before the clock runs.
    let made: Vec<Vec<f32>> = (0..5000).map(|_| centres.row(&mut random)).collect();
    let mut made = made.iter().cycle();
    while start.elapsed() < span {
        writes.adds.time(&mut scheduled, AT_A_TIME, || {
            for row in made.by_ref().take(AT_A_TIME) {
                let label = match random.unit() < 0.5 {
                    true => (random.unit() * *labels as f32) as u64,
                    false => *labels,
                };
                *labels += u64::from(label == *labels);
                failed += usize::from(index.add(label, row).is_err());
            }
        });
        writes.deletes.time(&mut scheduled, AT_A_TIME, || {
            for _ in 0..AT_A_TIME {
                index.delete((random.unit() * *labels as f32) as u64);
            }
        });
        if let Some(pace) = pace {
            let due = Duration::from_secs(writes.adds.count as u64) / pace;
            thread::sleep(due.saturating_sub(start.elapsed()));
        }
    }
    assert_eq!(failed, 0, "rows were refused");
    writes
}

/// Writes of one kind before some of the other, or a rest.
const AT_A_TIME: usize = 100;

impl Writes {
    fn print(&self, index: &LiveIndex, start: Instant) {
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "  {:.0} adds/s and as many deletes for {seconds:.1} s",
            self.adds.count as f64 / seconds
        );
        self.adds.print("adds");
        self.deletes.print("deletes");
        println!(
            "  {} rows, {} newer, {} held, {} masked",
            index.len(),
            index.newer(),
            index.held(),
            index.masked()
        );
    }
}

/// Rows lie around these.
struct Centres {
    dim: usize,
    values: Vec<f32>,
}

impl Centres {
    fn new(count: usize, dim: usize) -> Centres {
        let mut random = Random(5);
        Centres {
            dim,
            values: (0..count * dim).map(|_| random.normal()).collect(),
        }
    }

    fn row(&self, random: &mut Random) -> Vec<f32> {
        let count = self.values.len() / self.dim;
        let centre = (random.unit() * count as f32) as usize * self.dim;
        let centre = &self.values[centre..centre + self.dim];
        centre.iter().map(|x| x + 0.7 * random.normal()).collect()
    }
}

struct Random(u64);

impl Random {
    /// From 0 up to, but not including, 1.
    fn unit(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 16_777_216.0
    }

    /// About normal: mean 0, deviation 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}
