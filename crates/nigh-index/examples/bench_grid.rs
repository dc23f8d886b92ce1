//! Is grid hashing enough for this data, or are trained lists worth their training?
//!
//! `cargo run --release -p nigh-index --example bench_grid FOLDER l2|ip|cosine [QUERIES [TABLES [BITS]]]` reads `base.fbin`,
//! `query.fbin` and `gt100.ibin` from a folder (u32 rows, u32 columns, then the values: f32, and u32 row numbers), and prints
//! recall@10, rows compared and queries per CPU-second, one query at a time on one thread: IVF-flat, then both kinds of grid.
//! TABLES and BITS may be several numbers, as `8,16,32`; 0 bits is the default. For steady figures pin it: `taskset -c 1 …`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nigh_index::{
    Found, Grid, GridConfig, GridHash, GridSearch, IvfConfig, Metric, SearchParams, Segment,
    SegmentConfig, Vectors, build_grid, build_segment,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const K: usize = 10;
const EFFORTS: [usize; 22] = [
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
];

/// Beyond, a sweep has nothing more to tell.
const ENOUGH: f64 = 0.995;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, metric, options @ ..] = &arguments[..] else {
        return Err("expected FOLDER l2|ip|cosine [QUERIES [TABLES [BITS]]]".into());
    };
    let option = |i: usize, default: &str| options.get(i).cloned().unwrap_or(default.to_owned());
    let data = Data::read(Path::new(folder), metric, option(0, "1000").parse()?)?;
    let (tables, bits) = (numbers(&option(1, "16"))?, numbers(&option(2, "0"))?);
    let path = std::env::temp_dir().join(format!("nigh-bench-grid-{}", std::process::id()));
    let outcome = run(&path, &data, &tables, &bits);
    // Nothing was built if the beginning failed.
    let _ = fs::remove_file(&path);
    outcome
}

fn run(path: &Path, data: &Data, tables: &[usize], bits: &[usize]) -> Outcome<()> {
    println!(
        "{} · {} × {} · {} · {} queries",
        nigh_simd::level(),
        data.rows.len(),
        data.rows.dim(),
        data.rows.metric(),
        data.queries.len() / data.rows.dim()
    );
    bench_ivf(path, data)?;
    for &tables in tables {
        for &bits in bits {
            for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
                let bits = bits as u32;
                bench_grid(
                    path,
                    data,
                    GridConfig {
                        hash,
                        tables,
                        bits,
                        seed: 0,
                    },
                )?;
            }
        }
    }
    Ok(())
}

fn bench_ivf(path: &Path, data: &Data) -> Outcome<()> {
    let start = cpu_seconds();
    let config = SegmentConfig {
        sequence: 0,
        ivf: Some(IvfConfig::default()),
    };
    let built = build_segment(path, &data.rows, &config)?;
    let seconds = cpu_seconds() - start;
    let segment = Segment::open(path)?;
    println!(
        "\nIVF-flat, {} lists · {:.1} MB · built in {seconds:.1} s",
        built.lists,
        built.bytes as f64 / 1e6
    );
    sweep("nprobe", data, |query, nprobe| {
        Ok(segment.search(query, &SearchParams::ivf(K, nprobe), None)?)
    })
}

fn bench_grid(path: &Path, data: &Data, config: GridConfig) -> Outcome<()> {
    let start = cpu_seconds();
    let built = build_grid(path, &data.rows, &config)?;
    let seconds = cpu_seconds() - start;
    let grid = Grid::open(path)?;
    println!(
        "\n{:?}, {} tables of {} bits · {:.1} MB · built in {seconds:.1} s · {:.0} rows share a bucket",
        config.hash,
        built.tables,
        built.bits,
        built.bytes as f64 / 1e6,
        grid.expected_candidates(1),
    );
    sweep("probes", data, |query, probes| {
        Ok(grid.search(query, &GridSearch::new(K, probes), None)?)
    })
}

/// One line for each effort until nearly all neighbours are found.
fn sweep(
    effort_name: &str,
    data: &Data,
    search: impl Fn(&[f32], usize) -> Outcome<Found>,
) -> Outcome<()> {
    println!(
        "{effort_name:>8} {:>9} {:>11} {:>12}",
        "recall@10", "compared", "queries/s"
    );
    for effort in EFFORTS {
        let queries = || data.queries.chunks_exact(data.rows.dim());
        // Once beforehand, so that pages and caches are warm.
        queries().try_for_each(|query| search(query, effort).map(drop))?;
        let start = cpu_seconds();
        let found: Vec<Found> = queries()
            .map(|query| search(query, effort))
            .collect::<Outcome<_>>()?;
        let seconds = cpu_seconds() - start;
        let recall = data.recall(&found);
        let compared: usize = found.iter().map(|found| found.distances).sum();
        println!(
            "{effort:>8} {recall:>9.4} {:>11.0} {:>12.0}",
            compared as f64 / found.len() as f64,
            found.len() as f64 / seconds
        );
        if recall >= ENOUGH {
            break;
        }
    }
    Ok(())
}

struct Data {
    rows: Vectors,
    queries: Vec<f32>,
    truth: Vec<u32>,
    truth_width: usize,
}

impl Data {
    fn read(folder: &Path, metric: &str, queries: usize) -> Outcome<Data> {
        let metric = match metric {
            "l2" => Metric::L2,
            "ip" => Metric::InnerProduct,
            "cosine" => Metric::Cosine,
            other => return Err(format!("metric {other:?}, expected l2, ip or cosine").into()),
        };
        let (dim, values) = read_matrix(&folder.join("base.fbin"), f32::from_le_bytes)?;
        let mut rows = Vectors::new(dim, metric);
        for (row, label) in values.chunks_exact(dim).zip(0..) {
            rows.push(label, row)?;
        }
        let (query_dim, mut values) = read_matrix(&folder.join("query.fbin"), f32::from_le_bytes)?;
        if query_dim != dim {
            return Err(format!("queries have {query_dim} values, rows {dim}").into());
        }
        values.truncate(queries * dim);
        let (truth_width, truth) = read_matrix(&folder.join("gt100.ibin"), u32::from_le_bytes)?;
        Ok(Data {
            rows,
            queries: values,
            truth,
            truth_width,
        })
    }

    fn recall(&self, found: &[Found]) -> f64 {
        let truth = self.truth.chunks_exact(self.truth_width);
        let hits: usize = found
            .iter()
            .zip(truth)
            .map(|(found, truth)| {
                let known = |label: u64| truth[..K].iter().any(|&row| u64::from(row) == label);
                found.neighbors.iter().filter(|n| known(n.label)).count()
            })
            .sum();
        hits as f64 / (K * found.len()) as f64
    }
}

/// The number of columns, and the values.
fn read_matrix<T>(path: &PathBuf, value: impl Fn([u8; 4]) -> T) -> Outcome<(usize, Vec<T>)> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let words = bytes.as_chunks::<4>().0;
    let &[rows, columns, ref values @ ..] = words else {
        return Err(format!("{} is too short", path.display()).into());
    };
    let [rows, columns] = [rows, columns].map(|word| u32::from_le_bytes(word) as usize);
    if rows * columns != values.len() || columns == 0 {
        let path = path.display();
        return Err(format!(
            "{path} states {rows} × {columns} values and holds {}",
            values.len()
        )
        .into());
    }
    Ok((columns, values.iter().map(|&word| value(word)).collect()))
}

fn numbers(text: &str) -> Outcome<Vec<usize>> {
    Ok(text.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

/// What this process has computed, by Linux's account; elsewhere the clock.
fn cpu_seconds() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let tasks = fs::read_dir("/proc/self/task").ok();
    let nanos = tasks.map(|tasks| {
        let stat = |task: fs::DirEntry| fs::read_to_string(task.path().join("schedstat")).ok();
        let on_cpu = |stat: String| stat.split(' ').next().and_then(|n| n.parse::<f64>().ok());
        tasks
            .flatten()
            .filter_map(stat)
            .filter_map(on_cpu)
            .sum::<f64>()
    });
    let clock = START.with(|start| start.elapsed()).as_secs_f64();
    nanos
        .filter(|&n| n > 0.0)
        .map_or(clock, |nanos| nanos / 1e9)
}
