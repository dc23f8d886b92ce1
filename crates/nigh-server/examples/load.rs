//! Load on a server, and the same searches by the engine alone.
//!
//! ```text
//! load queries CATALOG COUNT [NPROBE] > bodies.jsonl  searches by vector, one a line: embeddings of stored items, slightly moved
//! load engine CATALOG bodies.jsonl                   microseconds of the engine alone
//! load floor bodies.jsonl SECONDS                   the same over bare sockets: answered by the thread that reads, and by a second one
//! load http HOST:PORT /v1/catalogs/shop/search bodies.jsonl CONNECTIONS SECONDS [PID]
//! ```
//!
//! With the server's process id the last also says what processor time a request took there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use nigh_engine::{Catalog, Method, Refinement, SearchOptions};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["queries", catalog, count] => queries(Path::new(catalog), count.parse()?, None),
        ["queries", catalog, count, nprobe] => {
            queries(Path::new(catalog), count.parse()?, Some(nprobe.parse()?))
        }
        ["floor", bodies, seconds] => {
            let time = Duration::from_secs_f64(seconds.parse()?);
            let bodies = lines(bodies)?;
            floor(&bodies, time, false)?;
            floor(&bodies, time, true)
        }
        ["engine", catalog, bodies] => engine(Path::new(catalog), &lines(bodies)?),
        [
            "http",
            address,
            path,
            bodies,
            connections,
            seconds,
            pid @ ..,
        ] => {
            let seconds = Duration::from_secs_f64(seconds.parse()?);
            let bodies = lines(bodies)?;
            http(
                address,
                path,
                &bodies,
                connections.parse()?,
                seconds,
                pid.first(),
            )
        }
        _ => Err("see the head of this file for how it is called".into()),
    }
}

fn lines(path: &str) -> Result<Vec<String>, Error> {
    Ok(std::fs::read_to_string(path)?
        .lines()
        .map(str::to_owned)
        .collect())
}

#[expect(clippy::print_stdout, reason = "a program that prints what it made")]
fn queries(catalog: &Path, count: usize, nprobe: Option<usize>) -> Result<(), Error> {
    let params = nprobe.map_or(json!({}), |nprobe| json!({"nprobe": nprobe}));
    let catalog = Catalog::open(catalog)?;
    let ids: Vec<&str> = catalog.ids().collect();
    for number in 0..count {
        let mut vector = catalog.embeddings(ids[number * 7919 % ids.len()])?;
        vector.truncate(catalog.dimension());
        for (at, value) in vector.iter_mut().enumerate() {
            *value += ((number + at) % 7) as f32 * 1e-4;
        }
        // As JSON of f32: through a `Value` each number would get the digits of an f64.
        let vector = serde_json::to_string(&vector)?;
        println!("{{\"k\": 10, \"params\": {params}, \"vector\": {vector}}}");
    }
    Ok(())
}

fn engine(catalog: &Path, bodies: &[String]) -> Result<(), Error> {
    let catalog = Catalog::open(catalog)?;
    let mut queries = Vec::new();
    for body in bodies {
        let body: Value = serde_json::from_str(body)?;
        let vector: Vec<f32> = serde_json::from_value(body["vector"].clone())?;
        let nprobe = body["params"]["nprobe"].as_u64();
        let method = nprobe.map_or(Method::Auto, |nprobe| Method::Nprobe(nprobe as usize));
        queries.push((vector, method));
    }
    let mut took = Vec::new();
    let before = processor_seconds("self")?;
    for _ in 0..4 {
        for (query, method) in &queries {
            let started = Instant::now();
            let options = SearchOptions {
                method: *method,
                ..SearchOptions::default()
            };
            catalog.search_refined(query, &options, &Refinement::default())?;
            took.push(started.elapsed());
        }
    }
    let processor = processor_seconds("self")? - before;
    print("engine", &mut took, Some(processor));
    Ok(())
}

/// What sockets and wake-ups alone take: a server that answers without looking at what it read. Where `handed` it gives each request
/// to a second thread and waits for it, as every server does that computes elsewhere than where it reads.
fn floor(bodies: &[String], time: Duration, handed: bool) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let serve = move || -> Result<(), Error> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let (asked, ask) = sync_channel::<()>(1);
        let (answered, answer) = sync_channel::<()>(1);
        std::thread::spawn(
            move || {
                while ask.recv().is_ok() && answered.send(()).is_ok() {}
            },
        );
        // Until the client goes.
        while let Ok(length) = content_length(&mut reader) {
            reader.read_exact(&mut vec![0; length])?;
            if handed {
                asked.send(())?;
                answer.recv()?;
            }
            let body = [b'x'; REPLY_BYTES];
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            reader
                .get_mut()
                .write_all(&[head.as_bytes(), &body].concat())?;
        }
        Ok(())
    };
    std::thread::spawn(serve);
    let name = match handed {
        false => "sockets",
        true => "sockets and a second thread",
    };
    let mut took = ask_all(&address, "/", bodies, 1, time)?;
    print(name, &mut took, None);
    Ok(())
}

/// Bytes of an answer with ten hits.
const REPLY_BYTES: usize = 1_000;

fn http(
    address: &str,
    path: &str,
    bodies: &[String],
    connections: usize,
    time: Duration,
    pid: Option<&&str>,
) -> Result<(), Error> {
    let before = pid.map(|pid| processor_seconds(pid)).transpose()?;
    let mut took = ask_all(address, path, bodies, connections, time)?;
    let after = pid.map(|pid| processor_seconds(pid)).transpose()?;
    let processor = before.zip(after).map(|(before, after)| after - before);
    print(
        &format!("http, {connections} connections"),
        &mut took,
        processor,
    );
    Ok(())
}

/// What each request took.
fn ask_all(
    address: &str,
    path: &str,
    bodies: &[String],
    connections: usize,
    time: Duration,
) -> Result<Vec<Duration>, Error> {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let client = || -> Result<Vec<Duration>, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut took = Vec::new();
        while started.elapsed() < time {
            let body = &bodies[next.fetch_add(1, Ordering::Relaxed) % bodies.len()];
            took.push(ask(&mut reader, address, path, body)?);
        }
        Ok(took)
    };
    let all = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        let took = clients.into_iter().map(|client| client.join());
        took.map(|took| took.unwrap_or_else(|_| Err("a client panicked".into())))
            .collect::<Result<Vec<_>, Error>>()
    })?;
    Ok(all.into_iter().flatten().collect())
}

/// One request and its whole reply.
fn ask(
    reader: &mut BufReader<TcpStream>,
    address: &str,
    path: &str,
    body: &str,
) -> Result<Duration, Error> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let message = [head.as_bytes(), body.as_bytes()].concat();
    let started = Instant::now();
    reader.get_mut().write_all(&message)?;
    let length = content_length(reader)?;
    reader.read_exact(&mut vec![0; length])?;
    Ok(started.elapsed())
}

/// Reads the head of a request, or of a reply that tells of success; the bytes of its body.
fn content_length(reader: &mut BufReader<TcpStream>) -> Result<usize, Error> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") && !line.starts_with("POST ") {
        return Err(format!("received {line:?}").into());
    }
    let mut length = 0;
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    Ok(length)
}

#[expect(
    clippy::print_stdout,
    reason = "a program that prints its measurements"
)]
fn print(what: &str, took: &mut [Duration], processor: Option<f64>) {
    took.sort_unstable();
    let quantile = |share: f64| {
        let at = (took.len() as f64 * share) as usize;
        took.get(at.min(took.len().saturating_sub(1)))
            .map_or(0.0, |took| took.as_secs_f64() * 1e6)
    };
    let each = processor.map_or(f64::NAN, |seconds| seconds * 1e6 / took.len() as f64);
    println!(
        "{what}: {} requests, p50 {:.0} us, p95 {:.0} us, p99 {:.0} us, processor {each:.0} us a request",
        took.len(),
        quantile(0.5),
        quantile(0.95),
        quantile(0.99)
    );
}

/// User and system time of a process so far, in hundredths.
fn processor_seconds(pid: &str) -> Result<f64, Error> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    Ok(ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0)
}
