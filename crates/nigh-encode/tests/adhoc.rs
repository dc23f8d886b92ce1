use nigh_encode::*;
#[test]
fn fuzz() {
    let mut files: Vec<Vec<u8>> = vec![];
    for d in ["tests/fixtures", "/tmp/enc-16"] {
        for e in std::fs::read_dir(d).unwrap() { let p = e.unwrap().path(); let n = p.to_string_lossy().to_string(); if n.ends_with(".py")||n.ends_with(".json") {continue;} files.push(std::fs::read(p).unwrap()); }
    }
    let limits = DecodeLimits { max_pixels: 1 << 16, ..DecodeLimits::default() };
    let mut s = 0x9e3779b97f4a7c15u64;
    let mut r = || { s ^= s << 13; s ^= s >> 7; s ^= s << 17; s as usize };
    let t = std::time::Instant::now();
    let (mut n, mut ok, mut panics) = (0, 0, std::collections::BTreeMap::new());
    while t.elapsed().as_secs() < 100 {
        let mut f = files[r() % files.len()].clone();
        for _ in 0..1 + r() % 12 {
            let at = r() % f.len();
            match r() % 6 { 0 => { f.remove(at); } 1 => { let b = r() as u8; f.insert(at, b); } 2 => { f[at] = 0xff; } 3 => { let k = (r() % 8).min(f.len() - at); for i in 0..k { f[at + i] = r() as u8; } } 4 => { let from = r() % f.len(); let k = (r()%16).min(f.len()-from.max(at)); f.copy_within(from..from+k, at); } _ => { f[at] ^= 1 << (r() % 8); } }
        }
        n += 1;
        match std::panic::catch_unwind(|| decode(&f, &limits).is_ok()) { Ok(o) => ok += o as usize, Err(p) => { *panics.entry(p.downcast_ref::<String>().cloned().or(p.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default()).or_insert(0) += 1; std::fs::write(format!("/tmp/enc-panic-{n}"), &f).unwrap(); } }
    }
    println!("{n} tries, {ok} pass, panics {panics:#?}");
}
