//! Research: which features make the ranker win. `rank_research GRAPH [key=value…]`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_arguments,
    unused,
    reason = "research"
)]
use hessboost::config::*;
use hessboost::objective::LambdaRank;
use hessboost::prelude::*;
use nigh_graph::{Adjacency, Csr, Edge};
use rayon::prelude::*;
use std::collections::HashMap;
use std::time::Instant;

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s[s.rfind(')').unwrap() + 2..].split(' ').collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn splitmix(v: u64) -> u64 {
    let mut x = v.wrapping_add(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D049BB133111EB);
    x ^ (x >> 31)
}
struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E3779B97F4A7C15);
        splitmix(self.0)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f32 {
        ((-2.0 * (self.unit() + 1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos())
            as f32
    }
    fn shuffle<T>(&mut self, v: &mut [T]) {
        for i in (1..v.len()).rev() {
            let j = self.below(i + 1);
            v.swap(i, j);
        }
    }
}
fn read(g: &str, f: &str) -> Vec<Vec<u32>> {
    let p = format!(
        "{}/splits/{g}/{f}.txt",
        std::env::var("NIGH_DATA").unwrap_or("/work/shared/data".into())
    );
    std::fs::read_to_string(p)
        .unwrap()
        .lines()
        .map(|l| l.split_whitespace().map(|x| x.parse().unwrap()).collect())
        .collect()
}
fn graph(n: usize, e: &[(u32, u32)]) -> Csr {
    Csr::from_edges(
        n,
        &e.iter().map(|&(a, b)| Edge::new(a, b)).collect::<Vec<_>>(),
    )
}
fn pairs(v: Vec<Vec<u32>>) -> Vec<(u32, u32)> {
    v.into_iter().map(|r| (r[0], r[1])).collect()
}

// ---------- spectral embedding: top eigenpairs of D^-s A D^-s by subspace iteration ----------
struct Spectral {
    k: usize,
    vec: Vec<f32>,
    val: Vec<f32>,
}
fn mul(c: &Csr, w: &[f32], q: &[f32], k: usize) -> Vec<f32> {
    let n = c.nodes();
    let mut y = vec![0f32; n * k];
    y.par_chunks_mut(k).enumerate().for_each(|(i, row)| {
        for &j in c.list(i as u32) {
            let s = w[i] * w[j as usize];
            let o = j as usize * k;
            for t in 0..k {
                row[t] += s * q[o + t];
            }
        }
    });
    y
}
fn orth(q: &mut [f32], n: usize, k: usize) {
    // modified Gram-Schmidt on transposed copy
    let mut t: Vec<Vec<f32>> = (0..k)
        .map(|c| (0..n).map(|r| q[r * k + c]).collect())
        .collect();
    for c in 0..k {
        for _ in 0..2 {
            for p in 0..c {
                let (a, b) = t.split_at_mut(c);
                let d = dotf(&a[p], &b[0]);
                for i in 0..n {
                    b[0][i] -= d * a[p][i];
                }
            }
        }
        let l = dotf(&t[c], &t[c]).sqrt().max(1e-12);
        for x in &mut t[c] {
            *x /= l;
        }
    }
    for c in 0..k {
        for r in 0..n {
            q[r * k + c] = t[c][r];
        }
    }
}
fn dotf(a: &[f32], b: &[f32]) -> f32 {
    let mut s = [0f32; 16];
    let n = a.len() / 16 * 16;
    for (x, y) in a[..n].chunks_exact(16).zip(b[..n].chunks_exact(16)) {
        for i in 0..16 {
            s[i] += x[i] * y[i];
        }
    }
    let mut r: f32 = s.iter().sum();
    for i in n..a.len() {
        r += a[i] * b[i];
    }
    r
}
fn jacobi(mut a: Vec<f64>, k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; k * k];
    for i in 0..k {
        v[i * k + i] = 1.0;
    }
    for _ in 0..30 {
        let mut off = 0.0;
        for p in 0..k {
            for q in p + 1..k {
                let apq = a[p * k + q];
                off += apq * apq;
                if apq.abs() < 1e-12 {
                    continue;
                }
                let th = (a[q * k + q] - a[p * k + p]) / (2.0 * apq);
                let t = th.signum() / (th.abs() + (th * th + 1.0).sqrt());
                let t = if th == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for i in 0..k {
                    let (x, y) = (a[i * k + p], a[i * k + q]);
                    a[i * k + p] = c * x - s * y;
                    a[i * k + q] = s * x + c * y;
                }
                for i in 0..k {
                    let (x, y) = (a[p * k + i], a[q * k + i]);
                    a[p * k + i] = c * x - s * y;
                    a[q * k + i] = s * x + c * y;
                }
                for i in 0..k {
                    let (x, y) = (v[i * k + p], v[i * k + q]);
                    v[i * k + p] = c * x - s * y;
                    v[i * k + q] = s * x + c * y;
                }
            }
        }
        if off < 1e-16 {
            break;
        }
    }
    ((0..k).map(|i| a[i * k + i]).collect(), v)
}
fn spectral(c: &Csr, dim: usize, its: usize, pow: f32, seed: u64) -> Spectral {
    let n = c.nodes();
    let k = dim + 16;
    let k = k.min(n);
    let w: Vec<f32> = (0..n)
        .map(|i| (c.degree(i as u32).max(1) as f32).powf(-pow))
        .collect();
    let mut r = Rng(seed);
    let mut q: Vec<f32> = (0..n * k).map(|_| r.normal()).collect();
    for _ in 0..its {
        q = mul(c, &w, &q, k);
        q = mul(c, &w, &q, k);
        orth(&mut q, n, k);
    }
    let y = mul(c, &w, &q, k);
    let mut b = vec![0f64; k * k];
    for i in 0..n {
        for p in 0..k {
            let x = q[i * k + p] as f64;
            for t in 0..k {
                b[p * k + t] += x * y[i * k + t] as f64;
            }
        }
    }
    for p in 0..k {
        for t in 0..p {
            let m = (b[p * k + t] + b[t * k + p]) / 2.0;
            b[p * k + t] = m;
            b[t * k + p] = m;
        }
    }
    let (l, v) = jacobi(b, k);
    let mut o: Vec<usize> = (0..k).collect();
    o.sort_by(|&x, &y| l[y].total_cmp(&l[x]));
    o.truncate(dim.min(k)); // largest positive first
    let d = o.len();
    let mut vec = vec![0f32; n * d];
    for i in 0..n {
        for (t, &e) in o.iter().enumerate() {
            let mut s = 0.0;
            for p in 0..k {
                s += q[i * k + p] as f64 * v[p * k + e];
            }
            vec[i * d + t] = s as f32;
        }
    }
    Spectral {
        k: d,
        vec,
        val: o.iter().map(|&e| l[e] as f32).collect(),
    }
}

// ---------- tables of a graph ----------
struct World {
    c: Csr,
    d: Vec<f32>,
    core: Vec<f32>,
    clust: Vec<f32>,
    com: Vec<u32>,
    comsize: Vec<f32>,
    emb: Vec<(String, usize, Vec<f32>, Vec<f32>)>, // name, dim, left (scaled), unit
    ratop: Vec<[f32; 8]>,
    pptop: Vec<[f32; 8]>,
    raedge: Vec<f32>,
    nbdeg: Vec<f32>,
}
const TOPS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
fn coreness(c: &Csr) -> Vec<f32> {
    let n = c.nodes();
    let mut d: Vec<usize> = (0..n).map(|i| c.degree(i as u32)).collect();
    let mx = d.iter().max().copied().unwrap_or(0);
    let mut b = vec![vec![]; mx + 1];
    for i in 0..n {
        b[d[i]].push(i);
    }
    let mut core = vec![0f32; n];
    let mut done = vec![false; n];
    let mut k = 0;
    let mut i = 0;
    while i <= mx {
        if let Some(u) = b[i].pop() {
            if done[u] || d[u] != i {
                continue;
            }
            done[u] = true;
            k = k.max(i);
            core[u] = k as f32;
            for &v in c.list(u as u32) {
                let v = v as usize;
                if !done[v] && d[v] > 0 {
                    d[v] -= 1;
                    b[d[v]].push(v);
                    if d[v] < i {
                        i = d[v];
                    }
                }
            }
        } else {
            i += 1;
        }
    }
    core
}
fn label_propagation(c: &Csr, seed: u64) -> Vec<u32> {
    let n = c.nodes();
    let mut l: Vec<u32> = (0..n as u32).collect();
    let mut o: Vec<usize> = (0..n).collect();
    let mut r = Rng(seed);
    let mut cnt = vec![0u32; n];
    for _ in 0..8 {
        r.shuffle(&mut o);
        for &u in &o {
            let ns = c.list(u as u32);
            if ns.is_empty() {
                continue;
            }
            let mut best = (0, l[u]);
            for &v in ns {
                cnt[l[v as usize] as usize] += 1;
            }
            for &v in ns {
                let x = l[v as usize];
                let k = cnt[x as usize];
                if k > best.0 || (k == best.0 && x == l[u]) {
                    best = (k, x);
                }
            }
            for &v in ns {
                cnt[l[v as usize] as usize] = 0;
            }
            l[u] = best.1;
        }
    }
    l
}
impl World {
    fn new(n: usize, e: &[(u32, u32)], o: &Opts, extra: Vec<(String, usize, Vec<f32>)>) -> World {
        let c = graph(n, e);
        let d: Vec<f32> = (0..n).map(|i| c.degree(i as u32) as f32).collect();
        let core = coreness(&c);
        let com = label_propagation(&c, 1);
        let mut cs = vec![0f32; n];
        for &x in &com {
            cs[x as usize] += 1.0;
        }
        let comsize = com.iter().map(|&x| cs[x as usize]).collect();
        let mut w = World {
            d,
            core,
            clust: vec![0.0; n],
            com,
            comsize,
            emb: vec![],
            ratop: vec![],
            pptop: vec![],
            raedge: vec![0.0; n],
            nbdeg: vec![0.0; n],
            c,
        };
        let rows: Vec<([f32; 8], [f32; 8], f32, f32, f32)> = (0..n as u32)
            .into_par_iter()
            .map_init(
                || Scratch::new(n),
                |s, u| {
                    s.paths(&w, u, 0.0, 3);
                    let ns = w.c.list(u);
                    let tri: f32 = ns.iter().map(|&v| s.cn[v as usize]).sum();
                    let re: f32 = ns.iter().map(|&v| s.ra[v as usize]).sum::<f32>()
                        / w.d[u as usize].max(1.0);
                    let nd = ns.iter().map(|&v| w.d[v as usize].ln()).sum::<f32>()
                        / w.d[u as usize].max(1.0);
                    let top = |a: &[f32]| {
                        let mut v: Vec<f32> = s
                            .seen
                            .iter()
                            .filter(|&&x| x != u && !s.nb[x as usize])
                            .map(|&x| a[x as usize])
                            .collect();
                        v.sort_by(|a, b| b.total_cmp(a));
                        let mut r = [0f32; 8];
                        for (i, t) in TOPS.iter().enumerate() {
                            r[i] = v.get(t - 1).copied().unwrap_or(0.0);
                        }
                        r
                    };
                    let out = (
                        top(&s.ra),
                        top(&s.pp),
                        tri / (w.d[u as usize] * (w.d[u as usize] - 1.0)).max(1.0),
                        re,
                        nd,
                    );
                    s.clear(&w, u);
                    out
                },
            )
            .collect();
        w.ratop = rows.iter().map(|r| r.0).collect();
        w.pptop = rows.iter().map(|r| r.1).collect();
        w.clust = rows.iter().map(|r| r.2).collect();
        w.raedge = rows.iter().map(|r| r.3).collect();
        w.nbdeg = rows.iter().map(|r| r.4).collect();
        if o.f("svd", 1.0) > 0.0 {
            for (name, dim, pow) in [
                ("sn", o.f("dim", 64.0) as usize, 0.5f32),
                ("sq", o.f("dim2", 64.0) as usize, 0.25),
            ] {
                if dim == 0 {
                    continue;
                }
                let s = spectral(&w.c, dim, o.f("its", 5.0) as usize, pow, 7);
                let left: Vec<f32> = (0..n * s.k)
                    .map(|i| {
                        s.vec[i]
                            * s.val[i % s.k].max(0.0).sqrt()
                            * if pow < 0.5 {
                                w.d[i / s.k].max(1.0).powf(pow)
                            } else {
                                1.0
                            }
                    })
                    .collect();
                w.push_emb(name.into(), s.k, left);
            }
        }
        for (a, b, v) in extra {
            w.push_emb(a, b, v);
        }
        w
    }
    fn push_emb(&mut self, name: String, k: usize, left: Vec<f32>) {
        let unit = left
            .chunks(k)
            .flat_map(|r| {
                let l = dotf(r, r).sqrt().max(1e-9);
                r.iter().map(move |x| x / l)
            })
            .collect();
        self.emb.push((name, k, left, unit));
    }
}
struct Scratch {
    cn: Vec<f32>,
    aa: Vec<f32>,
    ra: Vec<f32>,
    rsq: Vec<f32>,
    mx: Vec<f32>,
    tj: Vec<f32>,
    tr: Vec<f32>,
    p3: Vec<f32>,
    l3: Vec<f32>,
    p4: Vec<f32>,
    pp: Vec<f32>,
    pl: Vec<f32>,
    pq: Vec<f32>,
    knn: Vec<f32>,
    kn2: Vec<f32>,
    q: Vec<f32>,
    r2: Vec<f32>,
    seen: Vec<u32>,
    mark: Vec<bool>,
    nb: Vec<bool>,
    pos: Vec<u32>,
}
impl Scratch {
    fn new(n: usize) -> Scratch {
        let z = || vec![0f32; n];
        Scratch {
            cn: z(),
            aa: z(),
            ra: z(),
            rsq: z(),
            mx: z(),
            tj: z(),
            tr: z(),
            p3: z(),
            l3: z(),
            p4: z(),
            pp: z(),
            pl: z(),
            pq: z(),
            knn: z(),
            kn2: z(),
            q: z(),
            r2: z(),
            seen: vec![],
            mark: vec![false; n],
            nb: vec![false; n],
            pos: vec![u32::MAX; n],
        }
    }
    fn touch(&mut self, v: u32) {
        if !self.mark[v as usize] {
            self.mark[v as usize] = true;
            self.seen.push(v);
        }
    }
    fn clear(&mut self, w: &World, u: u32) {
        for &v in &self.seen {
            let v = v as usize;
            for a in [
                &mut self.cn,
                &mut self.aa,
                &mut self.ra,
                &mut self.rsq,
                &mut self.mx,
                &mut self.tj,
                &mut self.tr,
                &mut self.p3,
                &mut self.l3,
                &mut self.p4,
                &mut self.pp,
                &mut self.pl,
                &mut self.pq,
                &mut self.knn,
                &mut self.kn2,
                &mut self.q,
                &mut self.r2,
            ] {
                a[v] = 0.0;
            }
            self.mark[v] = false;
        }
        self.seen.clear();
        for &v in w.c.list(u) {
            self.nb[v as usize] = false;
        }
    }
    /// Walks of two to `steps` steps with everything that rides on them.
    fn paths(&mut self, w: &World, u: u32, eps: f32, steps: usize) {
        let c = &w.c;
        let ns = c.list(u);
        let du = w.d[u as usize].max(1.0);
        for &x in ns {
            self.nb[x as usize] = true;
        }
        for &x in ns {
            let dx = w.d[x as usize];
            let (ia, ir, is) = (
                if dx > 1.0 { 1.0 / dx.ln() } else { 0.0 },
                1.0 / dx,
                1.0 / dx.sqrt(),
            );
            for &v in c.list(x) {
                self.touch(v);
                let v = v as usize;
                self.cn[v] += 1.0;
                self.aa[v] += ia;
                self.ra[v] += ir;
                self.rsq[v] += is;
                if ir > self.mx[v] {
                    self.mx[v] = ir;
                }
            }
        }
        // ties: how much of u's circle each friend shares
        for &x in ns {
            let dx = w.d[x as usize];
            let k = self.cn[x as usize];
            let j = (k + 1.0) / (du + dx - k);
            let r = (self.ra[x as usize] + 1.0 / du) / dx;
            for &v in c.list(x) {
                self.tj[v as usize] += j;
                self.tr[v as usize] += r;
            }
        }
        let two: Vec<u32> = self.seen.clone();
        // three steps: p3 = p2·P, l3 = paths over 1/sqrt degrees
        for &x in &two {
            let xi = x as usize;
            let dx = w.d[xi];
            let p = self.ra[xi] / du / dx;
            let l = self.rsq[xi] / dx.sqrt();
            if p < eps {
                continue;
            }
            for &v in c.list(x) {
                self.touch(v);
                self.p3[v as usize] += p;
                self.l3[v as usize] += l;
            }
        }
        if steps >= 8 {
            let a = 0.15f32;
            for &v in &[0] {
                let _: i32 = v;
            }
            // walks of one to `steps` steps, a restart of 0.15
            let mut front: Vec<u32> = vec![u];
            self.touch(u);
            self.q[u as usize] = 1.0;
            let mut f = 1.0f32;
            for _ in 0..steps {
                f *= 1.0 - a;
                let mut next = vec![];
                for &x in &front {
                    let p = self.q[x as usize] / w.d[x as usize].max(1.0);
                    self.q[x as usize] = 0.0;
                    if p < eps {
                        continue;
                    }
                    for &v in c.list(x) {
                        self.touch(v);
                        if self.r2[v as usize] == 0.0 {
                            next.push(v);
                        }
                        self.r2[v as usize] += p;
                    }
                }
                for &v in &next {
                    self.q[v as usize] = self.r2[v as usize];
                    self.pq[v as usize] += f * self.r2[v as usize];
                    self.r2[v as usize] = 0.0;
                }
                front = next;
            }
            for &v in &front {
                self.q[v as usize] = 0.0;
            }
        }
        if steps >= 4 {
            let three: Vec<u32> = self.seen.clone();
            for &x in &three {
                let xi = x as usize;
                let p = self.p3[xi] / w.d[xi];
                if p < eps {
                    continue;
                }
                for &v in c.list(x) {
                    self.touch(v);
                    self.p4[v as usize] += p;
                }
            }
        }
        for i in 0..self.seen.len() {
            let v = self.seen[i] as usize;
            let p1 = if self.nb[v] { 1.0 / du } else { 0.0 };
            let p2 = self.ra[v] / du;
            self.pp[v] = 0.25 * p1 + 0.125 * p2 + 0.0625 * self.p3[v] + 0.0625 * self.p4[v];
            self.pl[v] = 0.3 * p1 + 0.25 * p2 + 0.2 * self.p3[v] + 0.25 * self.p4[v];
        }
    }
    /// The people most like u by the cosine of their circles; what they have.
    fn neighbours_like(&mut self, w: &World, u: u32, k: usize) {
        let du = w.d[u as usize].max(1.0);
        let mut s: Vec<(f32, u32)> = self
            .seen
            .iter()
            .filter(|&&x| x != u && self.cn[x as usize] > 0.0)
            .map(|&x| (self.ra[x as usize] / (w.d[x as usize]).sqrt(), x))
            .collect();
        if s.len() > k {
            s.select_nth_unstable_by(k, |a, b| b.0.total_cmp(&a.0));
            s.truncate(k);
        }
        for (sim, x) in s {
            let cs = self.cn[x as usize] / (du * w.d[x as usize]).sqrt();
            for &v in w.c.list(x) {
                self.touch(v);
                self.knn[v as usize] += cs;
                self.kn2[v as usize] += sim;
            }
        }
    }
}
struct Opts(HashMap<String, String>);
impl Opts {
    fn f(&self, k: &str, d: f64) -> f64 {
        self.0.get(k).map_or(d, |v| v.parse().unwrap())
    }
    fn s(&self, k: &str) -> &str {
        self.0.get(k).map_or("", |s| s.as_str())
    }
}

fn top_into(seen: impl Iterator<Item = (f32, u32)>, k: usize, out: &mut Vec<u32>) {
    let mut v: Vec<(f32, u32)> = seen.filter(|x| x.0 > 0.0).collect();
    if v.len() > k {
        v.select_nth_unstable_by(k, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        v.truncate(k);
    }
    out.extend(v.iter().map(|x| x.1));
}

/// Candidates of u with their features.
fn features(
    w: &World,
    s: &mut Scratch,
    u: u32,
    o: &Opts,
    names: &mut Vec<(String, char)>,
) -> (Vec<u32>, Vec<f32>) {
    let n = w.c.nodes();
    let ui = u as usize;
    s.paths(w, u, o.f("eps", 0.0) as f32, o.f("steps", 4.0) as usize);
    s.neighbours_like(w, u, o.f("knn", 50.0) as usize);
    let mut cand = vec![];
    {
        let ok = |v: &&u32| **v != u && !s.nb[**v as usize];
        top_into(
            s.seen.iter().filter(ok).map(|&v| (s.ra[v as usize], v)),
            o.f("cra", 150.0) as usize,
            &mut cand,
        );
        top_into(
            s.seen.iter().filter(ok).map(|&v| (s.pp[v as usize], v)),
            o.f("cpp", 100.0) as usize,
            &mut cand,
        );
        top_into(
            s.seen
                .iter()
                .filter(ok)
                .map(|&v| (s.l3[v as usize] / w.d[v as usize].sqrt(), v)),
            o.f("cl3", 50.0) as usize,
            &mut cand,
        );
        top_into(
            s.seen
                .iter()
                .filter(ok)
                .map(|&v| (s.kn2[v as usize] / w.d[v as usize].sqrt(), v)),
            o.f("cknn", 50.0) as usize,
            &mut cand,
        );
    }
    let ce = o.f("cemb", 50.0) as usize;
    let mut dots: Vec<Vec<f32>> = vec![];
    for (_, k, left, unit) in &w.emb {
        let q = &left[ui * k..][..*k];
        let all: Vec<f32> = if ce > 0 {
            left.chunks(*k).map(|r| dotf(q, r)).collect()
        } else {
            vec![]
        };
        if ce > 0 {
            top_into(
                (0..n as u32)
                    .filter(|&v| v != u && !s.nb[v as usize])
                    .map(|v| (all[v as usize], v)),
                ce,
                &mut cand,
            );
        }
        dots.push(all);
    }
    cand.sort_unstable();
    cand.dedup();
    let du = w.d[ui].max(1.0);
    let m = cand.len();
    let mut cols: Vec<Vec<f32>> = vec![];
    let first = names.is_empty();
    let mut add = |name: &str, g: char, v: Vec<f32>| {
        if first {
            names.push((name.into(), g));
        }
        cols.push(v);
    };
    let of = |f: &dyn Fn(usize) -> f32| cand.iter().map(|&v| f(v as usize)).collect::<Vec<f32>>();
    // a: classic two-hop scores
    add("cn", 'a', of(&|v| s.cn[v]));
    add("aa", 'a', of(&|v| s.aa[v]));
    add("ra", 'a', of(&|v| s.ra[v]));
    add(
        "jac",
        'a',
        of(&|v| s.cn[v] / (du + w.d[v] - s.cn[v]).max(1.0)),
    );
    add(
        "salton",
        'a',
        of(&|v| s.cn[v] / (du * w.d[v]).max(1.0).sqrt()),
    );
    add("hpi", 'a', of(&|v| s.cn[v] / du.min(w.d[v]).max(1.0)));
    add("ra_dv", 'a', of(&|v| s.ra[v] / w.d[v].max(1.0)));
    add("ra_sq", 'a', of(&|v| s.ra[v] / w.d[v].max(1.0).sqrt()));
    add("mxra", 'a', of(&|v| s.mx[v]));
    add("rsq", 'a', of(&|v| s.rsq[v]));
    add("cn_dv", 'a', of(&|v| s.cn[v] / w.d[v].max(1.0)));
    // w: walks
    add("p3", 'w', of(&|v| s.p3[v]));
    add("p4", 'w', of(&|v| s.p4[v]));
    add("p3R", 'w', of(&|v| s.p3[v] * du / w.d[v].max(1.0)));
    add("p4R", 'w', of(&|v| s.p4[v] / w.d[v].max(1.0)));
    add("pp", 'w', of(&|v| s.pp[v]));
    add("ppR", 'w', of(&|v| s.pp[v] * du / w.d[v].max(1.0)));
    add("pl", 'w', of(&|v| s.pl[v]));
    add("plR", 'w', of(&|v| s.pl[v] * du / w.d[v].max(1.0)));
    add("pq", 'q', of(&|v| s.pq[v]));
    add("pqR", 'q', of(&|v| s.pq[v] * du / w.d[v].max(1.0)));
    add("pqS", 'q', of(&|v| s.pq[v] / w.d[v].max(1.0).sqrt()));
    add("plS", 'w', of(&|v| s.pl[v] / w.d[v].max(1.0).sqrt()));
    add("l3", 'w', of(&|v| s.l3[v]));
    add("l3n", 'w', of(&|v| s.l3[v] / (du * w.d[v].max(1.0)).sqrt()));
    // t: ties
    add("tj", 't', of(&|v| s.tj[v]));
    add("tr", 't', of(&|v| s.tr[v]));
    add("tj_m", 't', of(&|v| s.tj[v] / s.cn[v].max(1.0)));
    add("tr_dv", 't', of(&|v| s.tr[v] / w.d[v].max(1.0).sqrt()));
    // k: people alike
    add("knn", 'k', of(&|v| s.knn[v]));
    add("kn2", 'k', of(&|v| s.kn2[v]));
    add("knn_s", 'k', of(&|v| s.knn[v] / w.d[v].max(1.0).sqrt()));
    add("kn2_d", 'k', of(&|v| s.kn2[v] / w.d[v].max(1.0)));
    // d: the two people
    add("du", 'd', vec![w.d[ui]; m]);
    add("dv", 'd', of(&|v| w.d[v]));
    add("corev", 'd', of(&|v| w.core[v]));
    add("coreu", 'd', vec![w.core[ui]; m]);
    add("clv", 'd', of(&|v| w.clust[v]));
    add("clu", 'd', vec![w.clust[ui]; m]);
    add("nbdv", 'd', of(&|v| w.nbdeg[v]));
    add("nbdu", 'd', vec![w.nbdeg[ui]; m]);
    add("cored", 'd', of(&|v| (w.core[v] - w.core[ui]).abs()));
    add("dratio", 'd', of(&|v| w.d[v] / du));
    add("m", 'd', vec![m as f32; m]);
    // c: community
    add(
        "com",
        'c',
        of(&|v| f32::from(u8::from(w.com[v] == w.com[ui]))),
    );
    add("comsz", 'c', of(&|v| w.comsize[v]));
    // e: embeddings
    for (i, (name, k, left, unit)) in w.emb.iter().enumerate() {
        let q = &left[ui * k..][..*k];
        let qu = &unit[ui * k..][..*k];
        add(
            &format!("{name}_dot"),
            'e',
            cand.iter()
                .map(|&v| dotf(q, &left[v as usize * k..][..*k]))
                .collect(),
        );
        add(
            &format!("{name}_cos"),
            'e',
            cand.iter()
                .map(|&v| dotf(qu, &unit[v as usize * k..][..*k]))
                .collect(),
        );
    }
    // v: the other's point of view: where u would stand in v's list
    let standing = |t: &[f32; 8], x: f32| {
        let mut r = 8.0;
        for i in 0..8 {
            if x >= t[i] {
                r = i as f32;
                if i > 0 && t[i - 1] > t[i] {
                    r -= ((x - t[i]) / (t[i - 1] - t[i])).min(1.0);
                }
                break;
            }
        }
        r
    };
    add("raV", 'v', of(&|v| standing(&w.ratop[v], s.ra[v])));
    add("raV8", 'v', of(&|v| s.ra[v] / w.ratop[v][3].max(1e-6)));
    add(
        "ppV",
        'v',
        of(&|v| {
            let b = 0.125 * s.ra[v] / w.d[v].max(1.0) + 0.0625 * s.p3[v] * du / w.d[v].max(1.0);
            standing(&w.pptop[v], b)
        }),
    );
    add(
        "ppV8",
        'v',
        of(&|v| {
            (0.125 * s.ra[v] + 0.0625 * s.p3[v] * du) / w.d[v].max(1.0) / w.pptop[v][3].max(1e-9)
        }),
    );
    add("raeV", 'v', of(&|v| s.ra[v] / w.raedge[v].max(1e-6)));
    add("raeU", 'v', of(&|v| s.ra[v] / w.raedge[ui].max(1e-6)));
    // s: shape of the mutual friends
    let (mut comps, mut dens, mut big) = (vec![0f32; m], vec![0f32; m], vec![0f32; m]);
    if !o.s("drop").contains('s') {
        let ns = w.c.list(u);
        for (i, &x) in ns.iter().enumerate() {
            s.pos[x as usize] = i as u32;
        }
        let ego: Vec<Vec<u32>> = ns
            .iter()
            .map(|&x| {
                w.c.list(x)
                    .iter()
                    .filter(|&&y| s.nb[y as usize])
                    .map(|&y| s.pos[y as usize])
                    .collect()
            })
            .collect();
        let mut inm = vec![u32::MAX; ns.len()];
        let mut par: Vec<u32> = vec![];
        for (j, &v) in cand.iter().enumerate() {
            if s.cn[v as usize] == 0.0 {
                continue;
            }
            let mu: Vec<u32> =
                w.c.list(v)
                    .iter()
                    .filter(|&&x| s.nb[x as usize])
                    .map(|&x| s.pos[x as usize])
                    .collect();
            for (t, &x) in mu.iter().enumerate() {
                inm[x as usize] = t as u32;
            }
            par.clear();
            par.extend(0..mu.len() as u32);
            let mut edges = 0;
            let mut cc = mu.len();
            for (t, &x) in mu.iter().enumerate() {
                for &y in &ego[x as usize] {
                    let r = inm[y as usize];
                    if r != u32::MAX && r > t as u32 {
                        edges += 1;
                        let (mut a, mut b) = (t as u32, r);
                        while par[a as usize] != a {
                            par[a as usize] = par[par[a as usize] as usize];
                            a = par[a as usize];
                        }
                        while par[b as usize] != b {
                            par[b as usize] = par[par[b as usize] as usize];
                            b = par[b as usize];
                        }
                        if a != b {
                            par[a as usize] = b;
                            cc -= 1;
                        }
                    }
                }
            }
            for &x in &mu {
                inm[x as usize] = u32::MAX;
            }
            let k = mu.len() as f32;
            comps[j] = cc as f32;
            dens[j] = 2.0 * edges as f32 / (k * (k - 1.0)).max(1.0);
            big[j] = edges as f32;
        }
    }
    add("comps", 's', comps);
    add("dens", 's', dens);
    add("medges", 's', big);
    // r: ranks among the candidates and shares of the best
    let base: Vec<(String, Vec<f32>)> = {
        let nm = if first { names.clone() } else { names.clone() };
        nm.iter()
            .map(|x| x.0.clone())
            .zip(cols.iter().cloned())
            .filter(|(a, _)| {
                [
                    "ra", "pp", "pl", "pq", "l3n", "tr", "kn2_d", "sn_dot", "sq_dot", "ra_sq",
                    "lg_dot",
                ]
                .contains(&a.as_str())
            })
            .collect()
    };
    for (nm, col) in base {
        let mut o: Vec<usize> = (0..m).collect();
        o.sort_by(|&a, &b| col[b].total_cmp(&col[a]));
        let mut r = vec![0f32; m];
        for (i, &x) in o.iter().enumerate() {
            r[x] = if i > 0 && col[x] == col[o[i - 1]] {
                r[o[i - 1]]
            } else {
                i as f32
            };
        }
        let mx = o.first().map_or(1.0, |&x| col[x]).max(1e-9);
        if first {
            names.push((format!("rk_{nm}"), 'r'));
            names.push((format!("sh_{nm}"), 'r'));
        }
        cols.push(r);
        cols.push(col.iter().map(|x| x / mx).collect());
    }
    s.clear(w, u);
    let f = cols.len();
    let mut rows = vec![0f32; m * f];
    for (j, c) in cols.iter().enumerate() {
        for i in 0..m {
            rows[i * f + j] = c[i];
        }
    }
    (cand, rows)
}
#[derive(Default, Clone)]
struct Set {
    x: Vec<f32>,
    y: Vec<f32>,
    g: Vec<usize>,
    v: Vec<u32>,
    nrel: Vec<usize>,
}
impl Set {
    fn append(&mut self, o: Set) {
        self.x.extend(o.x);
        self.y.extend(o.y);
        self.g.extend(o.g);
        self.v.extend(o.v);
        self.nrel.extend(o.nrel);
    }
}
fn examples(
    w: &World,
    rel: &Csr,
    users: &[u32],
    o: &Opts,
    names: &mut Vec<(String, char)>,
    neg: usize,
    seed: u64,
) -> Set {
    if names.is_empty() {
        features(w, &mut Scratch::new(w.c.nodes()), users[0], o, names);
    }
    let nm = names.clone();
    let f = nm.len();
    let parts: Vec<Set> = users
        .par_chunks(64)
        .map_init(
            || Scratch::new(w.c.nodes()),
            |s, us| {
                let mut t = Set::default();
                for &u in us {
                    let mut n2 = nm.clone();
                    let (c, x) = features(w, s, u, o, &mut n2);
                    let y: Vec<f32> = c
                        .iter()
                        .map(|v| f32::from(u8::from(rel.list(u).binary_search(v).is_ok())))
                        .collect();
                    if neg > 0 && y.iter().all(|&y| y == 0.0) {
                        continue;
                    }
                    // negatives: half the best by walks, half drawn
                    let mut keep: Vec<usize> = (0..c.len()).collect();
                    if neg > 0 {
                        let mut r = Rng(splitmix(seed ^ u as u64));
                        let p = neg as f64 / 100.0;
                        keep.retain(|&i| y[i] > 0.0 || r.unit() < p);
                    }
                    t.g.push(keep.len());
                    t.nrel.push(rel.list(u).len());
                    for i in keep {
                        t.x.extend(&x[i * f..][..f]);
                        t.y.push(y[i]);
                        t.v.push(c[i]);
                    }
                }
                t
            },
        )
        .collect();
    let mut all = Set::default();
    for p in parts {
        all.append(p);
    }
    all
}
fn evaluate(s: &[f32], t: &Set) -> [f64; 4] {
    let mut o = 0;
    let mut r = [0f64; 4];
    for (q, &g) in t.g.iter().enumerate() {
        let mut ix: Vec<usize> = (o..o + g).collect();
        ix.sort_by(|&a, &b| {
            s[b].total_cmp(&s[a])
                .then(splitmix(t.v[a] as u64).cmp(&splitmix(t.v[b] as u64)))
        });
        let pos: Vec<usize> = (0..g).filter(|&i| t.y[ix[i]] > 0.0).collect();
        o += g;
        let n = t.nrel[q] as f64;
        r[0] += pos.iter().filter(|&&p| p < 10).count() as f64 / n;
        if let Some(p) = pos.first() {
            r[1] += 1.0 / (p + 1) as f64;
        }
        r[2] += pos.len() as f64 / n;
        r[3] += pos.iter().filter(|&&p| p < 50).count() as f64 / n;
    }
    r.map(|x| x / t.g.len() as f64)
}
fn pick(s: &Set, f: usize, cols: &[usize]) -> Vec<f32> {
    s.x.chunks(f)
        .flat_map(|r| cols.iter().map(move |&c| r[c]))
        .collect()
}
fn dm(s: &Set, f: usize, cols: &[usize]) -> DMatrix {
    let x = pick(s, f, cols);
    DMatrix::from_dense_vec(x, s.y.len(), cols.len())
        .unwrap()
        .with_labels(&s.y)
        .unwrap()
        .with_group_sizes(&s.g)
        .unwrap()
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let g = &args[1];
    let o = Opts(
        args[2..]
            .iter()
            .map(|a| {
                let (k, v) = a.split_once('=').unwrap();
                (k.into(), v.into())
            })
            .collect(),
    );
    let n = read(g, "n")[0][0] as usize;
    let fit = pairs(read(g, "fit"));
    let val = pairs(read(g, "val"));
    let train: Vec<(u32, u32)> = [fit.clone(), val.clone()].concat();
    let test = pairs(read(g, "test"));
    let users: Vec<u32> = read(g, "users")
        .into_iter()
        .map(|r| r[0])
        .take(o.f("ntest", 3000.0) as usize)
        .collect();
    let mut names = vec![];
    let c0 = cpu();
    // hold-outs of the train graph
    let k = o.f("holds", 2.0) as usize;
    let nu = o.f("users", 2000.0) as usize;
    let (mut tr, mut va) = (Set::default(), Set::default());
    let hs = o.f("seed", 0.0) as u64;
    for h in 0..=k {
        let mut r = Rng(100 + h as u64 + hs * 1000);
        let mut e = train.clone();
        r.shuffle(&mut e);
        let cut = (train.len() as f64 * o.f("share", 0.1)) as usize;
        let (held, rest) = e.split_at(cut);
        let w = World::new(n, rest, &o, vec![]);
        let rel = graph(n, held);
        let mut us: Vec<u32> = (0..n as u32).filter(|&u| rel.degree(u) > 0).collect();
        r.shuffle(&mut us);
        if o.f("notest", 0.0) > 0.0 && h < k {
            us.retain(|u| !users.contains(u));
        }
        us.truncate(if h == k {
            o.f("nval", 1500.0) as usize
        } else {
            nu
        });
        let to = if h == k { &mut va } else { &mut tr };
        to.append(examples(
            &w,
            &rel,
            &us,
            &o,
            &mut names,
            if h == k {
                100
            } else {
                o.f("neg", 100.0) as usize
            },
            5 + h as u64,
        ));
    }
    let c1 = cpu();
    println!(
        "{g} train: {} groups {} rows {} positives, {:.1} cpu-s of features",
        tr.g.len(),
        tr.y.len(),
        tr.y.iter().filter(|&&y| y > 0.0).count(),
        c1 - c0
    );
    let w = World::new(n, &train, &o, vec![]);
    let rel = graph(n, &test);
    let c2 = cpu();
    let te = examples(&w, &rel, &users, &o, &mut names, 0, 0);
    let c3 = cpu();
    println!(
        "tables {:.1} cpu-s, test features {:.3} ms a user, {:.0} candidates a user",
        c2 - c1,
        (c3 - c2) * 1e3 / users.len() as f64,
        te.y.len() as f64 / users.len() as f64
    );
    let f = names.len();
    if !o.s("dump").is_empty() {
        for (nm, s) in [("tr", &tr), ("va", &va), ("te", &te)] {
            let p = format!("{}/{g}_{nm}", o.s("dump"));
            let b: Vec<u8> = s.x.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(format!("{p}.x"), b).unwrap();
            let b: Vec<u8> = s.y.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(format!("{p}.y"), b).unwrap();
            let b: Vec<u8> = s.g.iter().flat_map(|&x| (x as u32).to_le_bytes()).collect();
            std::fs::write(format!("{p}.g"), b).unwrap();
            let b: Vec<u8> = s.v.iter().flat_map(|&x| x.to_le_bytes()).collect();
            std::fs::write(format!("{p}.v"), b).unwrap();
            let b: Vec<u8> = s
                .nrel
                .iter()
                .flat_map(|&x| (x as u32).to_le_bytes())
                .collect();
            std::fs::write(format!("{p}.n"), b).unwrap();
        }
        std::fs::write(
            format!("{}/{g}_names", o.s("dump")),
            names
                .iter()
                .map(|x| x.0.clone())
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .unwrap();
    }
    for (j, (nm, _)) in names.iter().enumerate() {
        if o.s("single") == "1" || ["ra", "pp", "pl", "pq"].contains(&nm.as_str()) {
            let s: Vec<f32> = te.x.chunks(f).map(|r| r[j]).collect();
            let r = evaluate(&s, &te);
            println!("  {nm:8} R10 {:.4} MRR {:.4}", r[0], r[1]);
        }
    }
    let groups = o.s("groups");
    let plans: Vec<String> = if groups.is_empty() {
        vec!["all".into()]
    } else {
        groups.split(',').map(|s| s.to_string()).collect()
    };
    for plan in plans {
        let cols: Vec<usize> = (0..f)
            .filter(|&j| {
                if plan == "all" {
                    true
                } else if let Some(d) = plan.strip_prefix('-') {
                    !d.contains(names[j].1)
                } else {
                    plan.contains(names[j].1)
                }
            })
            .collect();
        let (dt, dv) = (dm(&tr, f, &cols), dm(&va, f, &cols));
        let xt = pick(&te, f, &cols);
        let mut sum = vec![0f32; te.y.len()];
        for seed in 0..o.f("seeds", 1.0) as u64 {
            let t0 = cpu();
            let pairs = LambdaRank::new(o.f("pairs", 32.0) as usize).unwrap();
            let obj = match o.s("obj") {
                "xe" => Objective::RankXendcg,
                "log" => Objective::BinaryLogitRaw(Default::default()),
                "pw" => Objective::RankPairwise(pairs),
                "map" => Objective::RankMap(pairs),
                _ => Objective::RankNdcg(pairs),
            };
            let p = TrainingParams::builder()
                .objective(obj)
                .eta(o.f("eta", 0.07))
                .max_leaves(o.f("leaves", 31.0) as usize)
                .grow_policy(GrowPolicy::LossGuide)
                .max_depth(o.f("depth", 8.0) as usize)
                .min_child_weight(o.f("mcw", 1.0))
                .subsample(o.f("sub", 0.8))
                .colsample_bytree(o.f("col", 0.5))
                .lambda(o.f("lambda", 1.0))
                .max_bin(o.f("bins", 128.0) as usize)
                .tree_method(TreeMethod::Hist)
                .seed(seed)
                .eval_metric(hessboost::metric::EvalMetric::Ndcg(
                    hessboost::metric::Cutoff::top(10).unwrap(),
                ))
                .build()
                .unwrap();
            let out = Trainer::new(&p, &dt, o.f("rounds", 400.0) as usize)
                .eval(&dv, "v")
                .early_stopping_rounds(
                    std::num::NonZeroUsize::new(o.f("patience", 40.0) as usize).unwrap(),
                )
                .train()
                .unwrap();
            let t1 = cpu();
            let pr = out
                .model
                .predict_margin_rows(&xt, hessboost::model::Iterations::Best)
                .unwrap();
            let t2 = cpu();
            let s: Vec<f32> = (0..te.y.len()).map(|i| *pr.get(i, 0).unwrap()).collect();
            let r = evaluate(&s, &te);
            for (a, b) in sum.iter_mut().zip(&s) {
                *a += b;
            }
            println!(
                "{g} {plan:8} seed {seed} R10 {:.4} MRR {:.4} R50 {:.4} cand {:.4} | val ndcg {:.4} trees {} fit {:.1} cpu-s, predict {:.2} µs a row",
                r[0],
                r[1],
                r[3],
                r[2],
                out.best_score.unwrap_or(0.0),
                out.model.best_iteration().unwrap_or(0),
                t1 - t0,
                (t2 - t1) * 1e6 / s.len() as f64
            );
            if o.s("imp") == "1" && seed == 0 {
                let im = out
                    .model
                    .feature_importance(hessboost::model::ImportanceType::TotalGain);
                let mut v: Vec<(f64, &str)> = im
                    .iter()
                    .map(|(&j, &x)| (x, names[cols[j]].0.as_str()))
                    .collect();
                v.sort_by(|a, b| b.0.total_cmp(&a.0));
                let t: f64 = v.iter().map(|x| x.0).sum();
                println!(
                    "   {}",
                    v.iter()
                        .take(30)
                        .map(|(x, n)| format!("{n} {:.1}", x / t * 100.0))
                        .collect::<Vec<_>>()
                        .join(", ")
                );
            }
        }
        if o.f("seeds", 1.0) > 1.0 {
            let r = evaluate(&sum, &te);
            println!("{g} {plan:8} mean   R10 {:.4} MRR {:.4}", r[0], r[1]);
        }
    }
}
